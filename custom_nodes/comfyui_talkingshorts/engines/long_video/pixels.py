"""From pictures to ComfyUI's latents and back, in tiles where asked to."""

from __future__ import annotations

from typing import Any

import torch

from ...core.infinitetalk.options import VaeTiling


def encode_frames(vae: Any, frames: torch.Tensor, tiling: VaeTiling) -> torch.Tensor:
    """Return the latents [1, channels, latents, h, w] of frames [frames, height, width, 3] float 0..1."""
    return vae.encode_tiled(frames) if tiling == "on" else vae.encode(frames)


def decode_latents(vae: Any, latents: torch.Tensor, tiling: VaeTiling) -> torch.Tensor:
    """Return the frames of latents, [frames, height, width, 3] float32 0..1 on the CPU."""
    decoded = vae.decode_tiled(latents) if tiling == "on" else vae.decode(latents)
    return decoded[0].to("cpu", torch.float32)
