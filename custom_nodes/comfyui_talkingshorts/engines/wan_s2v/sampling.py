"""Sample a speech video window by window: Wan S2V's official loop around ComfyUI's own models and samplers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import comfy.samplers
import node_helpers
import numpy as np
import torch
from comfy.latent_formats import Wan21
from comfy.model_patcher import ModelPatcher

from ...core.cost.videos import measure_s2v_peak_bytes, measure_s2v_window
from ...core.cost.work import Work
from ...core.errors import ModelError
from ...core.long_video.size import Size
from ...core.long_video.vae_tiling import VaeTiling
from ...core.wan_s2v.margin import plan_margin
from ...core.wan_s2v.windows import S2V_MOTION_FRAMES, S2VWindow
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
from .audio_alignment import align_audio
from .speech_features import SpeechEncoder

_LATENT_CHANNELS, _PIXELS_PER_LATENT = 16, 8
# What lies farthest back in time the model sees in blocks of 64 pixels. Of other sizes it would miss the rest, and
# lose count of its tokens.
_BLOCK_PIXELS = 64


@dataclass(frozen=True)
class S2VModels:
    """What ComfyUI's loaders give: MODEL, VAE and AUDIO_ENCODER."""

    model: ModelPatcher
    vae: Any
    audio_encoder: Any


@dataclass(frozen=True)
class S2VSampling:
    """How to sample; `sampler` is ComfyUI's SAMPLER, `scheduler` one of its schedulers' names."""

    steps: int
    cfg: float
    sampler: Any
    scheduler: str
    seed: int
    vae_tiling: VaeTiling


class S2VSampler:
    """The WindowSampler of a speech video. What all windows share is computed once, here."""

    @torch.inference_mode()
    def __init__(
        self,
        models: S2VModels,
        prompts: tuple[list[Any], list[Any]],
        picture: np.ndarray,
        speech: SpeechEncoder,
        windows: Sequence[S2VWindow],
        sampling: S2VSampling,
    ) -> None:
        """Take the prompts (positive, negative), and the portrait, uint8 [height, width, 3] and of the video's size.

        Raises ModelError for a model that isn't Wan S2V, or a VAE that isn't the one it was trained with.
        """
        self._vae, self._speech, self._windows, self._sampling = models.vae, speech, windows, sampling
        self._model = align_audio(models.model)
        # To be copied for each window: samplers write into it.
        self._sigmas = comfy.samplers.calculate_sigmas(
            self._model.get_model_object("model_sampling"), sampling.scheduler, sampling.steps
        )
        self._margin = plan_margin(Size(*picture.shape[:2]), _BLOCK_PIXELS)
        padded = torch.from_numpy(self._margin.add(picture)).float()[None] / 255
        self._reference = encode_frames(self._vae, padded, sampling.vae_tiling)
        _require_wan_vae(self._reference, padded)
        shown = {"reference_latents": [self._reference]}
        self._positive, self._negative = (
            node_helpers.conditioning_set_values(prompt, shown, append=True) for prompt in prompts
        )

    @property
    def steps(self) -> int:
        """How many steps a window takes, which some schedulers decide."""
        return len(self._sigmas) - 1

    @property
    def needed_bytes(self) -> float:
        """The GPU memory for all weights, and for a forward of one branch."""
        return self._model.model_size() + measure_s2v_peak_bytes(self._windows[0].latents, self._pixels)

    def measure(self, index: int) -> Work:
        """Return what window `index` computes, where no cache spares any of it."""
        branches = 1 if math.isclose(self._sampling.cfg, 1) else 2
        is_last = index + 1 == len(self._windows)
        latents = self._windows[index].latents
        return measure_s2v_window(latents, self._pixels, self.steps * branches, is_first=index == 0, is_last=is_last)

    @property
    def _pixels(self) -> int:
        return self._reference[0, 0, 0].numel() * _PIXELS_PER_LATENT**2

    @torch.inference_mode()
    def sample(self, index: int, motion: torch.Tensor | None, on_step: OnStep) -> SampledWindow:
        """Return window `index`, which continues from motion, latents [1, 16, 19, h, w] (None for the first).

        They are decoded in front of the window's own, so that the join can't be seen; in front of the first the
        portrait is. Source: WanS2V.generate in Wan-Video/Wan2.2, wan/speech2video.py. ComfyUI's own chain decodes all
        windows as one long latent instead, for which it must keep them, and continues from latents that were never
        decoded. Raises VideoError when the model computes something that is no picture.
        """
        window = self._windows[index]
        latents = self._denoise(index, motion, on_step)
        require_picture(latents, index)
        front = self._reference if motion is None else motion
        decoded = decode_latents(self._vae, torch.cat([front.to(latents), latents], dim=2), self._sampling.vae_tiling)
        frames = decoded[-window.frames :][window.dropped_frames :]
        rows, columns = self._margin.inner
        return SampledWindow(frames[: window.kept_frames, rows, columns], self._encode_motion(index, frames))

    def _encode_motion(self, index: int, frames: torch.Tensor) -> torch.Tensor | None:
        """Return what the next window continues from: latents [1, 16, 19, h, w].

        The frames, 73 or more, are encoded anew, and not the window's own latents taken: the first of 73 frames is
        encoded unlike one in their midst.
        """
        if index + 1 == len(self._windows):
            return None
        return encode_frames(self._vae, frames[-S2V_MOTION_FRAMES:], self._sampling.vae_tiling)

    def _denoise(self, index: int, motion: torch.Tensor | None, on_step: OnStep) -> torch.Tensor:
        sampling, window = self._sampling, self._windows[index]
        empty = make_empty_latents((1, _LATENT_CHANNELS, window.latents, *self._reference.shape[-2:]))
        features = self._speech.encode(window.first_audio_frame, window.frames)
        guider = comfy.samplers.CFGGuider(self._model)
        guider.set_conds(
            self._condition(self._positive, features, empty, motion),
            self._condition(self._negative, features * 0, empty, motion),
        )
        guider.set_cfg(sampling.cfg)
        seed = choose_window_seed(sampling.seed, index)
        return denoise(guider, empty, sampling.sampler, self._sigmas.clone(), seed, on_step)

    def _condition(
        self, prompt: list[Any], features: torch.Tensor, empty: torch.Tensor, motion: torch.Tensor | None
    ) -> list[Any]:
        """Return a prompt with all that a window sees and hears, under the names that ComfyUI's own nodes use."""
        values = {"audio_embed": features, "control_video": Wan21().process_out(empty)}
        return node_helpers.conditioning_set_values(
            prompt, values if motion is None else {**values, "reference_motion": motion}
        )


def _require_wan_vae(latents: torch.Tensor, frames: torch.Tensor) -> None:
    """Raise ModelError unless the VAE made one latent of 16 channels and an eighth of the size of one frame."""
    _, height, width, _ = frames.shape
    if latents.shape != (1, _LATENT_CHANNELS, 1, height // _PIXELS_PER_LATENT, width // _PIXELS_PER_LATENT):
        raise ModelError(
            f"The VAE makes latents of shape {list(latents.shape)} of the portrait. Wan S2V needs the Wan 2.1 VAE: "
            "load wan_2.1_vae.safetensors with Load VAE."
        )
