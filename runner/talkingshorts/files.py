"""Files that several processes share: replaced whole or not at all, and held by one process at a time.

Set-up imports this on the user's bare Python: the standard library alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` when the block ends well, and is removed otherwise.

    Folders on the way are made, and what killed processes of this machine left of `path` is removed. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    partial = path.with_name(f"{_partial_prefix(path)}{os.getpid()}-{uuid.uuid4().hex[:8]}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Give a path for a new folder that takes the place of `folder` when the block ends well, and is removed otherwise.

    What an earlier process left of it is removed; one process at a time may do this.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    remove(partial)
    try:
        yield partial
        remove(folder)
        partial.rename(folder)
    finally:
        remove(partial)


def remove(*paths: Path) -> None:
    """Remove files, links and folders, whether or not they exist."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def write_privately(path: Path, text: str) -> None:
    """Write what only this user may read, so that it survives a crash. Raises OSError."""
    _make_folder(path.parent)
    with replacing(path) as partial:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    _sync_folder(path.parent)


def try_lock(file: IO[str] | IO[bytes]) -> bool:
    """Tell whether the open file is now this process's alone; it stays so until it is closed.

    A child process that inherits the file's descriptor holds it, too. Raises OSError where there are no locks.
    """
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def locking(path: Path, on_wait: Callable[[], object]) -> Iterator[IO[str]]:
    """Hold the lock file for the length of the block. `on_wait` is called once when another process holds it now."""
    import fcntl

    with path.open("w") as lock:
        if not try_lock(lock):
            on_wait()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def is_alive(pid: int) -> bool:
    """Tell whether a process has this id; where that can't be asked without harm, any may."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _partial_prefix(path: Path) -> str:
    """Return how the temporary names for `path` begin; short, since the name itself may be as long as can be."""
    return f".talkingshorts-{hashlib.sha256(path.name.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}-"


def _remove_leftovers(path: Path) -> None:
    prefix = _partial_prefix(path)
    with os.scandir(path.parent) as entries:  # A folder may hold the results of thousands of rows.
        leftovers = [entry.name for entry in entries if entry.name.startswith(prefix)]
    for leftover in leftovers:
        pid = leftover.removeprefix(prefix).partition("-")[0]
        if pid.isdecimal() and not is_alive(int(pid)):
            path.with_name(leftover).unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    """Make the folder, and make each new name on the way to it durable."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too, where the system lets a folder be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
