"""Sample acoustic latents with VibeVoice's diffusion head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from ...core.vibevoice.dpm_solver import plan_solver_steps

if TYPE_CHECKING:
    from transformers.models.vibevoice.modeling_vibevoice import (
        VibeVoiceDiffusionHead,
        VibeVoiceDiffusionHeadAdaLayerNorm,
    )


class LatentSampler:
    """Turns noise into the latent of one audio frame, guided by what the language model says.

    What depends on the step alone (the embedded timesteps) is computed once, and what depends on the condition alone
    (each layer's shift, scale and gate, for all steps in one product) once a frame: the head's own forward computes
    both at every step.
    """

    def __init__(
        self, head: VibeVoiceDiffusionHead, step_count: int, guidance_scale: float, device: torch.device
    ) -> None:
        self._head = head
        self._guidance_scale = guidance_scale
        self._steps = plan_solver_steps(step_count)
        self._time = embed_timesteps(head, torch.tensor([step.timestep for step in self._steps], device=device))

    def sample(self, noise: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Return latents [takes, latent] float32 from noise [takes, latent] float32.

        `condition` [takes or 2 * takes, hidden]: the conditional rows, then, with guidance, the unconditional ones.
        """
        *_, latent = self.denoise(noise, condition)
        return latent

    def denoise(self, noise: torch.Tensor, condition: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield the latents after each step of the solver; the last are what `sample` returns."""
        modulations = modulate(self._head, self._time, condition)
        latent, previous_clean = noise, torch.zeros_like(noise)
        for index, step in enumerate(self._steps):
            velocity = self._guide(latent, [modulation[index] for modulation in modulations])
            clean = step.alpha * latent - step.sigma * velocity
            latent = step.keep * latent + step.clean_weight * clean + step.previous_weight * previous_clean
            previous_clean = clean
            yield latent

    def _guide(self, latent: torch.Tensor, modulations: list[torch.Tensor]) -> torch.Tensor:
        branches = modulations[0].shape[0] // latent.shape[0]
        velocity = predict_velocity(self._head, latent.repeat(branches, 1), modulations)
        if branches == 1:
            return velocity
        conditional, unconditional = velocity.chunk(2)
        return torch.lerp(unconditional, conditional, self._guidance_scale)


def embed_timesteps(head: VibeVoiceDiffusionHead, timesteps: torch.Tensor) -> torch.Tensor:
    """Return [steps, hidden] for timesteps [steps], rounded to the model's dtype first, as in its training."""
    dtype = head.noisy_images_proj.weight.dtype
    return head.timestep_proj(head.timestep_embedding(timesteps.to(dtype)).to(dtype))


def modulate(head: VibeVoiceDiffusionHead, time: torch.Tensor, condition: torch.Tensor) -> list[torch.Tensor]:
    """Return, for each layer, [steps, rows, 3 * hidden]: shift, 1 + scale and gate; the last layer has no gate.

    `time` [steps, hidden] and `condition` [rows, hidden], in the model's dtype.
    """
    projected = F.silu(head.cond_proj(condition)[None] + time[:, None])
    hidden = projected.shape[-1]
    modulations = [*(layer.linear(projected) for layer in _layers(head)), head.final_layer.linear_1(projected)]
    for modulation in modulations:
        modulation[..., hidden : 2 * hidden] += 1
    return modulations


def predict_velocity(
    head: VibeVoiceDiffusionHead, latent: torch.Tensor, modulations: list[torch.Tensor]
) -> torch.Tensor:
    """Return the head's prediction [rows, latent] float32 at one step, `modulations` [rows, ...] being that step's."""
    hidden = head.noisy_images_proj(latent.to(modulations[0].dtype))
    for layer, modulation in zip(_layers(head), modulations, strict=False):
        shift, scale, gate = modulation.chunk(3, dim=-1)
        normed = F.rms_norm(hidden, hidden.shape[-1:], layer.norm.weight, layer.norm.variance_epsilon)
        hidden = torch.addcmul(hidden, gate, layer.ffn(torch.addcmul(shift, normed, scale)))
    shift, scale = modulations[-1].chunk(2, dim=-1)
    normed = F.rms_norm(hidden, hidden.shape[-1:], eps=head.final_layer.rms_norm_eps)
    return head.final_layer.linear_2(torch.addcmul(shift, normed, scale)).float()


def _layers(head: VibeVoiceDiffusionHead) -> Sequence[VibeVoiceDiffusionHeadAdaLayerNorm]:
    return head.layers  # pyright: ignore[reportReturnType]
