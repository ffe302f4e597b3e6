"""Tell that the end of a recording is missing, where FFmpeg plays what there is and says nothing."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from .clip import Recording
from .mp3_header import read_mp3_header
from .ogg_links import has_broken_ogg_page

# Their headers tell the length. Of others FFmpeg guesses it from the file's size, or from the last bytes there are.
_STATING_CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "flac", "aiff", "caf")
_MATROSKA = "matroska,webm"
_LEAST_MISSING_SECONDS, _LEAST_MISSING_SHARE = 1.0, 0.01

# Programs that write a wav into a pipe can't know its size, and claim the most, or about 2 GB.
_UNKNOWN_RIFF_BYTES = 0x7FFF0000


def explain_missing_end(media: BinaryIO, recording: Recording) -> str:
    """Return in words how much of the recording, read whole from `media`, isn't there; "" when nothing is missing.

    Where a format doesn't tell its length, as MPEG-TS and live recordings don't, nothing can be known.
    """
    seconds, stated_seconds = recording.sound.seconds, recording.stated_seconds or 0.0
    missing_seconds = stated_seconds - seconds
    if missing_seconds > max(_LEAST_MISSING_SECONDS, _LEAST_MISSING_SHARE * seconds) and _states_length(
        media, recording
    ):
        return f"of its {stated_seconds:.1f} s only {seconds:.1f} s are there"
    return f"it breaks off after {seconds:.1f} s" if _is_cut_off(media) else ""


def _states_length(media: BinaryIO, recording: Recording) -> bool:
    if recording.container == "mp3":
        return read_mp3_header(media) is not None
    if recording.container == _MATROSKA:  # it tells that of all streams together
        return not recording.has_pictures
    return recording.container in _STATING_CONTAINERS


def _is_cut_off(media: BinaryIO) -> bool:
    """Return whether the file is a wav shorter than it says, or an Ogg file whose last page is broken off."""
    size = media.seek(0, io.SEEK_END)
    media.seek(0)
    head = media.read(12)
    if head.startswith(b"RIFF") and head.endswith(b"WAVE"):
        (stated_bytes,) = struct.unpack("<I", head[4:8])
        # The filling byte after an odd number of bytes is forgotten by some.
        return size + 1 < 8 + stated_bytes < _UNKNOWN_RIFF_BYTES
    return head.startswith(b"OggS") and has_broken_ogg_page(media)
