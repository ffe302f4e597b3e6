"""Cut a piece of sound out of a media file, exact to the sample, decoding little more than the piece."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard

from ...core.errors import SourceError
from ...core.file_content import HEAD_BYTES, describe_content, describe_media
from ...core.progress import OnProgress
from ...core.sound import Sound
from ...core.voice_source import Piece
from .wav_header import correct_wav_header

# Decoders carry state from frame to frame (AAC and MP3 overlap, Opus predicts): after a seek they need a run-up.
PREROLL_SECONDS = 1.0

# More than any real recording has: a forged header must not claim all memory.
MAX_RATE_HZ = 768_000
MAX_CHANNELS = 64
MAX_CLIP_SAMPLES = 1 << 28  # over all channels; 1 GiB as float32

# Containers that hold media themselves. A playlist (hls, dash, concat) makes FFmpeg open further addresses and files.
MEDIA_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,eac3,flac,flv,m4v,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,"
    "nut,ogg,tak,tta,w64,wav,wv"
)


def cut_clip(media: BinaryIO, piece: Piece, on_progress: OnProgress) -> Sound:
    """Return the piece at the source's own rate and channels; one that overruns the end is cut there.

    Sample 0 is the first one that a player plays, whatever its timestamp. `media` must be seekable.
    `on_progress(samples, wanted samples)` is called for every decoded frame and may raise to stop.
    Raises SourceError when the media can't be read, holds no audio, or ends before the piece starts.
    """
    clip = _cut(media, piece, on_progress, seek=True)
    if clip is None:
        clip = _cut(media, piece, on_progress, seek=False)
    if clip is None:
        raise SourceError("The audio has no timestamps. Convert it to wav, flac or m4a first.")
    return clip


@dataclass(frozen=True)
class Recording:
    """All of a file's sound; FFmpeg's name of the container, and how long FFmpeg holds it to be, if it does."""

    sound: Sound
    container: str
    stated_seconds: float | None
    has_pictures: bool


def read_recording(media: BinaryIO, on_progress: OnProgress) -> Recording:
    """Return all of the sound, at its own rate and channels.

    `on_progress(samples, expected samples)` is called for every decoded frame and may raise to stop.
    Raises SourceError when the media can't be read, holds no audio, or more than fits into memory.
    """
    with _open_media(media) as container:
        stream = _pick_audio_stream(container)
        stated_seconds = _read_stated_seconds(container, stream)
        blocks: list[np.ndarray] = []
        done = rate_hz = 0
        for frame in _decode(container, stream):
            rate_hz = frame.sample_rate
            blocks.append(_as_float(frame))
            done += frame.samples
            on_progress(done, max(done, round((stated_seconds or 0) * rate_hz)))
        if not blocks:
            raise SourceError("The source's audio can't be decoded. Convert it to wav, flac or m4a first.")
        sound = Sound(_require_finite(np.concatenate(blocks, axis=1)), rate_hz)
        return Recording(sound, container.format.name, stated_seconds, bool(container.streams.video))


def _cut(media: BinaryIO, piece: Piece, on_progress: OnProgress, *, seek: bool) -> Sound | None:
    """Return the clip, or None when the container can't seek to where it starts."""
    with _open_media(media) as container:
        stream = _pick_audio_stream(container)
        frames = _decode(container, stream)
        opening = list(itertools.islice(frames, 2))
        if not opening:
            raise SourceError("The source's audio can't be decoded. Convert it to wav, flac or m4a first.")
        timeline = _Timeline(opening)
        clip = _ClipBuilder(opening[0], piece)
        run_up = clip.start - math.ceil(PREROLL_SECONDS * timeline.rate_hz)
        if seek and run_up > opening[0].samples:
            if not _seek(container, stream, timeline.pts_of(run_up)):
                return None
            frames, expected = _decode(container, stream), None
        else:
            frames, expected = itertools.chain(opening, frames), 0
        for frame in frames:
            position = timeline.locate(frame, expected)
            if position is None or (expected is None and position > clip.start):
                return None
            expected = position + frame.samples
            clip.add(frame, position)
            on_progress(clip.filled, clip.wanted)
            if expected >= clip.end:
                break
        if expected is None:
            return None
        return clip.finish(expected)


def _open_media(media: BinaryIO) -> InputContainer:
    options = {"protocol_whitelist": "none", "format_whitelist": MEDIA_CONTAINERS}
    media = correct_wav_header(media)
    try:
        return av.open(media, "r", container_options=options, metadata_errors="ignore")
    except FFmpegError as error:
        raise SourceError(_explain_unreadable(media)) from error


def _explain_unreadable(media: BinaryIO) -> str:
    """Return what to tell the user of a source that FFmpeg can't open: what it is in truth, and what to do."""
    media.seek(0)
    head = media.read(HEAD_BYTES)
    if kind := describe_media(head):
        return f"The source is {kind} that is damaged, or breaks off. Copy, download or export it once more."
    kind = describe_content(head)
    found = f"but {kind}" if kind else "that can be read"
    return f"The source isn't sound or video {found}. Give mp3, m4a, wav, flac or mp4."


