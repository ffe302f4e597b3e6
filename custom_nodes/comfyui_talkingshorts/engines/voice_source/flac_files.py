"""The files of a FLAC file that was joined byte by byte.

FFmpeg knows the length of the first alone, and seeks by frame numbers that start anew in each. Source: RFC 9639,
section 8.
"""

from __future__ import annotations

import io
from typing import BinaryIO

# The mark, and the header of the block that has to come first: STREAMINFO, 34 bytes long; the last block, or not.
_MARK = b"fLaC"
_HEADS = (_MARK + b"\x00\x00\x00\x22", _MARK + b"\x80\x00\x00\x22")
_HEAD_BYTES = len(_HEADS[0])
_READ_BYTES = 1 << 20


def list_flac_files(media: BinaryIO) -> list[tuple[int, int]]:
    """Return where each FLAC file in the file starts and ends; an empty list for what is none. It is read through."""
    size = media.seek(0, io.SEEK_END)
    media.seek(0)
    if media.read(len(_MARK)) != _MARK:
        return []
    starts = [0]
    for start in range(_HEAD_BYTES, size, _READ_BYTES):
        media.seek(start)
        data = media.read(_READ_BYTES + _HEAD_BYTES - 1)
        starts += sorted(start + at for head in _HEADS for at in _find_all(data, head))
    return list(zip(starts, [*starts[1:], size], strict=True))


def _find_all(data: bytes, head: bytes) -> list[int]:
    places, at = [], data.find(head)
    while at >= 0:
        places.append(at)
        at = data.find(head, at + 1)
    return places
