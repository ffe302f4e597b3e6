"""Sound as the engines pass it on, and what its length means in video frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import SourceError

VIDEO_FPS = 25

_SILENT_RMS = 10 ** (-75 / 20)
_LEAST_RMS = 1e-6
CANCELLED_SHARE = 10 ** (-26 / 20)
"""A mix this much below its loudest channel is what is left when the channels cancel each other out."""


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


def require_audible(sound: Sound, name: str, heard: np.ndarray | None = None) -> None:
    """Raise SourceError when nothing is heard, or when a mix of the channels leaves nothing.

    `name` is what the sound is for the user; `heard`, [samples], is what is used of it, if not its mix.
    """
    heard = sound.mono if heard is None else heard
    levels = sound.samples.std(axis=1, dtype=np.float64)
    if levels.max() >= _SILENT_RMS and sound.mono.std(dtype=np.float64) < CANCELLED_SHARE * levels.mean():
        raise SourceError(
            f"The {name}'s {sound.samples.shape[0]} channels cancel each other out: one is the other turned"
            " upside down (opposite phase). Give one channel alone, or invert one of them."
        )
    rms = heard.std(dtype=np.float64)
    if rms < _SILENT_RMS:
        raise SourceError(
            f"The {name} is silent: {20 * np.log10(rms + _LEAST_RMS):.0f} dBFS over {sound.seconds:.1f} s."
            " Choose a part in which somebody talks, and check the recording's level."
        )
