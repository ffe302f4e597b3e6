"""Where the clock of a fragmented MP4 starts anew, as in streams that were stitched together.

FFmpeg leaves out a fragment whose time it knows already. Source: ISO/IEC 14496-12, sections 4.2 and 8.8.
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_FILE_BOXES = (b"ftyp", b"styp", b"moov", b"moof", b"sidx")
_LONGEST_FRAGMENT_HEADER = 1 << 20
_MOST_BOXES = 500_000  # a day in fragments of a second, five boxes each


class _Box(NamedTuple):
    kind: bytes
    start: int
    end: int


def list_mp4_parts(media: BinaryIO) -> list[list[tuple[int, int]]]:
    """Return the stretches of the file that make up each part: its description of the tracks, then its fragments.

    An empty list for what is no fragmented MP4, or has more boxes than any real one. The file is read through, from box
    to box.
    """
    boxes = list(itertools.islice(_read_boxes(media), _MOST_BOXES))
    if len(boxes) == _MOST_BOXES or not any(box.kind == b"moof" for box in boxes):
        return []
    parts: list[list[tuple[int, int]]] = []
    header: tuple[int, int] = (0, 0)
    clocks: dict[int, int] = {}
    has_fragments = True  # so that the first description begins a part
    for box in boxes:
        if box.kind in (b"ftyp", b"moov"):
            header = (header[0], box.end) if not has_fragments else (box.start, box.end)
            has_fragments, clocks = False, {}
        elif box.kind == b"moof":
            latest = _read_clocks(media, box)
            goes_back = any(clock < clocks.get(track, 0) for track, clock in latest.items())
            if not has_fragments or goes_back:
                parts.append([header])
                clocks = {}
            has_fragments = True
            clocks |= latest
            parts[-1].append((box.start, box.end))
        elif parts and has_fragments:
            parts[-1].append((box.start, box.end))
    return [_merge(part) for part in parts]


def _read_boxes(media: BinaryIO) -> Iterator[_Box]:
    size = media.seek(0, io.SEEK_END)
    start = 0
    while start + 8 <= size:
        media.seek(start)
        length, kind = struct.unpack(">I4s", media.read(8))
        if start == 0 and kind not in _FILE_BOXES:
            return
        if length == 1:
            length = int.from_bytes(media.read(8), "big")
        end = size if length == 0 else start + length
        if end < start + 8:
            return
        yield _Box(kind, start, min(end, size))
        start = end


def _read_clocks(media: BinaryIO, moof: _Box) -> dict[int, int]:
    """Return the time at which each track of a fragment starts, in its own ticks."""
    media.seek(moof.start)
    data = media.read(min(moof.end - moof.start, _LONGEST_FRAGMENT_HEADER))
    clocks: dict[int, int] = {}
    at = data.find(b"tfhd")
    while at >= 0:
        following = data.find(b"tfhd", at + 4)
        time_at = data.find(b"tfdt", at, following if following >= 0 else len(data))
        if time_at >= 0:
            version = data[time_at + 4 : time_at + 5]
            ticks = data[time_at + 8 : time_at + (16 if version == b"\1" else 12)]
            clocks[int.from_bytes(data[at + 8 : at + 12], "big")] = int.from_bytes(ticks, "big")
        at = following
    return clocks


def _merge(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged = stretches[:1]
    for start, end in stretches[1:]:
        if start == merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
