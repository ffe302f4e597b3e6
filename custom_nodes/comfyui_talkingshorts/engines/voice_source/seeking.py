"""Go to a time in a file, where that leads to what a player plays then.

In a file that was joined out of several, clocks start anew, or run on past what the header says: there a time leads to
some other place, and only who plays from the start knows what is played when.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import BinaryIO

from av.audio.frame import AudioFrame

from .media_file import SoundStream
from .mp3_header import read_mp3_header

# Samples lie in them at even distances, and nothing can come after those that the header counts.
_COUNTED_CONTAINERS = ("wav", "w64", "aiff", "caf", "au")
# Their header states a length; what comes after its end shows that they were joined.
_STATED_CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "flac")
_OGG, _MP3, _MATROSKA = "ogg", "mp3", "matroska,webm"

_TAIL_SECONDS = 2.0
_TOLERANCE_SECONDS = 1.0
_MOST_MP3_TRAILER_BYTES = 4096  # tags at the end; their pictures stand at the beginning


class FrameGrid:
    """Turns times into timestamps, and timestamps after a seek into times, exact to the sample."""

    def __init__(self, opening: Sequence[AudioFrame]) -> None:
        """`opening` holds the first frames of the stream, at most two."""
        first = opening[0]
        self._first_pts = first.pts
        self._rate_hz = first.sample_rate
        self._first_samples = first.samples
        self._frame_samples = opening[-1].samples
        self._seconds_per_tick = Fraction(first.time_base or 0)

    def find_pts(self, seconds: float) -> int | None:
        """Return the timestamp of what is played after so many seconds, or None when the stream has no timestamps."""
        if self._first_pts is None or not self._seconds_per_tick:
            return None
        return self._first_pts + math.floor(seconds / self._seconds_per_tick)

    def find_seconds(self, frame: AudioFrame) -> float | None:
        """Return when the frame is played, or None when it has no timestamp.

        Timestamps may be coarser than samples (1 ms in webm): then the grid of equally long frames decides.
        """
        if frame.pts is None or self._first_pts is None:
            return None
        samples_per_tick = self._seconds_per_tick * self._rate_hz
        estimate = round((frame.pts - self._first_pts) * samples_per_tick)
        tolerance = math.ceil(1.5 * samples_per_tick)
        frames_between = round((estimate - self._first_samples) / self._frame_samples)
        on_grid = self._first_samples + frames_between * self._frame_samples
        is_coarse = samples_per_tick.denominator != 1 or samples_per_tick > 1
        return (on_grid if is_coarse and abs(on_grid - estimate) <= tolerance else estimate) / self._rate_hz


def seeks_rightly(media: BinaryIO, stream: SoundStream, grid: FrameGrid, seconds: float, *, is_near: bool) -> bool:
    """Return whether a time, up to so many seconds, leads to what is played then. It may move the stream.

    Little of the media is read; but of a near one that may hold any timestamps, all packets up to there, undecoded.
    """
    if stream.container_name in (*_COUNTED_CONTAINERS, _OGG):  # each link of a chained Ogg is a stream of its own
        return True
    if stream.container_name == _MP3:
        return _is_one_mp3(media)
    if stream.container_name == _MATROSKA and is_near and not _runs_on(stream, grid.find_pts(seconds) or 0):
        return False
    return stream.container_name in _STATED_CONTAINERS and _ends_as_stated(stream, grid)


def _is_one_mp3(media: BinaryIO) -> bool:
    """Return whether the first frame counts the bytes of the whole file. Otherwise FFmpeg seeks by guessing."""
    position = media.tell()
    header = read_mp3_header(media)
    size = media.seek(0, 2)
    media.seek(position)
    if header is None or header.bytes is None:
        return False
    return size - header.start - header.bytes < _MOST_MP3_TRAILER_BYTES


def _ends_as_stated(stream: SoundStream, grid: FrameGrid) -> bool:
    """Return whether the last seconds that the header states are the last ones there are, on one clock."""
    if stream.stated_seconds is None:
        return False
    tail_pts = grid.find_pts(max(0.0, stream.stated_seconds - _TAIL_SECONDS))
    end_pts = grid.find_pts(stream.stated_seconds + _TOLERANCE_SECONDS)
    if tail_pts is None or end_pts is None or not stream.seek(tail_pts):
        return False
    latest = None
    for pts in _list_clock(stream):
        if pts is None or pts > end_pts or (latest is not None and pts < latest):
            return False
        latest = pts
    return True


def _runs_on(stream: SoundStream, until_pts: int) -> bool:
    """Return whether the clock never goes back from where the stream is up to a timestamp."""
    latest = None
    for pts in _list_clock(stream):
        if pts is None or (latest is not None and pts < latest):
            return False
        if pts > until_pts:
            break
        latest = pts
    return True


def _list_clock(stream: SoundStream) -> Iterator[int | None]:
    return (packet.pts for packet in stream.demux() if packet.size)
