"""Where the model files lie on this machine, and whether they are whole."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import home
from ..shipped.data import shared_models_file
from ..shipped.models import ModelFile

Status = Literal["present", "missing", "partial", "wrong size"]

HASH_CHUNK_BYTES = 1 << 22

# The names that ComfyUI's folders had before, and still may have.
_FORMER_FOLDERS = {"diffusion_models": "unet", "text_encoders": "clip"}
_BASE_PATH = re.compile(r"^\s+base_path:\s*(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class LocalModel:
    """A file of the list on this machine: at `path` it is, or belongs, with `bytes` of it there so far."""

    file: ModelFile
    path: Path
    status: Status
    bytes: int


def model_roots() -> list[Path]:
    """Return every models folder that the managed ComfyUI reads: the one for downloads first, shared ones last."""
    shared = shared_models_file()
    bases = _BASE_PATH.findall(shared.read_text(encoding="utf-8")) if shared.is_file() else []
    return list(dict.fromkeys([*home.model_dirs(), *map(Path, bases)]))


def find_model(file: ModelFile, roots: Sequence[Path]) -> LocalModel:
    """Return where the file is, as ComfyUI finds it: in the first folder that has one of its name.

    A file that is nowhere belongs into the first folder. One that is being downloaded there is partial.
    """
    for path in _candidates(file, roots):
        size = find_size(path)
        if size is not None:
            return LocalModel(file, path, "present" if size == file.bytes else "wrong size", size)
    path = roots[0] / file.relative_path
    kept = find_size(part_path(path))
    return LocalModel(file, path, "missing", 0) if kept is None else LocalModel(file, path, "partial", kept)


def find_size(path: Path) -> int | None:
    """Return the bytes of a file; None for what is no file, and in a folder that may not be entered."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def nearest_folder(path: Path) -> Path:
    """Return the path, or what lies above it: the first that is a folder already, on the disk where files go."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if os.path.isdir(folder))  # noqa: PTH112


def part_path(path: Path) -> Path:
    """Return where a file is kept while it is being downloaded."""
    return path.with_name(f"{path.name}.part")


def hash_file(path: Path, on_bytes: Callable[[int], object]) -> str:
    """Return the file's sha256; `on_bytes` is told how many more bytes were read."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
            on_bytes(len(chunk))
    return digest.hexdigest()


def _candidates(file: ModelFile, roots: Sequence[Path]) -> Iterable[Path]:
    folders = [file.folder, *filter(None, [_FORMER_FOLDERS.get(file.folder)])]
    return (root / folder / file.name for root in roots for folder in folders)
