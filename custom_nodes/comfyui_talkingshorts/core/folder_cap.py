"""Keep a folder below a size: what was used last stays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

BYTES_PER_GIGABYTE = 1000**3


def list_least_recent(files: Iterable[Path], max_bytes: int) -> list[Path]:
    """Return the files to remove so that the others, those changed or touched last, are at most so large together.

    A file that another program removes meanwhile isn't among them.
    """
    found: list[tuple[int, int, Path]] = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue
        found.append((status.st_mtime_ns, status.st_size, file))
    kept_bytes, removed = 0, []
    for _, size, file in sorted(found, reverse=True):
        kept_bytes += size
        if kept_bytes > max_bytes:
            removed.append(file)
    return removed


def parse_gigabytes(text: str) -> int | None:
    """Return a size given in gigabytes, such as 4 or 0.5, in bytes; None for what is no such number."""
    try:
        gigabytes = float(text)
    except ValueError:
        return None
    return int(gigabytes * BYTES_PER_GIGABYTE) if math.isfinite(gigabytes) and gigabytes >= 0 else None
