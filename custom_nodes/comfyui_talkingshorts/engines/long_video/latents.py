"""A window as latents: from frames, out of noise, and back to frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import comfy.sample
import torch
from comfy import model_management
from comfy.samplers import CFGGuider

from ...core.errors import VideoError
from ...core.limits import LARGEST_SEED
from ...core.long_video.vae_tiling import VaeTiling

OnStep = Callable[[], None]
"""Called after each step of a window; what it raises ends the work."""


def encode_frames(vae: Any, frames: torch.Tensor, tiling: VaeTiling) -> torch.Tensor:
    """Return the latents [1, channels, latents, h, w] of frames [frames, height, width, 3] float 0..1."""
    return vae.encode_tiled(frames) if tiling == "on" else vae.encode(frames)


def decode_latents(vae: Any, latents: torch.Tensor, tiling: VaeTiling) -> torch.Tensor:
    """Return the frames of latents, [frames, height, width, 3] float32 0..1 on the CPU."""
    decoded = vae.decode_tiled(latents) if tiling == "on" else vae.decode(latents)
    return decoded[0].to("cpu", torch.float32)


def denoise(
    guider: CFGGuider, empty: torch.Tensor, sampler: Any, sigmas: torch.Tensor, seed: int, on_step: OnStep
) -> torch.Tensor:
    """Return the latents, shaped as the empty ones, that a SAMPLER makes of ComfyUI's own noise for the seed."""
    return guider.sample(
        comfy.sample.prepare_noise(empty, seed),
        empty,
        sampler,
        sigmas,
        callback=lambda step, denoised, x, steps: on_step(),
        disable_pbar=True,
        seed=seed,
    )


def make_empty_latents(shape: Sequence[int]) -> torch.Tensor:
    """Return zeros where ComfyUI keeps what lies between its nodes."""
    return torch.zeros(*shape, device=model_management.intermediate_device())


def choose_window_seed(seed: int, index: int) -> int:
    """Return the seed of window `index`: counted on from the video's, and from 0 after the largest."""
    return (seed + index) % (LARGEST_SEED + 1)


def require_picture(latents: torch.Tensor, index: int) -> None:
    """Raise VideoError when no picture can come of the latents of window `index`."""
    if not torch.isfinite(latents).all():
        raise VideoError(
            f"Window {index + 1} came out as values that aren't a picture (NaN). Finished windows are kept. Load the "
            "model with another weight_dtype (default, or fp8 in place of fp16), and run the same graph again."
        )
