"""What every use of wav2vec2 shares: the sound that it takes, the steps that it makes of it, and which one it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from comfy.audio_encoders.wav2vec2 import Wav2Vec2Model

from ...core.errors import ModelError
from ...core.sound import Sound

SAMPLE_RATE_HZ = 16000
# The convolutions: one step every 320 samples, each from 400.
HOP_SAMPLES, FIELD_SAMPLES = 320, 400


def require_wav2vec2(audio_encoder: Any, layers: int, channels: int, need: str) -> Wav2Vec2Model:
    """Return the network of an AUDIO_ENCODER. Raises ModelError, which ends with `need`, unless it is of that size."""
    model = getattr(audio_encoder, "model", None)
    if isinstance(model, Wav2Vec2Model):
        size = (len(model.encoder.layers), model.masked_spec_embed.shape[0])
        if size == (layers, channels):
            return model
        found = f"a wav2vec2 of {size[0]} layers of {size[1]}"
    else:
        found = "nothing" if model is None else type(model).__name__
    raise ModelError(f"The audio encoder is {found}. {need}")


def resample_mono(sound: Sound) -> np.ndarray:
    """Return the mean of the channels at 16 kHz: [samples] float32."""
    from soxr import resample

    if sound.sample_rate_hz == SAMPLE_RATE_HZ:
        return sound.mono
    return resample(sound.mono, sound.sample_rate_hz, SAMPLE_RATE_HZ, quality="HQ")
