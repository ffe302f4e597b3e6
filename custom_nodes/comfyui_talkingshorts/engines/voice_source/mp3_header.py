"""What the first frame of an MP3 file says about the file: Xing's header, which LAME and its like write."""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

_HEAD_BYTES = 4096
_HAS_FRAMES, _HAS_BYTES = 1, 2


class Mp3Header(NamedTuple):
    """Where the first frame starts, and how many bytes there are from there on; None where it isn't told."""

    start: int
    bytes: int | None


def read_mp3_header(media: BinaryIO) -> Mp3Header | None:
    """Return what the first frame, after an ID3 tag, says; None where it doesn't count the frames."""
    start = _skip_id3(media)
    media.seek(start)
    head = media.read(_HEAD_BYTES)
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 0 or len(head) < at + 16:
        return None
    flags, _, stated_bytes = struct.unpack_from(">III", head, at + 4)
    if not flags & _HAS_FRAMES:
        return None
    return Mp3Header(start, stated_bytes if flags & _HAS_BYTES else None)


def _skip_id3(media: BinaryIO) -> int:
    """Return the length of the ID3 tag that the file begins with. Source: ID3v2.4, section 3.1."""
    media.seek(0)
    head = media.read(10)
    if not head.startswith(b"ID3") or len(head) < 10:
        return 0
    length = 0
    for byte in head[6:]:
        length = length << 7 | byte & 0x7F
    return length + 10
