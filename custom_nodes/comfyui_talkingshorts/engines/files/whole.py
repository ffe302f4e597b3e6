"""Let a file appear under its name only when it is complete."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` when the block ends well, and is removed otherwise.

    When several processes may write a `shared` path at once, each writes a file of its own, and the last one stays.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial") if shared else _partial_path(path)
    try:
        yield partial
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def require_possible(path: Path) -> None:
    """Raise OSError or ValueError for a name that no file can have: too long, or with characters that none takes."""
    with contextlib.suppress(FileNotFoundError):
        _partial_path(path).lstat()


def sync_file(path: Path) -> None:
    """Have what a file holds survive a power cut."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have a new name in the folder survive a power cut, where the system can do that: not on Windows, for one."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def hash_file(path: Path) -> str:
    """Return the file's SHA-256 as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _partial_path(path: Path) -> Path:
    return path.with_name(f".{path.stem}.partial{path.suffix}")
