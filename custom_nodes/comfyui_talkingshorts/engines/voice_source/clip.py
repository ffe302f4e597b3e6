"""Cut a piece of sound out of a media file, exact to the sample, decoding little more than the piece."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from av.audio.frame import AudioFrame

from ...core.errors import SourceError
from ...core.progress import OnProgress
from ...core.sound import Sound
from ...core.voice_source import Piece
from .media_file import SoundStream, list_parts, open_sound
from .playing_time import PlayingTime
from .seeking import FrameGrid, seeks_rightly
from .sound_builder import SoundBuilder

# Decoders carry state from frame to frame (AAC and MP3 overlap, Opus predicts): after a seek they need a run-up.
PREROLL_SECONDS = 1.0

_UNDECODABLE = (
    "The source's audio can't be decoded: it is damaged, or protected against copies. Convert it to wav, flac or m4a"
    " first, or give another one."
)


class PastEndError(SourceError):
    """The source ends, after `source_seconds`, before the piece starts."""

    def __init__(self, message: str, source_seconds: float) -> None:
        super().__init__(message)
        self.source_seconds = source_seconds


@dataclass(frozen=True)
class Recording:
    """All of a file's sound; FFmpeg's name of the container, and how long FFmpeg holds it to be, if it does."""

    sound: Sound
    container: str
    stated_seconds: float | None
    has_pictures: bool


def cut_clip(media: BinaryIO, piece: Piece, on_progress: OnProgress, *, is_near: bool = True) -> Sound:
    """Return the piece at the source's own rate and channels; one that overruns the end is cut there.

    Sample 0 is the first one that a player plays, whatever its timestamp; what a stream is joined of is played in
    order. Where the format changes inside the piece, the highest rate and the most channels of it count. `media` must
    be seekable; where it isn't near, as on the web, no more of it is read than has to be.
    `on_progress(samples, wanted samples)` is called for every decoded frame and may raise to stop.
    Raises SourceError when the media can't be read, holds no audio, or ends before the piece starts.
    """
    parts = list_parts(media, is_near=is_near)
    if len(parts) == 1:
        clip = _cut_by_seeking(media, piece, on_progress, is_near=is_near)
        if clip is not None:
            return clip
    return _cut_from_start(parts, piece, on_progress)


def cut_where_possible(
    media: BinaryIO, piece: Piece, on_progress: OnProgress, *, is_near: bool = True
) -> tuple[Sound, Piece]:
    """Return what `cut_clip` does, and the piece that it is: one that may move begins earlier in a short source."""
    try:
        return cut_clip(media, piece, on_progress, is_near=is_near), piece
    except PastEndError as error:
        if not piece.may_move:
            raise
        moved = replace(piece, start_seconds=max(0.0, error.source_seconds - piece.duration_seconds))
        return cut_clip(media, moved, on_progress, is_near=is_near), moved


def read_recording(media: BinaryIO, on_progress: OnProgress) -> Recording:
    """Return all of the sound, as `cut_clip` does with a piece.

    `on_progress(samples, expected samples)` is called for every decoded frame and may raise to stop.
    Raises SourceError when the media can't be read, holds no audio, or more than fits into memory.
    """
    parts = list_parts(media, is_near=True)
    with open_sound(parts[0]) as stream:
        container, stated_seconds, has_pictures = stream.container_name, stream.stated_seconds, stream.has_pictures
    builder = SoundBuilder()
    for frame, position in _play_parts(parts):
        builder.add(frame, position)
        on_progress(builder.done, max(builder.done, round((stated_seconds or 0.0) * builder.rate_hz)))
    if builder.is_empty:
        raise SourceError(_UNDECODABLE)
    return Recording(builder.build(), container, stated_seconds if len(parts) == 1 else None, has_pictures)


def _cut_by_seeking(media: BinaryIO, piece: Piece, on_progress: OnProgress, *, is_near: bool) -> Sound | None:
    """Return the clip, or None when it isn't far inside, or the media can't go rightly to where it starts."""
    with open_sound(media) as stream:
        opening = list(itertools.islice(stream.decode(), 2))
        if not opening:
            raise SourceError(_UNDECODABLE)
        grid = FrameGrid(opening)
        run_up_seconds = piece.start_seconds - PREROLL_SECONDS
        if run_up_seconds <= opening[0].samples / opening[0].sample_rate:
            return None
        if not seeks_rightly(media, stream, grid, piece.start_seconds, is_near=is_near):
            return None
        pts = grid.find_pts(run_up_seconds)
        if pts is None or not stream.seek(pts):
            return None
        frames = stream.decode()
        first = next(frames, None)
        landed_seconds = grid.find_seconds(first) if first else None
        if first is None or landed_seconds is None or landed_seconds > piece.start_seconds:
            return None
        time = _make_time(stream)
        time.begin(first, landed_seconds)
        return _gather(_play(itertools.chain([first], frames), time), piece, on_progress)


def _cut_from_start(parts: list[BinaryIO], piece: Piece, on_progress: OnProgress) -> Sound:
    return _gather(_play_parts(parts), piece, on_progress)


def _gather(played: Iterable[tuple[AudioFrame, float]], piece: Piece, on_progress: OnProgress) -> Sound:
    builder = SoundBuilder(piece.start_seconds, piece.duration_seconds)
    end = 0.0
    for frame, position in played:
        end = position + frame.samples / frame.sample_rate
        builder.add(frame, position)
        on_progress(builder.done, builder.wanted or 0)
        if end >= piece.start_seconds + piece.duration_seconds:
            break
    if not end:
        raise SourceError(_UNDECODABLE)
    if builder.is_empty:
        raise _make_empty_error(piece, end)
    return builder.build()


def _make_empty_error(piece: Piece, end: float) -> SourceError:
    if end <= piece.start_seconds:
        return PastEndError(
            f"The source is {end:.2f} s long, and the piece starts at {piece.start_seconds:g} s. Set start_seconds"
            " below the length.",
            end,
        )
    return SourceError(
        f"From {piece.start_seconds:g} to {piece.start_seconds + piece.duration_seconds:g} s the source is a gap"
        " without sound. Choose another part with start_seconds."
    )


def _play_parts(parts: list[BinaryIO]) -> Iterator[tuple[AudioFrame, float]]:
    """Yield every frame of every part, with the seconds after which it is played."""
    played_seconds = 0.0
    for part in parts:
        with open_sound(part) as stream:
            time = _make_time(stream)
            for frame, position in _play(stream.decode(), time):
                yield frame, played_seconds + position
        played_seconds += time.end


def _play(frames: Iterable[AudioFrame], time: PlayingTime) -> Iterator[tuple[AudioFrame, float]]:
    return ((frame, time.place(frame)) for frame in frames)


def _make_time(stream: SoundStream) -> PlayingTime:
    return PlayingTime(stream.has_clock, stream.is_broadcast)
