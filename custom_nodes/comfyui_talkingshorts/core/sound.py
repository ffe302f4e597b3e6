"""Sound as the engines pass it on, and what its length means in video frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VIDEO_FPS = 25


@dataclass(frozen=True)
class Phoneme:
    """One spoken sound: its IPA symbol ("" is a pause) and when it starts, in seconds from the start of the sound."""

    symbol: str
    start_seconds: float


@dataclass(frozen=True)
class Sound:
    """Samples [channels, samples] float32 in -1..1, with the phonemes spoken in them when the speaker knows them."""

    samples: np.ndarray
    sample_rate_hz: int
    phonemes: tuple[Phoneme, ...] | None = None

    @property
    def seconds(self) -> float:
        return self.samples.shape[-1] / self.sample_rate_hz

    @property
    def mono(self) -> np.ndarray:
        """The mean of the channels: [samples] float32."""
        return self.samples.mean(axis=0, dtype=np.float32)


def count_video_frames(sound: Sound, fps: int = VIDEO_FPS) -> int:
    """Return ceil(fps * seconds), counted in integers so that no frame is lost to rounding."""
    return -(-fps * sound.samples.shape[-1] // sound.sample_rate_hz)
