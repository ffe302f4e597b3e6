"""Read what a result file says about a sound, and the tags embedded in it, from the headers of FLAC and WAV.

FLAC is RFC 9639; WAV is RIFF's WAVE form in any encoding of a constant bit rate.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

STREAMINFO, VORBIS_COMMENT = 0, 4


@dataclass(frozen=True)
class AudioInfo:
    """How long a sound is, and how it is sampled."""

    seconds: float
    sample_rate_hz: int
    channels: int


def read_audio_info(path: Path) -> AudioInfo | None:
    """Return the facts of a FLAC or WAV; None for any other file, or one whose header doesn't tell them."""
    with path.open("rb") as file:
        head = file.read(4)
        try:
            if head == b"fLaC":
                return _read_flac(file)
            if head == b"RIFF" and file.read(8)[4:] == b"WAVE":
                return _read_wav(file)
        except (struct.error, ZeroDivisionError):
            pass
    return None


def read_flac_tags(path: Path) -> dict[str, str]:
    """Return the tags of a FLAC, where ComfyUI writes `prompt`; {} for a file that is none."""
    with path.open("rb") as file:
        if file.read(4) != b"fLaC":
            return {}
        block = next((file.read(size) for kind, size in _flac_blocks(file) if kind == VORBIS_COMMENT), b"")
    texts = (text.decode("utf-8", "replace").partition("=") for text in _comments(block))
    return {name: value for name, sign, value in texts if sign}


def _read_flac(file: BinaryIO) -> AudioInfo | None:
    block = next((file.read(size) for kind, size in _flac_blocks(file) if kind == STREAMINFO), b"")
    # 20 bits of rate, 3 of channels less one, 5 of bits a sample less one, 36 of samples
    bits = struct.unpack_from(">Q", block, 10)[0]
    rate, channels, samples = bits >> 44, (bits >> 41 & 7) + 1, bits & (1 << 36) - 1
    return AudioInfo(round(samples / rate, 6), rate, channels) if samples else None


def _flac_blocks(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield kind and size of each metadata block, with the file at the start of its content."""
    is_last = False
    while not is_last and len(head := file.read(4)) == 4:
        is_last, kind, size = bool(head[0] & 0x80), head[0] & 0x7F, int.from_bytes(head[1:], "big")
        position = file.tell()
        yield kind, size
        file.seek(position + size)


def _comments(block: bytes) -> Iterator[bytes]:
    """Yield each NAME=value of a Vorbis comment, after the vendor's name and the count."""
    position = 4 + int.from_bytes(block[:4], "little") + 4
    while position + 4 <= len(block):
        end = position + 4 + int.from_bytes(block[position : position + 4], "little")
        yield block[position + 4 : end]
        position = end


def _read_wav(file: BinaryIO) -> AudioInfo | None:
    end = file.seek(0, os.SEEK_END)
    file.seek(12)
    channels = rate = bytes_per_second = 0
    while len(head := file.read(8)) == 8:
        kind, size = struct.unpack("<4sI", head)
        position = file.tell()
        if kind == b"fmt ":
            channels, rate, bytes_per_second = struct.unpack("<2xHII4x", file.read(16))
        elif kind == b"data":
            # A file that was streamed may claim more than it holds.
            return AudioInfo(round(min(size, end - position) / bytes_per_second, 6), rate, channels)
        file.seek(position + size + size % 2)
    return None
