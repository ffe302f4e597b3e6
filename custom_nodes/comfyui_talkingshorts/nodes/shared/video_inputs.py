"""Inputs that the nodes of long videos have in common, and what the engines take of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from comfy_api.latest import io

from ...core.long_video.vae_tiling import VAE_TILINGS
from ...engines.long_video.inputs import Subject
from .audio import sound_from_audio
from .image import picture_from_image
from .inputs import make_seed_input
from .lazy_inputs import list_next_inputs


def make_subject_inputs(audio_encoder: str, portrait: str, negative: str) -> list[io.Input]:
    """Return vae, audio_encoder, speech, portrait, positive and negative; three of the tooltips are the model's own."""
    return [
        io.Vae.Input("vae", lazy=True, tooltip="The Wan 2.1 VAE."),
        io.AudioEncoder.Input("audio_encoder", lazy=True, tooltip=audio_encoder),
        io.Audio.Input("speech", tooltip="What is said. It decides the length, and is heard in the video as it is."),
        io.Image.Input("portrait", lazy=True, tooltip=portrait),
        io.Conditioning.Input("positive", lazy=True, tooltip="What is seen, and how the person behaves."),
        io.Conditioning.Input("negative", lazy=True, tooltip=negative),
    ]


def make_video_seed_input() -> io.Int.Input:
    return make_seed_input("Another seed, other gestures. The same inputs give the same video.")


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


def make_resume_input() -> io.Boolean.Input:
    return io.Boolean.Input(
        "resume",
        default=True,
        optional=True,
        advanced=True,
        tooltip="Go on after the last finished window when a run with the same inputs was cut off.",
    )


def list_next_video_inputs(models: Sequence[str], inputs: Mapping[str, Any]) -> list[str]:
    """Return what to compute next of the inputs that aren't there yet; `models` names those that load gigabytes.

    What is cheap, or most often refused, comes first, and the models last. The speech comes before all of them.
    """
    return list_next_inputs((("portrait",), ("positive", "negative"), models), inputs)


def make_subject(portrait: torch.Tensor, speech: Any, positive: list[Any], negative: list[Any]) -> Subject:
    """Return what the engines take of an IMAGE, an AUDIO and the prompts.

    Raises InputError when there is no picture or no sound, or when they hold no numbers.
    """
    return Subject(picture_from_image(portrait), sound_from_audio(speech), positive, negative)
