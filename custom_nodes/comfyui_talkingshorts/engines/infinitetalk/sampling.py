"""Sample a talking video window by window: InfiniteTalk's loop around ComfyUI's own models and sampler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import comfy.samplers
import node_helpers
import numpy as np
import torch
from comfy import model_management
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP

from ...core.cost.videos import measure_talking_peak_bytes, measure_talking_window
from ...core.cost.work import Work
from ...core.infinitetalk.windows import Window, count_latents, index_audio
from ...core.long_video.vae_tiling import VaeTiling
from ..long_video.latents import (
    OnStep,
    choose_window_seed,
    decode_latents,
    denoise,
    encode_frames,
    make_empty_latents,
    require_picture,
)
from ..long_video.loop import SampledWindow
from .audio_attention import attach_audio
from .audio_features import read_features
from .audio_tokens import project_audio
from .colour import ColourMatch
from .guidance import Branch, plan_branches
from .guider import BranchBatching, Guidance, TalkingGuider

_GREY = 0.5


@dataclass(frozen=True)
class TalkingModels:
    """What ComfyUI's loaders give: MODEL, MODEL_PATCH, VAE, CLIP_VISION and AUDIO_ENCODER."""

    model: ModelPatcher
    model_patch: ModelPatcher
    vae: Any
    clip_vision: Any
    audio_encoder: Any


@dataclass(frozen=True)
class TalkingSampling:
    """How to sample. `sigmas` [steps + 1]; `window_frames` is the length of the longest window."""

    sigmas: torch.Tensor
    guidance: Guidance
    seed: int
    window_frames: int
    colour_strength: float
    vae_tiling: VaeTiling


@dataclass(frozen=True)
class TalkingWindow(SampledWindow):
    """A sampled window, colours matched. `latents` [1, 16, latents, h, w] are all its own, in the VAE's space.

    The motion is the window's last frames.
    """

    latents: torch.Tensor


class TalkingSampler:
    """The WindowSampler of a talking video. What all windows share is computed once, here."""

    @torch.inference_mode()
    def __init__(
        self,
        models: TalkingModels,
        prompts: tuple[list[Any], list[Any]],
        picture: np.ndarray,
        features_path: Path,
        windows: Sequence[Window],
        sampling: TalkingSampling,
    ) -> None:
        """Take the prompts (positive, negative), the portrait, uint8 [height, width, 3] and of the video's size, and
        the file of the audio features of all the windows.

        Raises ModelError when model and patch don't belong together.
        """
        self._models, self._sampling = models, sampling
        self._features_path, self._windows = features_path, windows
        self._model, self._attention = attach_audio(models.model, models.model_patch)
        batching = BranchBatching(sampling.guidance.batch)
        self._model.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, "talkingshorts", batching)
        self._portrait = torch.from_numpy(picture.copy()).float() / 255
        # The whole of the picture squashed to a square, as the model was trained.
        self._seen = models.clip_vision.encode_image(self._portrait[None], crop=False)
        self._image_latents = self._encode_image()
        self._positive, self._negative = (self._condition(prompt) for prompt in prompts)
        self._colour = ColourMatch(self._portrait, sampling.colour_strength, model_management.get_torch_device())

    @property
    def steps(self) -> int:
        """How many steps a window takes."""
        return len(self._sampling.sigmas) - 1

    @property
    def needed_bytes(self) -> float:
        """The GPU memory for all weights, and for a forward of one branch."""
        weights = self._model.model_size() + self._models.model_patch.model_size()
        return weights + measure_talking_peak_bytes(self._sampling.window_frames, self._pixels)

    def measure(self, index: int) -> Work:
        """Return what window `index` computes, where no cache spares any of it."""
        window, guidance, steps = self._windows[index], self._sampling.guidance, self.steps
        audio_scales = (guidance.audio_scale_at(step, steps) for step in range(steps))
        forwards = sum(len(plan_branches(guidance.text_scale, audio_scale)) for audio_scale in audio_scales)
        return measure_talking_window(window.frames, window.motion_frames, self._pixels, forwards)

    @property
    def _pixels(self) -> int:
        height, width, _ = self._portrait.shape
        return height * width

    @torch.inference_mode()
    def sample(self, index: int, motion: torch.Tensor | None, on_step: OnStep) -> TalkingWindow:
        """Return window `index`, which continues from motion [motion frames, height, width, 3] (None for the first).

        Raises VideoError when the model computes something that is no picture.
        """
        window = self._windows[index]
        pinned = self._image_latents[:, :, :1] if motion is None else self._encode(motion)
        latents = self._denoise(index, pinned, on_step)
        require_picture(latents, index)
        # What is past the end of the video isn't decoded: no frame depends on later latents.
        shown = latents[:, :, : count_latents(window.kept.stop)]
        frames = decode_latents(self._models.vae, shown, self._sampling.vae_tiling)
        self._colour.correct(frames)
        return TalkingWindow(frames[window.kept], self._copy_motion(index, frames), latents)

    def _copy_motion(self, index: int, frames: torch.Tensor) -> torch.Tensor | None:
        """Return the frames that the next window begins with, without keeping all of this one's in memory."""
        if index + 1 == len(self._windows):
            return None
        return frames[-self._windows[index + 1].motion_frames :].clone()

    def _denoise(self, index: int, pinned: torch.Tensor, on_step: OnStep) -> torch.Tensor:
        sampling, window = self._sampling, self._windows[index]
        guidance = sampling.guidance
        # The last leads ComfyUI's batch, by which caches like EasyCache decide: the branch that every step has.
        branches = plan_branches(guidance.text_scale, guidance.audio_scale)[::-1]
        self._attention.set_tokens(branches, self._encode_audio(window, branches))
        length = count_latents(window.frames)
        conditionings = {branch: self._choose(branch, length) for branch in branches}
        process_in = self._model.model.process_latent_in
        guider = TalkingGuider(self._model, conditionings, guidance, process_in(pinned), sampling.sigmas)
        empty = make_empty_latents((*self._image_latents.shape[:2], length, *self._image_latents.shape[3:]))
        euler = comfy.samplers.sampler_object("euler")
        return denoise(guider, empty, euler, sampling.sigmas, choose_window_seed(sampling.seed, index), on_step)

    def _encode_audio(self, window: Window, branches: Sequence[Branch]) -> dict[Branch, torch.Tensor]:
        """Return the audio tokens of each branch: [latent frames, 32, width] on the device."""
        model_management.load_models_gpu([self._models.model_patch])
        device, projector = self._models.model_patch.load_device, self._models.model_patch.model.audio_proj
        indices = index_audio(window, self._windows[-1].output.stop)
        features = torch.from_numpy(read_features(self._features_path, indices)).to(device)
        sounds = {
            is_silent: features * 0 if is_silent else features
            for is_silent in {branch.is_silent for branch in branches}
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
