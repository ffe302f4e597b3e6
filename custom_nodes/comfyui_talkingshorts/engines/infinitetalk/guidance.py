"""How the model's predictions with and without the prompt and the sound are combined."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum

import torch


class Branch(Enum):
    """One forward of the model. Silent is zeros in place of the audio features, sent through audio_proj as they are."""

    PROMPT = "prompt, audio"
    NEGATIVE = "negative prompt, audio"
    SILENT_NEGATIVE = "negative prompt, no audio"
    SILENT_PROMPT = "prompt, no audio"

    @property
    def is_silent(self) -> bool:
        return self in (Branch.SILENT_NEGATIVE, Branch.SILENT_PROMPT)


Predictions = Mapping[Branch, torch.Tensor]


def plan_branches(text_scale: float, audio_scale: float) -> tuple[Branch, ...]:
    """Return which forwards a step takes: one to three, the one with prompt and audio first.

    The official code spares the third at text scale 1 alone, this also those whose weight is 0: at audio scale 1 (as
    after the end of audio guidance) the silent one.
    """
    has_text, has_audio = not math.isclose(text_scale, 1), not math.isclose(audio_scale, 1)
    if not has_text:
        return (Branch.PROMPT, Branch.SILENT_PROMPT) if has_audio else (Branch.PROMPT,)
    guides = (Branch.NEGATIVE, Branch.SILENT_NEGATIVE) if has_audio else (Branch.NEGATIVE,)
    return (Branch.PROMPT, *guides)


def combine(predictions: Predictions, text_scale: float, audio_scale: float) -> torch.Tensor:
    """Return the guided prediction, of the shape of each that plan_branches names.

    The weights add up to 1, so velocities give a velocity, and denoised latents a denoised latent.
    Source: the vanilla CFG of MeiGen-AI/InfiniteTalk, wan/multitalk.py.
    """
    text, audio = _directions(predictions)
    guided = predictions[Branch.PROMPT]
    if text is not None:
        guided = guided + (text_scale - 1) * text
    if audio is not None:
        guided = guided + (audio_scale - 1) * audio
    return guided


class ProjectedGuidance:
    """Adaptive projected guidance, which lets large scales oversaturate less. It remembers: make one for each window.

    Of each direction, with momentum and at most norm_threshold long, only what is orthogonal to the prediction counts.
    Source: Sadat et al., arXiv 2410.02416, with eta 0, as adaptive_projected_guidance in MeiGen-AI/InfiniteTalk,
    wan/utils/multitalk_utils.py.
    """

    def __init__(self, momentum: float = -0.75, norm_threshold: float = 55.0) -> None:
        self._momentum, self._norm_threshold = momentum, norm_threshold
        self._running: dict[str, torch.Tensor] = {}

    def combine(self, velocities: Predictions, text_scale: float, audio_scale: float) -> torch.Tensor:
        """Return the guided velocity of one step, [..., channels, frames, height, width] float32 like those given."""
        text, audio = _directions(velocities)
        velocity = guided = velocities[Branch.PROMPT]
        if text is not None:
            guided = guided + (text_scale - 1) * self._project("text", text, velocity)
        if audio is not None:
            guided = guided + (audio_scale - 1) * self._project("audio", audio, velocity)
        return guided

    def _project(self, name: str, direction: torch.Tensor, velocity: torch.Tensor) -> torch.Tensor:
        if name in self._running:
            direction = direction + self._momentum * self._running[name]
        self._running[name] = direction
        direction = direction * (self._norm_threshold / _norm(direction)).clamp(max=1)
        unit = velocity / _norm(velocity).clamp(min=_SMALLEST_NORM)
        return direction - (direction * unit).sum(dim=_LATENT, keepdim=True) * unit


_LATENT = (-4, -3, -2, -1)
_SMALLEST_NORM = 1e-12


def _norm(tensor: torch.Tensor) -> torch.Tensor:
    return torch.linalg.vector_norm(tensor, dim=_LATENT, keepdim=True)


def _directions(predictions: Predictions) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Return what the prompt changes and what the sound changes; None where no branch tells."""
    prompt = predictions[Branch.PROMPT]
    negative, silent_negative, silent_prompt = (
        predictions.get(branch) for branch in (Branch.NEGATIVE, Branch.SILENT_NEGATIVE, Branch.SILENT_PROMPT)
    )
    text = None if negative is None else prompt - negative
    if silent_prompt is not None:
        return text, prompt - silent_prompt
    return text, None if negative is None or silent_negative is None else negative - silent_negative
