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
        """The channels in one: [samples] float32."""
        return mix_down(self.samples)


def mix_down(samples: np.ndarray) -> np.ndarray:
    """Return [samples] float32, the mean of those of the channels [channels, samples] in which something is heard.

    Silent ones would make a voice in one channel of 5.1 a sixth as loud.
    """
    sounding = find_sounding(samples)
    return (samples if sounding.all() else samples[sounding]).mean(axis=0, dtype=np.float32)


def find_sounding(samples: np.ndarray) -> np.ndarray:
    """Return which of the channels [channels, samples] hold more than what leaks into them: [channels] bool."""
    if len(samples) == 1 or not samples.size:
        return np.ones(len(samples), bool)
    levels = samples.std(axis=1, dtype=np.float64)
    return levels >= CANCELLED_SHARE * levels.max()


def count_video_frames(sound: Sound, fps: int = VIDEO_FPS) -> int:
    """Return ceil(fps * seconds), counted in integers so that no frame is lost to rounding."""
    return -(-fps * sound.samples.shape[-1] // sound.sample_rate_hz)


def require_audible(sound: Sound, name: str, heard: np.ndarray | None = None) -> None:
    """Raise SourceError when nothing is heard, or when a mix of the channels leaves nothing.

    `name` is what the sound is for the user; `heard`, [samples], is what is used of it, if not its mix.
    """
    heard = sound.mono if heard is None else heard
    levels = sound.samples.std(axis=1, dtype=np.float64)
    if levels.max() >= _SILENT_RMS and sound.mono.std(dtype=np.float64) < CANCELLED_SHARE * levels.max():
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
