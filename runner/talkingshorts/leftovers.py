"""What the program keeps so that nothing is done twice, and may be removed: never models, and never results."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from . import home
from .errors import RunnerError
from .files import remove, try_lock
from .jobs.records import open_jobs
from .managed.keeper import jobs_waiting
from .managed.server import endings_dir, find_server
from .models.files import model_roots, part_path
from .shipped.models import load_model_list
from .webhooks.delivery import open_store

SECONDS_A_DAY = 24 * 3600.0

KEPT_BY_COMFYUI = {
    "unfinished videos": "output/.talkingshorts/sessions",
    "finished stages": "user/talkingshorts/outputs",
    "fetched voices": "user/talkingshorts/voices",
}
"""What the node pack keeps, and where below the folder that ComfyUI works in."""


@dataclass(frozen=True)
class Leftovers:
    """Files or folders of one kind in one folder, and the bytes that they take together."""

    kind: str
    folder: Path
    paths: tuple[Path, ...]
    bytes: int


def find_leftovers(unused_days: float) -> list[Leftovers]:
    """Return what wasn't used for so many days, kind by kind: only what this home's programs keep."""
    before = time.time() - unused_days * SECONDS_A_DAY
    found = [
        Leftovers(kind, folder, tuple(old), sum(map(_measure, old)))
        for kind, folder, paths in _list_kept()
        if (old := [path for path in paths if _last_use(path) <= before])
    ]
    return sorted(found, key=lambda leftovers: -leftovers.bytes)


def remove_leftovers(found: Iterable[Leftovers]) -> None:
    """Remove them, but not a download that goes on right now. Raises RunnerError while this home's ComfyUI works."""
    url = find_server()
    if url is not None and jobs_waiting(urlsplit(url).port or 80) != 0:
        raise RunnerError(
            f"ComfyUI is busy at {url}, and may use what would be removed: wait until its jobs have ended."
        )
    for leftovers in found:
        remove(*(path for path in leftovers.paths if not _is_being_written(path)))


def _list_kept() -> Iterator[tuple[str, Path, Sequence[Path]]]:
    jobs, due = open_jobs(), set(open_store().list_pending())
    ended = [record for record in jobs.list_all() if record.has_ended or record.state == "lost"]
    yield "old jobs", jobs.folder, [jobs.path(record.id) for record in ended if record.id not in due]
    running = {record.id for record in jobs.list_all()} - {record.id for record in ended}
    yield "old jobs", endings_dir(), [path for path in endings_dir().glob("*.json") if path.stem not in running]
    for base in (home.base_dir(), *sorted((home.home_dir() / "ray").glob("*/"))):
        for kind, place in KEPT_BY_COMFYUI.items():
            yield kind, base / place, [path for path in (base / place).glob("*") if path.suffix != ".lock"]
    for root in model_roots():
        parts = {part_path(root / file.relative_path) for file in load_model_list()}
        yield "partial downloads", root, [part for part in sorted(parts) if part.is_file()]


def _measure(path: Path) -> int:
    return sum(file.lstat().st_size for file in _list_files(path))


def _last_use(path: Path) -> float:
    return max((file.lstat().st_mtime for file in (path, *_list_files(path))), default=0.0)


def _list_files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if not file.is_dir()] if path.is_dir() else [path]


def _is_being_written(path: Path) -> bool:
    if path.suffix != ".part":
        return False
    with path.open("rb") as part:
        return not try_lock(part)
