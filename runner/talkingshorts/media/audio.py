"""Read what a result file says about a sound, and the tags embedded in it, from its head.

FLAC, MP3, Ogg Vorbis and Opus are read by mutagen. WAV, which is RIFF's WAVE form in any encoding of a constant bit
rate, is read here: mutagen takes the word of a streamed file that claims to be longer than it is.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

OPUS_RATE_HZ = 48000
"""Whatever it was made of (RFC 7845)."""


@dataclass(frozen=True)
class AudioInfo:
    """How long a sound is, and how it is sampled."""

    seconds: float
    sample_rate_hz: int
    channels: int


def read_audio_info(path: Path) -> AudioInfo | None:
    """Return the facts of a FLAC, WAV, MP3, Ogg Vorbis or Opus; None for another file, or when the head lacks them."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            return _read_wav(file)
        sound = _open_sound(file)
    if sound is None or not sound.info.length:
        return None
    rate_hz = getattr(sound.info, "sample_rate", OPUS_RATE_HZ)
    return AudioInfo(round(sound.info.length, 6), rate_hz, sound.info.channels)


def read_flac_tags(path: Path) -> dict[str, str]:
    """Return the tags of a FLAC, where ComfyUI writes `prompt`; {} for a file that is none."""
    from mutagen.flac import FLAC

    with path.open("rb") as file:
        sound = _open_sound(file)
    pairs: Any = sound.tags if isinstance(sound, FLAC) else None
    return dict(list(pairs or ()))


def _open_sound(file: BinaryIO) -> Any:
    """Return what mutagen reads of the file; None when that is nothing."""
    import mutagen
    from mutagen.flac import FLAC
    from mutagen.mp3 import MP3
    from mutagen.oggopus import OggOpus
    from mutagen.oggvorbis import OggVorbis

    file.seek(0)
    try:
        return mutagen.File(file, [FLAC, MP3, OggOpus, OggVorbis])
    except mutagen.MutagenError:
        return None


def _read_wav(file: BinaryIO) -> AudioInfo | None:
    end = file.seek(0, os.SEEK_END)
    file.seek(12)
    channels = rate_hz = bytes_per_second = 0
    while len(head := file.read(8)) == 8:
        kind, size = struct.unpack("<4sI", head)
        position = file.tell()
        if kind == b"fmt ":
            channels, rate_hz, bytes_per_second = struct.unpack("<2xHII4x", file.read(16).ljust(16, b"\0"))
        elif kind == b"data" and bytes_per_second:
            # A file that was streamed may claim more than it holds.
            return AudioInfo(round(min(size, end - position) / bytes_per_second, 6), rate_hz, channels)
        file.seek(position + size + size % 2)
    return None
