"""Where VibeVoice's random numbers come from: a generator of our own for each take, never the global one."""

from __future__ import annotations

from typing import Protocol

import torch


class Noise(Protocol):
    """The random numbers of one take, float32 on the CPU."""

    def for_reference(self, voice: int, frames: int) -> torch.Tensor:
        """Return [frames, latent]: what is added to a reference's latents, but for the model's own scale."""
        ...

    def for_frame(self) -> torch.Tensor:
        """Return [latent]: what the next frame's latent is made from."""
        ...


class SeededNoise:
    """The noise of a seed: the same on every machine, whatever ran before, however many takes run side by side."""

    def __init__(self, seed: int, latent_size: int) -> None:
        self._generator = torch.Generator("cpu").manual_seed(seed)
        self._latent_size = latent_size

    def for_reference(self, voice: int, frames: int) -> torch.Tensor:
        scale = torch.randn(1, generator=self._generator)
        return scale * torch.randn(frames, self._latent_size, generator=self._generator)

    def for_frame(self) -> torch.Tensor:
        return torch.randn(self._latent_size, generator=self._generator)
