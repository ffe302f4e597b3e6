"""What already stands where a result will go: found before, and kept when nobody asked for that place by its name."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .destination import is_url

BESIDE = (".json", ".srt", ".vtt")
"""The endings of what stands beside a video: its report and its captions."""


def find_former(output: str) -> Path | None:
    """Return the video that a short for this output will be written over; None where that isn't known or none is."""
    if is_url(output) or "{" in output:
        return None
    path = Path(output) if Path(output).suffix else Path(f"{output}.mp4")
    return path if path.is_file() else None


@contextlib.contextmanager
def keeping(path: Path) -> Iterator[Path]:
    """Keep a video, and what stands beside it, under the first free name, such as short-1.mp4; gives that.

    The video stays in its place until another one takes it. If none has when the block fails, nothing is kept.
    """
    kept = _find_free(path)
    pairs = [(path.with_suffix(ending), kept.with_suffix(ending)) for ending in (path.suffix, *BESIDE)]
    pairs = [(former, place) for former, place in pairs if former.is_file()]
    for former, place in pairs:
        _keep(former, place)
    try:
        yield kept
    except BaseException:
        if all(former.exists() and former.samefile(place) for former, place in pairs):
            for _, place in pairs:
                place.unlink()
        raise


def _find_free(path: Path) -> Path:
    names = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(1))
    return next(name for name in names if not any(name.with_suffix(end).exists() for end in (path.suffix, *BESIDE)))


def _keep(former: Path, place: Path) -> None:
    try:
        os.link(former, place)
    except OSError:
        shutil.copy2(former, place)  # some file systems have no links
