"""Read a script aloud: one or several takes of the same lines, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...core.errors import ModelError
from ...core.script.prepared import PreparedScript
from ...core.script.speech_length import limit_frames
from .generate import EOS, count_columns, generate
from .language_model import count_context_bytes
from .model import SAMPLE_RATE_HZ, VibeVoice
from .noise import SeededNoise
from .prompt import build_prompt, embed_controls, embed_prompt
from .speech_edit import trim_edges
from .voices import embed_voices

# What the codec and the head hold while they compute, with room to spare.
_ACTIVATION_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Take:
    """One reading: trimmed speech [samples] float32 at 24 kHz, and whether the model itself ended it."""

    samples: np.ndarray
    is_complete: bool

    @property
    def seconds(self) -> float:
        return self.samples.size / SAMPLE_RATE_HZ


def read_takes(
    vibevoice: VibeVoice,
    voices: Sequence[torch.Tensor],
    script: PreparedScript,
    seeds: Sequence[int],
    guidance_scale: float,
    diffusion_steps: int,
    on_frame: Callable[[], None],
) -> list[Take]:
    """Return a take of the script for each seed, in voices given as mean latents [frames, latent] by speaker.

    A take doesn't depend on the others. What on_frame raises ends the work. Raises ModelError when the model computes
    something that is no sound.
    """
    prompt = build_prompt(vibevoice.tokenizer, script.lines, [len(voice) for voice in voices])
    max_frames = limit_frames(script.seconds, SAMPLE_RATE_HZ / vibevoice.samples_per_frame)
    columns = count_columns(len(prompt.ids), max_frames)
    context_bytes = count_context_bytes(vibevoice.model.language_model, 2 * len(seeds), columns, vibevoice.dtype)
    device = vibevoice.move_to_device(_ACTIVATION_BYTES + context_bytes)
    noises = [SeededNoise(seed, vibevoice.latent_size) for seed in seeds]
    prompts = [
        embed_prompt(vibevoice, prompt, embed_voices(vibevoice.model, voices, vibevoice.vae_std, noise, device))
        for noise in noises
    ]
    sounds: list[list[torch.Tensor]] = [[] for _ in seeds]
    ended: set[int] = set()
    controls = embed_controls(vibevoice, device)
    for step in generate(
        vibevoice.model, torch.stack(prompts), controls, noises, guidance_scale, diffusion_steps, max_frames
    ):
        _require_numbers(vibevoice, step.logits)  # else the choice among them would be of the first token, for ever
        for take, token in enumerate(step.tokens):
            if step.frame is not None and step.speaks(take):
                sounds[take].append(step.frame.sound[take])
            if token == EOS:
                ended.add(take)
        on_frame()
    return [Take(_finish(vibevoice, sound), take in ended) for take, sound in enumerate(sounds)]


def _finish(vibevoice: VibeVoice, sounds: Sequence[torch.Tensor]) -> np.ndarray:
    samples = torch.cat([torch.zeros(0), *(sound.cpu() for sound in sounds)])
    _require_numbers(vibevoice, samples)
    return trim_edges(samples.numpy(), SAMPLE_RATE_HZ)


def _require_numbers(vibevoice: VibeVoice, values: torch.Tensor) -> None:
    if not values.isfinite().all():
        raise ModelError(
            f"{vibevoice.name} computed values that are not numbers in {vibevoice.dtype}. "
            "Set the loader's dtype to bf16 or fp32; if that doesn't help, the model's files are damaged."
        )
