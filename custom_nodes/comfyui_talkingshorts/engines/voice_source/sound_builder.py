"""Gather decoded frames into one sound, whatever rates and channels they have."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from av.audio.frame import AudioFrame

from ...core.errors import SourceError
from ...core.sound import Sound

# More than any real recording has: a forged header must not claim all memory.
MAX_RATE_HZ = 768_000
MAX_CHANNELS = 64
MAX_SAMPLES = 1 << 28  # over all channels; 1 GiB as float32


@dataclass
class _Run:
    """Frames of one format that follow each other, after a silence."""

    silence_seconds: float
    rate_hz: int
    channels: int
    blocks: list[np.ndarray] = field(default_factory=list)


class SoundBuilder:
    """Gathers what is played from one time to another; a duration of None is all that comes."""

    def __init__(self, start_seconds: float = 0.0, duration_seconds: float | None = None) -> None:
        self.start_seconds = start_seconds
        self._duration_seconds = duration_seconds
        self._runs: list[_Run] = []
        self._end_seconds = start_seconds
        self.rate_hz = 0

    @property
    def is_empty(self) -> bool:
        return not self._runs

    @property
    def done(self) -> int:
        """How many samples are gathered, at the latest frame's rate."""
        return round((self._end_seconds - self.start_seconds) * self.rate_hz)

    @property
    def wanted(self) -> int | None:
        """How many samples that will be at most, at the latest frame's rate."""
        return None if self._duration_seconds is None else max(1, round(self._duration_seconds * self.rate_hz))

    def add(self, frame: AudioFrame, position: float) -> None:
        """Take the part of a frame, played after `position` seconds, that is wanted.

        Raises SourceError for a frame of a format that no recording has, and when there is too much for the memory.
        """
        self.rate_hz, channels = frame.sample_rate, frame.layout.nb_channels
        if self.rate_hz > MAX_RATE_HZ or channels > MAX_CHANNELS:
            raise SourceError(
                f"The source has {channels} channels at {self.rate_hz} Hz;"
                f" {MAX_CHANNELS} at {MAX_RATE_HZ} Hz are the most. Convert it first."
            )
        first = round(position * self.rate_hz)
        start = round(self.start_seconds * self.rate_hz)
        begin = max(first, start)
        end = first + frame.samples if self.wanted is None else min(first + frame.samples, start + self.wanted)
        if begin < end:
            self._require_room(channels, max(self.wanted or 0, end - start))
            run = self._choose_run(channels, begin / self.rate_hz)
            run.blocks.append(_as_float(frame)[:, begin - first : end - first])
            self._end_seconds = end / self.rate_hz

    def build(self) -> Sound:
        """Return the sound at the highest rate, and with the most channels, that any part of it has.

        Raises SourceError when it holds samples that are no numbers.
        """
        rate_hz = max(run.rate_hz for run in self._runs)
        channels = max(run.channels for run in self._runs)
        parts: list[np.ndarray] = []
        for run in self._runs:
            parts.append(np.zeros((channels, round(run.silence_seconds * rate_hz)), np.float32))
            parts.append(_spread(_resample(np.concatenate(run.blocks, axis=1), run.rate_hz, rate_hz), channels))
        self.rate_hz = rate_hz
        samples = np.concatenate(parts, axis=1)[:, : self.wanted]
        if not np.isfinite(samples).all():
            raise SourceError("The source holds samples that aren't numbers (NaN or infinite). Export it once more.")
        return Sound(samples, rate_hz)

    def _choose_run(self, channels: int, begin_seconds: float) -> _Run:
        silence_seconds = begin_seconds - self._end_seconds
        is_next = abs(silence_seconds) < 1 / self.rate_hz
        latest = self._runs[-1] if self._runs else None
        if latest and is_next and (latest.rate_hz, latest.channels) == (self.rate_hz, channels):
            return latest
        self._runs.append(_Run(0.0 if is_next else silence_seconds, self.rate_hz, channels))
        return self._runs[-1]

    def _require_room(self, channels: int, samples: int) -> None:
        if channels * samples > MAX_SAMPLES:
            raise SourceError(
                f"{samples / self.rate_hz:.0f} s of {channels} channels at {self.rate_hz} Hz don't fit into memory."
                " Choose a shorter part, or convert the source first."
            )


def _resample(samples: np.ndarray, rate_hz: int, wanted_rate_hz: int) -> np.ndarray:
    if rate_hz == wanted_rate_hz:
        return samples
    import soxr  # only streams that change their rate need it

    return soxr.resample(samples.T, rate_hz, wanted_rate_hz).T


def _spread(samples: np.ndarray, channels: int) -> np.ndarray:
    """Return the samples on so many channels: the mean of what there is on all of them, where the number changes."""
    if samples.shape[0] == channels:
        return samples
    return np.repeat(samples.mean(axis=0, dtype=np.float32, keepdims=True), channels, axis=0)


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
