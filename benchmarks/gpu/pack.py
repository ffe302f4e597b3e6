"""Gather what a GPU machine without a network lacks, in a folder that travels with the repository.

ComfyUI's code goes into FOLDER/ComfyUI, and the packages that it imports and few machines have into FOLDER/site: about
40 MB.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ..ratio import ROOT

COMFYUI = ROOT / ".comfyui" / "ComfyUI"
_FOLDERS = ("comfy", "comfy_api", "comfy_config", "comfy_execution", "comfy_extras", "app", "utils", "middleware")
_TOKENIZER = "qwen25_tokenizer"  # VibeVoice's; other tokenizers weigh more than all of the code
_LARGEST_DATA_BYTES = 100_000

PACKAGES = ("comfy-aimdo", "comfy-kitchen", "kornia", "kornia_rs", "torchsde", "trampoline")
"""Imported by ComfyUI whatever it runs, and for colours, in the versions that are installed here."""
# Compiled kernels of 170 MB, without which comfy_kitchen falls back on PyTorch and Triton.
_TOO_LARGE = "_C.abi3.so"
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64")
_PYTHON = "3.12"


def pack(folder: Path) -> int:
    """Fill a folder, and return how many bytes it holds."""
    for part in ("ComfyUI", "site"):
        shutil.rmtree(folder / part, ignore_errors=True)
    copy_comfyui(COMFYUI, folder / "ComfyUI")
    unpack_packages(folder / "site")
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def copy_comfyui(source: Path, target: Path) -> None:
    """Copy the code, and the small files and the one tokenizer that it reads."""
    for file in _list_needed(source):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def _list_needed(source: Path) -> Iterator[Path]:
    yield from source.glob("*.py")
    for folder in _FOLDERS:
        yield from (file for file in (source / folder).rglob("*") if file.is_file() and _is_needed(file))


def _is_needed(file: Path) -> bool:
    is_small_data = file.suffix == ".json" and file.stat().st_size <= _LARGEST_DATA_BYTES
    return file.suffix == ".py" or _TOKENIZER in file.parts or is_small_data


def unpack_packages(target: Path) -> None:
    """Download the packages for the GPU machine's Python, and unpack them."""
    from importlib.metadata import version

    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
            + [f"--platform={platform}" for platform in _PLATFORMS]
            + [f"--python-version={_PYTHON}", f"--dest={wheels}"]
            + [f"{name}=={version(name)}" for name in PACKAGES],
            check=True,
        )
        for wheel in Path(wheels).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(target, [name for name in archive.namelist() if not name.endswith(_TOO_LARGE)])
