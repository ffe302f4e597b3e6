"""The loudness that VibeVoice was trained to take a voice at."""

from __future__ import annotations

import numpy as np

_TARGET_RMS = 10 ** (-25 / 20)
_EPSILON = 1e-6


def normalize_loudness(samples: np.ndarray) -> np.ndarray:
    """Return [samples] float32 at -25 dBFS RMS, scaled down where the peak would pass full scale.

    The same steps, in float32, as VibeVoice's own processor (microsoft/VibeVoice, AudioNormalizer): the model was
    trained on them. Silence stays silence.
    """
    rms = np.sqrt(np.mean(np.square(samples, dtype=np.float32)))
    levelled = samples * np.float32(_TARGET_RMS / (rms + _EPSILON))
    peak = np.abs(levelled).max()
    return levelled / (peak + np.float32(_EPSILON)) if peak > 1 else levelled
