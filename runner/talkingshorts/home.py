"""Where everything lies: the checkout, the runner's home, ComfyUI, and the private base directory it works in."""

import os
import sys
from pathlib import Path

PACK_NAME = "comfyui_talkingshorts"


def expand_home(path: str) -> str:
    """Return a path that a person has written, with the home that ~ or ~user stands for at its beginning.

    A shell does so only where a word begins: not in `portrait=~/me.jpg`, not in quotes, not in a table. Whose user
    isn't known stays as it is.
    """
    return os.path.expanduser(path)  # noqa: PTH111 (a Path raises RuntimeError for a user that isn't known)


def checkout_dir() -> Path | None:
    """Return the checkout that this runner is part of, or None when it was installed on its own."""
    folder = Path(__file__).resolve().parents[2]
    holds_project = (folder / "pyproject.toml").is_file() and (folder / "custom_nodes" / PACK_NAME).is_dir()
    return folder if holds_project else None


def home_dir() -> Path:
    """Return the folder of the runner's own state: TALKINGSHORTS_HOME, else in the checkout, else the user's."""
    if named := _folder_from_environment("TALKINGSHORTS_HOME"):
        return named
    checkout = checkout_dir()
    return checkout / ".talkingshorts" if checkout else _user_data_dir()


def base_dir() -> Path:
    """Return ComfyUI's private base directory: custom_nodes, input, output, temp, user and models."""
    checkout = checkout_dir()
    if checkout is None or _folder_from_environment("TALKINGSHORTS_HOME"):
        return home_dir() / "base"
    return default_base_dir(checkout)


def default_base_dir(checkout: Path) -> Path:
    """Return the base directory that set-up prepares in a checkout."""
    return checkout / ".comfyui" / "base"


def model_dirs() -> list[Path]:
    """Return the models folders that ComfyUI is started with, its own first. They may not exist."""
    checkout = checkout_dir()
    folders = [base_dir() / "models", comfyui_dir() / "models"]
    return list(dict.fromkeys([*folders, default_base_dir(checkout) / "models"] if checkout else folders))


def comfyui_dir() -> Path:
    """Return the folder of ComfyUI's main.py: COMFYUI_DIR, else the one that set-up fetched. It may not exist yet."""
    if named := _folder_from_environment("COMFYUI_DIR"):
        return named
    checkout = checkout_dir()
    return checkout / ".comfyui" / "ComfyUI" if checkout else home_dir() / "ComfyUI"


def environment_dir() -> Path:
    """Return the Python environment that is made for ComfyUI. It may not exist yet."""
    checkout = checkout_dir()
    return checkout / ".venv" if checkout else home_dir() / "env"


def comfyui_python() -> Path:
    """Return the Python that runs ComfyUI: COMFYUI_PYTHON, else that of the environment made for it, else this one.

    A ComfyUI in the runner's home runs in no other environment: then the Python may not exist yet. Links are not
    followed: an environment's Python is one, and only its own path finds the environment's packages.
    """
    if named := os.environ.get("COMFYUI_PYTHON"):
        return Path(expand_home(named)).absolute()
    made = venv_python(environment_dir())
    is_in_home = comfyui_dir() == home_dir() / "ComfyUI"
    return made if made.exists() or is_in_home else Path(sys.executable)


def venv_python(venv: Path) -> Path:
    """Return the path of a virtual environment's Python."""
    return venv / "Scripts" / "python.exe" if sys.platform == "win32" else venv / "bin" / "python"


def _folder_from_environment(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(expand_home(value)).absolute() if value else None


def _user_data_dir() -> Path:
    import platformdirs

    return platformdirs.PlatformDirs("talkingshorts", appauthor=False).user_data_path
