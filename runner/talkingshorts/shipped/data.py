"""Where the files lie that come with the program: workflows, the list of models, requirements, and the node pack."""

from pathlib import Path

from .. import home


def shipped_dir() -> Path:
    """Return the folder of the shipped files: the checkout, else the wheel's copies of them, which are laid out alike.

    It holds `workflows/`, `models.json`, `extra_model_paths.yaml`, `requirements/` and `custom_nodes/`.
    """
    return home.checkout_dir() or Path(__file__).with_name("files")


def shared_models_file() -> Path:
    """Return the file that maps a shared models volume into ComfyUI. In a checkout it may be gone."""
    return shipped_dir() / "extra_model_paths.yaml"


def pack_dir() -> Path:
    """Return the folder of the node pack."""
    return shipped_dir() / "custom_nodes" / home.PACK_NAME
