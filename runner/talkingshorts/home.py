"""Where everything lies: the checkout, the runner's home, ComfyUI, and the private base directory it works in."""

import os
import sys
from pathlib import Path

PACK_NAME = "comfyui_talkingshorts"


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
    return checkout / ".talkingshorts" if checkout else _user_data_dir() / "talkingshorts"


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


def comfyui_python() -> Path:
    """Return the Python that runs ComfyUI: COMFYUI_PYTHON, else the checkout's environment, else this one.

    Links are not followed: an environment's Python is one, and only its own path finds the environment's packages.
    """
    if named := os.environ.get("COMFYUI_PYTHON"):
        return Path(named).expanduser().absolute()
    checkout = checkout_dir()
    if checkout and venv_python(checkout / ".venv").exists():
        return venv_python(checkout / ".venv")
    return Path(sys.executable)


def venv_python(venv: Path) -> Path:
    """Return the path of a virtual environment's Python."""
    return venv / "Scripts" / "python.exe" if sys.platform == "win32" else venv / "bin" / "python"


def _folder_from_environment(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value).expanduser().absolute() if value else None


def _user_data_dir() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
