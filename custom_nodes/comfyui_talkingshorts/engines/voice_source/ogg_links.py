"""The links of a chained Ogg file: whole streams, one after the other, as web radios and joined files have them.

FFmpeg stops at a link whose rate or channels differ, and seeks by clocks that start anew in each. Source: RFC 3533.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_MARK = b"OggS"
_HEADER_BYTES = 27
_LONGEST_PAGE_BYTES = 65_307
_BEGINS_STREAM = 2
_MOST_PAGES = 5_000_000  # 500 MB in pages of 100 bytes
_MOST_LINKS = 10_000


class _Page(NamedTuple):
    start: int
    end: int
    begins_stream: bool
    serial: bytes


def list_ogg_links(media: BinaryIO, *, is_near: bool) -> list[tuple[int, int]]:
    """Return where each link starts and ends in the file; an empty list for what is no Ogg file.

    What is far is read through, from page to page, only when it ends in another stream than it begins with: a file
    that was appended to itself has one number for both. More links than any real file has count as one.
    """
    size = media.seek(0, io.SEEK_END)
    pages = _read_pages(media, 0)
    serials = set()
    for page in pages:
        if not page.begins_stream:
            break
        serials.add(page.serial)
    if not serials:
        return []
    last = _find_last_page(media, size)
    if last is None or (last.serial in serials and not is_near):
        return [(0, size)]
    starts = [0]
    was_beginning = True
    for page in itertools.islice(_read_pages(media, 0), _MOST_PAGES):
        if page.begins_stream and not was_beginning:
            starts.append(page.start)
        was_beginning = page.begins_stream
    return list(zip(starts, [*starts[1:], size], strict=True)) if len(starts) <= _MOST_LINKS else [(0, size)]


def has_broken_ogg_page(media: BinaryIO) -> bool:
    """Return whether the last page of an Ogg file is longer than what is left of the file."""
    size = media.seek(0, io.SEEK_END)
    last = _find_last_page(media, size)
    return last is None or last.end > size


def _find_last_page(media: BinaryIO, size: int) -> _Page | None:
    start = max(0, size - _LONGEST_PAGE_BYTES)
    media.seek(start)
    at = media.read().rfind(_MARK)
    return None if at < 0 else _read_page(media, start + at)


def _read_pages(media: BinaryIO, start: int) -> Iterator[_Page]:
    while page := _read_page(media, start):
        yield page
        start = page.end


def _read_page(media: BinaryIO, start: int) -> _Page | None:
    """Return the page that starts there, or None; one whose header is cut off ends past the end of the file."""
    media.seek(start)
    header = media.read(_HEADER_BYTES)
    if not header.startswith(_MARK):
        return None
    segments = header[26] if len(header) == _HEADER_BYTES else 255
    lacing = media.read(segments)
    missing = _HEADER_BYTES - len(header) + segments - len(lacing)
    end = start + _HEADER_BYTES + segments + sum(lacing) + missing
    return _Page(start, end, len(header) > 5 and bool(header[5] & _BEGINS_STREAM), header[14:18])
