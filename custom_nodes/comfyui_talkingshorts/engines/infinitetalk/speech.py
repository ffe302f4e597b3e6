"""Makes any sound into the speech that wav2vec2 hears for InfiniteTalk: mono, 16 kHz, at one loudness."""

from __future__ import annotations

import numpy as np

from ...core.sound import VIDEO_FPS, Sound, count_video_frames
from ..long_video.wav2vec2 import SAMPLE_RATE_HZ, resample_mono

SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // VIDEO_FPS

_TARGET_LUFS = -23.0
_SILENT_LUFS = -100.0
# The loudness of less than one of its blocks isn't defined (ITU-R BS.1770-4).
_SHORTEST_MEASURED_SAMPLES = round(0.4 * SAMPLE_RATE_HZ)


def prepare_speech(sound: Sound) -> np.ndarray:
    """Return [640 * video frames] float32 at 16 kHz: the mean of the channels at -23 LUFS, silence up to a whole frame.

    Loud peaks may pass 1. Source: audio_prepare_single in MeiGen-AI/InfiniteTalk, generate_infinitetalk.py, which drops
    what is left over after the last whole frame.
    """
    speech = np.zeros(count_video_frames(sound) * SAMPLES_PER_FRAME, np.float32)
    levelled = level_speech(resample_mono(sound))[: speech.size]
    speech[: levelled.size] = levelled
    return speech


def level_speech(samples: np.ndarray) -> np.ndarray:
    """Return [samples] float32 at 16 kHz, scaled to -23 LUFS (ITU-R BS.1770-4); silence as it is.

    A clip under 0.4 s is measured as if it were repeated.
    """
    from pyloudnorm import Meter

    measured = np.resize(samples, max(samples.size, _SHORTEST_MEASURED_SAMPLES))
    loudness_lufs = Meter(SAMPLE_RATE_HZ).integrated_loudness(measured)
    if loudness_lufs < _SILENT_LUFS:
        return samples
    return samples * np.float32(10 ** ((_TARGET_LUFS - loudness_lufs) / 20))
