"""One guided prediction of the talking video's sampler: several branches, and latents that stay as they are."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from comfy import model_management
from comfy.model_patcher import ModelPatcher
from comfy.samplers import CFGGuider, calc_cond_batch

from ...core.infinitetalk.guidance_batch import GuidanceBatch
from .guidance import Branch, ProjectedGuidance, combine, plan_branches


@dataclass(frozen=True)
class Guidance:
    """How strongly prompt and sound guide.

    The audio scale holds for the first `end` (0..1) of the steps and is 1 after. `batch`: whether the branches share a
    forward; `auto` lets ComfyUI decide by the memory that is free.
    """

    text_scale: float
    audio_scale: float
    end: float
    batch: GuidanceBatch
    is_projected: bool

    def audio_scale_at(self, step: int, steps: int) -> float:
        return self.audio_scale if step < self.end * steps else 1.0


class TalkingGuider(CFGGuider):
    """ComfyUI's guider with InfiniteTalk's branches. Make one for each window.

    `pinned` [1, 16, latents, h, w] in the model's space: the clean latents that the window begins with. They take the
    place of the sampler's before each forward and after each step.
    """

    def __init__(
        self,
        model: ModelPatcher,
        conditionings: Mapping[Branch, list[Any]],
        guidance: Guidance,
        pinned: torch.Tensor,
        sigmas: torch.Tensor,
    ) -> None:
        super().__init__(model)
        self.inner_set_conds({branch.name: conditioning for branch, conditioning in conditionings.items()})
        self._branches = tuple(conditionings)
        self._guidance = guidance
        self._pinned = pinned
        self._sigmas = sigmas
        self._projected = ProjectedGuidance() if guidance.is_projected else None

    def predict_noise(
        self, x: torch.Tensor, timestep: torch.Tensor, model_options: dict[str, Any], seed: int | None = None
    ) -> torch.Tensor:
        """Return the guided denoised latents for x [1, 16, latents, h, w], which is pinned in place."""
        pinned = self._pinned.to(x)
        length = pinned.shape[2]
        x[:, :, :length] = pinned
        sigma = timestep[0]
        step = int((self._sigmas.to(sigma) - sigma).abs().argmin())
        audio_scale = self._guidance.audio_scale_at(step, len(self._sigmas) - 1)
        branches = plan_branches(self._guidance.text_scale, audio_scale)
        predictions = self._predict(branches, x, timestep, model_options)
        if self._projected is None:
            denoised = combine(predictions, self._guidance.text_scale, audio_scale)
        else:
            velocities = {branch: (x - clean) / sigma for branch, clean in predictions.items()}
            denoised = x - sigma * self._projected.combine(velocities, self._guidance.text_scale, audio_scale)
        denoised[:, :, :length] = pinned
        return denoised

    def _predict(
        self, branches: tuple[Branch, ...], x: torch.Tensor, timestep: torch.Tensor, model_options: dict[str, Any]
    ) -> dict[Branch, torch.Tensor]:
        """Return each branch's denoised latents."""
        conditionings: Any = [self.conds[branch.name] if branch in branches else None for branch in self._branches]
        predictions = calc_cond_batch(self.inner_model, conditionings, x, timestep, model_options)
        return {branch: clean for branch, clean in zip(self._branches, predictions, strict=True) if branch in branches}


class BranchBatching:
    """Wraps ComfyUI's calc_cond_batch: all branches of a step at once or, where memory is short, one after the other.

    Add it to a model after all else: caches like EasyCache must be around it, for they take a call for a step.
    """

    def __init__(self, batch: GuidanceBatch) -> None:
        self._is_sequential = batch == "sequential"
        self._is_forced = batch == "batched"

    def __call__(
        self, predict: Any, model: Any, conditionings: list[Any], x: torch.Tensor, timestep: torch.Tensor, options: Any
    ) -> list[Any]:
        """Return a prediction for each conditioning; None are those that this step does without."""
        wanted = [index for index, conditioning in enumerate(conditionings) if conditioning is not None]
        if len(wanted) > 1 and not self._is_sequential:
            try:
                with _sure_of_memory(model) if self._is_forced else contextlib.nullcontext():
                    return predict(model, conditionings, x, timestep, options)
            except Exception as error:
                model_management.raise_non_oom(error)
            logging.warning("TalkingShorts: not enough memory for all branches at once, so they run one by one.")
            self._is_sequential = True
            model_management.soft_empty_cache()
        predictions = [*conditionings]
        for wanted_index in reversed(wanted):  # as in ComfyUI's batches
            alone = [value if index == wanted_index else None for index, value in enumerate(conditionings)]
            predictions[wanted_index] = predict(model, alone, x, timestep, options)[wanted_index]
        return predictions


@contextlib.contextmanager
def _sure_of_memory(model: Any) -> Iterator[None]:
    """Let ComfyUI, which splits a batch that it estimates not to fit, estimate that the model takes no memory."""
    model.memory_required = lambda *arguments, **options: 0
    try:
        yield
    finally:
        del model.memory_required