def _pick_audio_stream(container: InputContainer) -> AudioStream:
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise SourceError("The source holds no audio. Give one in which the speaker can be heard.")
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def _read_stated_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base


def _seek(container: InputContainer, stream: AudioStream, pts: int | None) -> bool:
    """Go to the last point at or before `pts`. Return False when the container can't."""
    if pts is None:
        return False
    try:
        container.seek(pts, stream=stream)
    except FFmpegError:
        return False
    return True


def _decode(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Yield every frame up to the end, or to where the file breaks off."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, FFmpegError):
            return
        try:
            frames = packet.decode()
        except FFmpegError:  # normal right after a seek: MP3 frames lean on earlier ones
            continue
        yield from frames


class _Timeline:
    """Places frames on the count of samples that starts with 0 at the first sample played."""

    def __init__(self, opening: list[AudioFrame]) -> None:
        """`opening` holds the first frames of the stream, at most two."""
        first = opening[0]
        self.rate_hz = first.sample_rate
        self._first_pts = first.pts
        self._first_samples = first.samples
        self._frame_samples = opening[-1].samples
        self._samples_per_tick = Fraction(first.time_base or 0) * first.sample_rate

    def pts_of(self, position: int) -> int | None:
        """Return the timestamp of a position, or None when the stream has no timestamps."""
        if self._first_pts is None or not self._samples_per_tick:
            return None
        return self._first_pts + math.floor(position / self._samples_per_tick)

    def locate(self, frame: AudioFrame, expected: int | None) -> int | None:
        """Return the position of the frame's first sample; `expected` is where the frame before it ended.

        Timestamps may be coarser than samples (1 ms in webm): the count of samples decides unless there is a gap, and
        after a seek the grid of equally long frames does.
        """
        if frame.pts is None or self._first_pts is None:
            return expected
        estimate = round((frame.pts - self._first_pts) * self._samples_per_tick)
        tolerance = math.ceil(1.5 * self._samples_per_tick)
        if expected is not None and abs(estimate - expected) <= tolerance:
            return expected
        frames_between = round((estimate - self._first_samples) / self._frame_samples)
        on_grid = self._first_samples + frames_between * self._frame_samples
        is_coarse = self._samples_per_tick.denominator != 1 or self._samples_per_tick > 1
        return on_grid if is_coarse and abs(on_grid - estimate) <= tolerance else estimate


class _ClipBuilder:
    """Gathers the samples between `start` and `end`."""

    def __init__(self, first: AudioFrame, piece: Piece) -> None:
        if first.sample_rate > MAX_RATE_HZ or first.layout.nb_channels > MAX_CHANNELS:
            raise SourceError(
                f"The source has {first.layout.nb_channels} channels at {first.sample_rate} Hz;"
                f" {MAX_CHANNELS} at {MAX_RATE_HZ} Hz are the most. Convert it first."
            )
        self._rate_hz = first.sample_rate
        self._start_seconds = piece.start_seconds
        self.start = round(piece.start_seconds * first.sample_rate)
        self.wanted = max(1, round(piece.duration_seconds * first.sample_rate))
        self.end = self.start + self.wanted
        self.filled = 0
        if first.layout.nb_channels * self.wanted > MAX_CLIP_SAMPLES:
            raise SourceError(
                f"{piece.duration_seconds:g} s of {first.layout.nb_channels} channels at {first.sample_rate} Hz don't"
                " fit into memory. Set a shorter duration_seconds, or convert the source first."
            )
        self._samples = np.zeros((first.layout.nb_channels, self.wanted), dtype=np.float32)

    def add(self, frame: AudioFrame, position: int) -> None:
        """Copy the part of the frame that lies in the piece."""
        if frame.sample_rate != self._rate_hz or frame.layout.nb_channels != self._samples.shape[0]:
            raise SourceError("The source changes its sample rate or channels midway. Convert it to wav or flac first.")
        begin, end = max(position, self.start), min(position + frame.samples, self.end)
        if begin < end:
            self._samples[:, begin - self.start : end - self.start] = _as_float(frame)[
                :, begin - position : end - position
            ]
            self.filled = end - self.start

    def finish(self, source_end: int) -> Sound:
        """Return the sound; `source_end` is where the last frame ended."""
        if self.filled == 0:
            raise SourceError(
                f"The source is {source_end / self._rate_hz:.2f} s long, and the piece starts at"
                f" {self._start_seconds:g} s. Set start_seconds below the length."
            )
        return Sound(_require_finite(self._samples[:, : self.filled]), self._rate_hz)


def _require_finite(samples: np.ndarray) -> np.ndarray:
    if not np.isfinite(samples).all():
        raise SourceError("The source holds samples that are no numbers (NaN or infinite). Export it once more.")
    return samples


def _as_float(frame: AudioFrame) -> np.ndarray:
    """Return [channels, samples] float32, integers scaled to -1..1."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    return (samples / 2.0 ** (8 * samples.dtype.itemsize - 1)).astype(np.float32)
