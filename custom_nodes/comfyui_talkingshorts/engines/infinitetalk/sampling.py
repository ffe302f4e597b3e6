"""Sample a talking video window by window: InfiniteTalk's loop around ComfyUI's own models and sampler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import comfy.sample
import comfy.samplers
import node_helpers
import numpy as np
import torch
from comfy import model_management
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP

from ...core.errors import VideoError
from ...core.infinitetalk.options import VaeTiling
from ...core.infinitetalk.windows import Window, count_latents, index_audio
from ...core.limits import LARGEST_SEED
from ..long_video.pixels import decode_latents, encode_frames
from .audio_attention import attach_audio
from .audio_features import read_features
from .audio_tokens import project_audio
from .colour import ColourMatch
from .guidance import Branch, plan_branches
from .guider import BranchBatching, Guidance, TalkingGuider

_GREY = 0.5

OnStep = Callable[[], None]
"""Called after each step of a window; what it raises ends the work."""


@dataclass(frozen=True)
class Models:
    """What ComfyUI's loaders give: MODEL, MODEL_PATCH, VAE and CLIP_VISION."""

    model: ModelPatcher
    model_patch: ModelPatcher
    vae: Any
    clip_vision: Any


@dataclass(frozen=True)
class Sampling:
    """How to sample. `sigmas` [steps + 1]; `window_frames` is the length of the longest window."""

    sigmas: torch.Tensor
    guidance: Guidance
    seed: int
    window_frames: int
    colour_strength: float
    vae_tiling: VaeTiling


@dataclass(frozen=True)
class WindowFrames:
    """A sampled window: all its frames [frames, height, width, 3] float32 0..1, colours matched.

    `latents` [1, 16, latents, h, w] are those that were decoded, in the VAE's space.
    """

    window: Window
    frames: torch.Tensor
    latents: torch.Tensor

    @property
    def kept(self) -> torch.Tensor:
        """The frames that go into the video."""
        return self.frames[self.window.kept]


class WindowSampler:
    """Samples one window after the other. What all windows share is computed once, here."""

    @torch.inference_mode()
    def __init__(
        self,
        models: Models,
        prompts: tuple[list[Any], list[Any]],
        picture: np.ndarray,
        features_path: Path,
        frames: int,
        sampling: Sampling,
    ) -> None:
        """Take the prompts (positive, negative), the portrait, uint8 [height, width, 3] and of the video's size, and
        the file of the audio features. `frames` is the length of the video.

        Raises ModelError when model and patch don't belong together.
        """
        self._models, self._sampling = models, sampling
        self._features_path, self._frames = features_path, frames
        self._model, self._attention = attach_audio(models.model, models.model_patch)
        batching = BranchBatching(sampling.guidance.batch)
        self._model.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, "talkingshorts", batching)
        self._portrait = torch.from_numpy(picture.copy()).float() / 255
        # The whole of the picture squashed to a square, as the model was trained.
        self._seen = models.clip_vision.encode_image(self._portrait[None], crop=False)
        self._image_latents = self._encode_image()
        self._positive, self._negative = (self._condition(prompt) for prompt in prompts)
        self._colour = ColourMatch(self._portrait, sampling.colour_strength, model_management.get_torch_device())

    @torch.inference_mode()
    def sample(self, index: int, window: Window, motion: torch.Tensor | None, on_step: OnStep) -> WindowFrames:
        """Return the window, which continues from motion [motion frames, height, width, 3] (None for the first).

        Raises VideoError when the model computes something that is no picture.
        """
        pinned = self._image_latents[:, :, :1] if motion is None else self._encode(motion)
        latents = self._denoise(index, window, pinned, on_step)
        if not torch.isfinite(latents).all():
            raise VideoError(
                f"Window {index + 1} came out as values that are no picture (NaN). Finished windows are kept. Load the "
                "model with another weight_dtype (default, or fp8 in place of fp16), and run the same graph again."
            )
        frames = decode_latents(self._models.vae, latents, self._sampling.vae_tiling)
        self._colour.correct(frames)
        return WindowFrames(window, frames, latents)

    def _denoise(self, index: int, window: Window, pinned: torch.Tensor, on_step: OnStep) -> torch.Tensor:
        sampling = self._sampling
        guidance = sampling.guidance
        # The last leads ComfyUI's batch, by which caches like EasyCache decide: the branch that every step has.
        branches = plan_branches(guidance.text_scale, guidance.audio_scale)[::-1]
        self._attention.listen(branches, self._listen(window, branches))
        length = count_latents(window.frames)
        conditionings = {branch: self._choose(branch, length) for branch in branches}
        process_in = self._model.model.process_latent_in
        guider = TalkingGuider(self._model, conditionings, guidance, process_in(pinned), sampling.sigmas)
        shape = (*self._image_latents.shape[:2], length, *self._image_latents.shape[3:])
        empty = torch.zeros(shape, device=model_management.intermediate_device())
        seed = (sampling.seed + index) % (LARGEST_SEED + 1)
        return guider.sample(
            comfy.sample.prepare_noise(empty, seed),
            empty,
            comfy.samplers.sampler_object("euler"),
            sampling.sigmas,
            callback=lambda step, denoised, x, steps: on_step(),
            disable_pbar=True,
            seed=seed,
        )

    def _listen(self, window: Window, branches: Sequence[Branch]) -> dict[Branch, torch.Tensor]:
        """Return what each branch hears: [latent frames, 32, width] on the device."""
        model_management.load_models_gpu([self._models.model_patch])
        device, projector = self._models.model_patch.load_device, self._models.model_patch.model.audio_proj
        heard = torch.from_numpy(read_features(self._features_path, index_audio(window, self._frames))).to(device)
        sounds = {
            is_silent: heard * 0 if is_silent else heard for is_silent in {branch.is_silent for branch in branches}
        }
        tokens = {is_silent: project_audio(projector, sound)[0] for is_silent, sound in sounds.items()}
        return {branch: tokens[branch.is_silent] for branch in branches}

    def _choose(self, branch: Branch, length: int) -> list[Any]:
        """Return the branch's conditioning, for a window of so many latent frames."""
        conditioning = self._positive if branch in (Branch.PROMPT, Branch.SILENT_PROMPT) else self._negative
        image = self._image_latents[:, :, :length]
        mask = torch.ones(1, 1, *image.shape[2:])
        mask[:, :, 0] = 0
        return node_helpers.conditioning_set_values(conditioning, {"concat_latent_image": image, "concat_mask": mask})

    def _condition(self, conditioning: list[Any]) -> list[Any]:
        return node_helpers.conditioning_set_values(conditioning, {"clip_vision_output": self._seen})

    def _encode_image(self) -> torch.Tensor:
        """Return the latents of the portrait followed by mid-grey frames: [1, 16, latents, h, w]."""
        image = torch.full((self._sampling.window_frames, *self._portrait.shape), _GREY)
        image[0] = self._portrait
        return self._encode(image)

    def _encode(self, frames: torch.Tensor) -> torch.Tensor:
        return encode_frames(self._models.vae, frames, self._sampling.vae_tiling)
