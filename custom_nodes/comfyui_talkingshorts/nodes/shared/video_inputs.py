"""Inputs that the nodes which sample a speaking video have in common."""

from __future__ import annotations

from comfy_api.latest import io

from ...core.infinitetalk.options import VAE_TILINGS
from ...core.limits import LARGEST_SEED


def make_seed_input() -> io.Int.Input:
    return io.Int.Input(
        "seed",
        default=42,
        min=0,
        max=LARGEST_SEED,
        control_after_generate=True,
        tooltip="Another seed, other gestures. The same inputs give the same video.",
    )


def make_vae_tiling_input() -> io.Combo.Input:
    return io.Combo.Input(
        "vae_tiling",
        options=list(VAE_TILINGS),
        default="auto",
        optional=True,
        advanced=True,
        tooltip="on: always decode in tiles, which takes less memory and more time. Otherwise ComfyUI goes over to "
        "tiles when memory runs out.",
    )


def make_crf_input() -> io.Int.Input:
    return io.Int.Input(
        "crf",
        default=16,
        min=0,
        max=51,
        optional=True,
        advanced=True,
        tooltip="H.264 quality: 0 is lossless, 16 looks lossless, larger makes smaller files.",
    )


def make_resume_input(part: str) -> io.Boolean.Input:
    """Return the switch; `part` is what the video is made in, such as window."""
    return io.Boolean.Input(
        "resume",
        default=True,
        optional=True,
        advanced=True,
        tooltip=f"Go on after the last finished {part} when a run with the same inputs was cut off.",
    )
