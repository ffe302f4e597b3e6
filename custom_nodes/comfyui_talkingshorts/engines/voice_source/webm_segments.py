"""The Segments of a WebM or Matroska file: more than one where files were joined byte by byte.

FFmpeg loses its way after the first. Source: RFC 8794 (EBML), sections 4 to 6.
"""

from __future__ import annotations

import io
from typing import BinaryIO

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_MOST_SEGMENTS = 10_000


def list_webm_segments(media: BinaryIO) -> list[tuple[int, int]]:
    """Return where each Segment, with its header, starts and ends; an empty list for what is no such file.

    A Segment of unknown size, as live recordings have it, goes on to the end.
    """
    size = media.seek(0, io.SEEK_END)
    segments: list[tuple[int, int]] = []
    start = 0
    while start < size and len(segments) < _MOST_SEGMENTS and (end := _find_end(media, start, size)):
        segments.append((start, end))
        start = end
    if segments and start < size:  # tags, or what a writer filled up with
        segments[-1] = (segments[-1][0], size)
    return segments


def _find_end(media: BinaryIO, start: int, size: int) -> int:
    """Return where the Segment after the EBML header at `start` ends; 0 when there is none."""
    header_end = _read_element(media, start, _EBML)
    if header_end is None:
        return 0
    return min(_read_element(media, header_end, _SEGMENT) or size, size)


def _read_element(media: BinaryIO, start: int, kind: bytes) -> int | None:
    """Return where an element of this kind that starts there ends; None when it is another, or of unknown size."""
    media.seek(start)
    head = media.read(12)
    if not head.startswith(kind) or len(head) < 12 or not head[4]:
        return None
    width = 9 - head[4].bit_length()
    size = int.from_bytes(head[4 : 4 + width], "big") & ((1 << 7 * width) - 1)
    return None if size == (1 << 7 * width) - 1 else start + 4 + width + size
