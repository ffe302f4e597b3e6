"""Folders in the system's temporary folder, which go with the process that made them, however that ends."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import weakref
from pathlib import Path
from tempfile import gettempdir
from typing import Self

from filelock import FileLock, Timeout

_PREFIX = "talkingshorts-tmp-"


class TemporaryFolder:
    """A new folder that only this user may enter. It is removed when the block ends, or else with the process.

    What a killed process left is removed when the next folder is made: the lock beside it tells that nobody has it.
    Raises OSError when there is no room for it.
    """

    def __init__(self) -> None:
        remove_abandoned()
        self.path = Path(gettempdir(), f"{_PREFIX}{secrets.token_hex(4)}")
        lock = FileLock(_lock_path(self.path), mode=0o600, thread_local=False)
        lock.acquire(blocking=False)
        self.path.mkdir(mode=0o700)
        self._remove = weakref.finalize(self, _remove, self.path, lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()


def remove_abandoned() -> None:
    """Remove the folders of this user that no process has any more."""
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        if folder.suffix != ".lock" and _is_own(folder):
            lock = FileLock(_lock_path(folder), mode=0o600, thread_local=False)
            with contextlib.suppress(Timeout, OSError):
                lock.acquire(blocking=False)
                _remove(folder, lock)


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _is_own(path: Path) -> bool:
    try:
        return not hasattr(os, "getuid") or path.lstat().st_uid == os.getuid()
    except OSError:
        return False


def _remove(folder: Path, lock: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # Windows removes no file that is open
        Path(lock.lock_file).unlink()
    lock.release()
