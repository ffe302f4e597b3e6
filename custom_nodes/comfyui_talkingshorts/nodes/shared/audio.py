"""Convert between ComfyUI's AUDIO and the engines' Sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...core.errors import InputError
from ...core.sound import Sound


def sound_from_audio(audio: Any) -> Sound:
    """Return the first clip of an AUDIO (waveform [batch, channels, samples] float32, any device).

    Raises InputError when there is no audio, when it holds no samples, or samples that are not finite.
    """
    waveform = audio.get("waveform") if isinstance(audio, dict) else None
    if not isinstance(waveform, torch.Tensor) or waveform.ndim != 3:
        raise InputError(
            "There is no audio. Connect a node that gives sound; a voice node without a source gives none."
        )
    if waveform.numel() == 0:
        raise InputError("The audio is empty: 0 samples. Give a clip that holds sound.")
    samples = waveform[0].detach().to("cpu", torch.float32).numpy()
    if not np.isfinite(samples).all():
        raise InputError("The audio holds samples that are not numbers (NaN or infinite). Load the clip again.")
    return Sound(samples, int(audio["sample_rate"]), audio.get("phonemes"))


def audio_from_sound(sound: Sound) -> dict[str, Any]:
    """Return an AUDIO that also carries the sound's phonemes, which nodes that don't know them drop."""
    return {
        "waveform": torch.from_numpy(np.ascontiguousarray(sound.samples, dtype=np.float32))[None],
        "sample_rate": sound.sample_rate_hz,
        "phonemes": sound.phonemes,
    }
