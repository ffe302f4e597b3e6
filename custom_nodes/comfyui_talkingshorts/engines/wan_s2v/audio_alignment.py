"""Gives each latent of ComfyUI's Wan S2V the sound of its own frames, as in the official model."""

from __future__ import annotations

from functools import partial

import torch
from comfy.ldm.wan.model import CausalAudioEncoder, WanModel_S2V
from comfy.model_patcher import ModelPatcher

from ...core.errors import ModelError
from ...core.wan_s2v.windows import S2V_MOTION_FRAMES, S2V_MOTION_LATENTS


def align_audio(model: ModelPatcher) -> ModelPatcher:
    """Return a clone of the video model in which each latent takes in its own four frames of sound, and those before.

    ComfyUI's own encodes a window's sound from its first frame on, as if a latent of one frame stood there: each latent
    then misses the last three of its four frames of sound. Raises ModelError unless the model is Wan S2V.
    """
    network = model.model.diffusion_model
    if not isinstance(network, WanModel_S2V):
        raise ModelError(
            f"The model is {type(network).__name__} ({type(model.model).__name__}), not Wan S2V. Load Wan 2.2 S2V 14B, "
            "such as wan2.2_s2v_14B_fp8_scaled.safetensors, with Load Diffusion Model."
        )
    clone = model.clone()
    encoder = network.casual_audio_encoder
    clone.add_object_patch("diffusion_model.casual_audio_encoder.forward", partial(_encode_after_motion, encoder))
    return clone


def _encode_after_motion(encoder: CausalAudioEncoder, sound: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the global [b, latents, 1, dim] and the local [b, latents, 5, dim] tokens of a window.

    sound is [b, 25, 1024, 4 * latents]. Its first frame stands in for the sound of the motion frames before the window.
    Source: WanModel_S2V.forward in Wan-Video/Wan2.2, wan/modules/s2v/model_s2v.py.
    """
    before = sound[..., :1].expand(*sound.shape[:-1], S2V_MOTION_FRAMES)
    tokens, local_tokens = CausalAudioEncoder.forward(encoder, torch.cat([before, sound], dim=-1))
    return tokens[:, S2V_MOTION_LATENTS:], local_tokens[:, S2V_MOTION_LATENTS:]
