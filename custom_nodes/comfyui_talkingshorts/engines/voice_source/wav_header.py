"""Read WAV files as players do whose header FFmpeg takes at its word."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO, cast

MAX_CHUNKS_BEFORE_FORMAT = 32
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_BITS_AT, _VALID_BITS_AT, _SUBFORMAT_AT = 14, 18, 24


def correct_wav_header(media: BinaryIO) -> BinaryIO:
    """Return the media, read from its beginning, with what a WAV's header says in excess of the samples set right.

    FFmpeg seeks by the byte rate, which some writers leave at 0 or at that of another format, and takes 24 valid bits
    in 32 for floats, and 20 in 32 for samples of three bytes. What is no WAV comes back as it is.
    """
    media.seek(0)
    offset, told = _find_format(media)
    media.seek(0)
    true = _correct(told) if len(told) >= 16 else told
    return media if true == told else cast(BinaryIO, _Overlaid(media, offset, true))


def _find_format(media: BinaryIO) -> tuple[int, bytes]:
    """Return where the body of the chunk "fmt " begins, and the body, at most 40 bytes; b"" where there is none."""
    head = media.read(12)
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        return 0, b""
    position = 12
    for _ in range(MAX_CHUNKS_BEFORE_FORMAT):
        media.seek(position)
        name, size = struct.unpack("<4sI", media.read(8).ljust(8, b"\0"))
        position += 8
        if name == b"fmt ":
            return position, media.read(min(size, 40))
        position += size + size % 2
    return 0, b""


def _correct(told: bytes) -> bytes:
    """Return the format with the byte rate of its samples, and all bits of a padded sample for valid."""
    kind, channels, rate_hz, _, sample_bytes = struct.unpack_from("<HHIIH", told)
    is_extensible = kind == _EXTENSIBLE and len(told) >= 40
    if is_extensible:
        kind = struct.unpack_from("<H", told, _SUBFORMAT_AT)[0]
    if kind not in (_PCM, _FLOAT) or not channels or sample_bytes % channels:
        return told
    true = bytearray(told)
    struct.pack_into("<I", true, 8, min(rate_hz * sample_bytes, 0xFFFFFFFF))
    if is_extensible and sample_bytes:
        for position in (_BITS_AT, _VALID_BITS_AT):
            struct.pack_into("<H", true, position, 8 * sample_bytes // channels)
    return bytes(true)


class _Overlaid(io.RawIOBase):
    """A file with other bytes in one place."""

    def __init__(self, media: BinaryIO, offset: int, data: bytes) -> None:
        self._media = media
        self._offset = offset
        self._data = data

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._media.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._media.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        start = self._media.tell()
        found = bytearray(self._media.read(size))
        first, last = max(start, self._offset), min(start + len(found), self._offset + len(self._data))
        if first < last:
            found[first - start : last - start] = self._data[first - self._offset : last - self._offset]
        return bytes(found)
