"""Reference voices as the language model takes them in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch

from .model import SpeechModel, VibeVoice
from .noise import Noise

# The encoder's first layers hold 32 channels of every sample: whole references would take gigabytes.
_FRAMES_AT_ONCE = 16
_VOICES_KEPT = 16


def encode_voice_once(vibevoice: VibeVoice, samples: np.ndarray) -> torch.Tensor:
    """Return encode_voice's latents of a prepared reference, from memory when this model has encoded it before."""
    key = hashlib.sha256(samples.tobytes()).hexdigest()
    if key not in vibevoice.encoded_voices:
        device = vibevoice.move_to_device()
        latents = encode_voice(vibevoice.model, samples, vibevoice.samples_per_frame, device)
        while len(vibevoice.encoded_voices) >= _VOICES_KEPT:
            del vibevoice.encoded_voices[next(iter(vibevoice.encoded_voices))]
        vibevoice.encoded_voices[key] = latents
    return vibevoice.encoded_voices[key]


@torch.inference_mode()
def encode_voice(model: SpeechModel, samples: np.ndarray, samples_per_frame: int, device: torch.device) -> torch.Tensor:
    """Return the mean latents [frames, latent] float32 (CPU) of a reference [frames * samples_per_frame], 24 kHz."""
    dtype = model.token_rows.dtype
    state = model.acoustic_encoder.start(1, device, dtype)
    sound = torch.from_numpy(samples)[None, :, None].to(device, dtype)
    pieces = sound.split(_FRAMES_AT_ONCE * samples_per_frame, dim=1)
    return torch.cat([model.acoustic_encoder(piece, state)[0].float().cpu() for piece in pieces])


def draw_latents(
    model: SpeechModel, means: Sequence[torch.Tensor], vae_std: float, noise: Noise, device: torch.device
) -> torch.Tensor:
    """Return the voices' latents [all frames, latent] float32, drawn around their means and scaled as in training."""
    drawn = [mean + vae_std * noise.for_reference(voice, len(mean)) for voice, mean in enumerate(means)]
    return (torch.cat(drawn).to(device) + model.latent_bias_factor.float()) * model.latent_scaling_factor.float()


@torch.inference_mode()
def embed_voices(
    model: SpeechModel, means: Sequence[torch.Tensor], vae_std: float, noise: Noise, device: torch.device
) -> torch.Tensor:
    """Return what the language model reads for the voices, one after the other: [all frames, hidden]."""
    latents = draw_latents(model, means, vae_std, noise, device)
    return model.multi_modal_projector(latents.to(model.token_rows.dtype))
