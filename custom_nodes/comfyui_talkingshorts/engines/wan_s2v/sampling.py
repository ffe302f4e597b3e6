"""Sample a speech video chunk by chunk: Wan S2V's official loop around ComfyUI's own models and samplers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import comfy.sample
import comfy.samplers
import node_helpers
import numpy as np
import torch
from comfy import model_management
from comfy.latent_formats import Wan21
from comfy.model_patcher import ModelPatcher

from ...core.errors import ModelError, VideoError
from ...core.infinitetalk.options import VaeTiling
from ...core.limits import LARGEST_SEED
from ...core.wan_s2v.chunks import MOTION_FRAMES, Chunk
from ..long_video.pixels import decode_latents, encode_frames
from .hearing import SpeechListener
from .video_model import attach_hearing

OnStep = Callable[[], None]
"""Called after each step of a chunk; what it raises ends the work."""

_LATENT_CHANNELS, _PIXELS_PER_LATENT = 16, 8


@dataclass(frozen=True)
class Models:
    """What ComfyUI's loaders give: MODEL, VAE and AUDIO_ENCODER."""

    model: ModelPatcher
    vae: Any
    audio_encoder: Any


@dataclass(frozen=True)
class Sampling:
    """How to sample; `sampler` is ComfyUI's SAMPLER, `scheduler` one of its schedulers' names."""

    steps: int
    cfg: float
    sampler: Any
    scheduler: str
    seed: int
    vae_tiling: VaeTiling


class ChunkSampler:
    """Samples one chunk after the other. What all chunks share is computed once, here."""

    @torch.inference_mode()
    def __init__(
        self,
        model: ModelPatcher,
        vae: Any,
        listener: SpeechListener,
        prompts: tuple[list[Any], list[Any]],
        picture: np.ndarray,
        sampling: Sampling,
    ) -> None:
        """Take the prompts (positive, negative), and the portrait, uint8 [height, width, 3], multiples of 64.

        Raises ModelError for a model that isn't Wan S2V, or a VAE that isn't the one it was trained with.
        """
        self._vae, self._listener, self._sampling = vae, listener, sampling
        self._model = attach_hearing(model)
        # To be copied for each chunk: samplers write into it.
        self._sigmas = comfy.samplers.calculate_sigmas(
            self._model.get_model_object("model_sampling"), sampling.scheduler, sampling.steps
        )
        self._reference = encode_frames(vae, torch.from_numpy(picture.copy()).float()[None] / 255, sampling.vae_tiling)
        _require_wan_vae(self._reference, picture)
        shown = {"reference_latents": [self._reference]}
        self._positive, self._negative = (
            node_helpers.conditioning_set_values(prompt, shown, append=True) for prompt in prompts
        )

    @property
    def steps(self) -> int:
        """How many steps a chunk takes, which some schedulers decide."""
        return len(self._sigmas) - 1

    @torch.inference_mode()
    def sample(self, index: int, chunk: Chunk, motion: torch.Tensor | None, on_step: OnStep) -> torch.Tensor:
        """Return the chunk's frames, [frames, height, width, 3] float32 0..1 on the CPU, without the dropped ones.

        It continues from motion, latents [1, 16, 19, h, w] of what encode_motion returned (None for the first). They
        are decoded in front of the chunk's own, so that the join can't be seen; in front of the first the portrait is.
        Source: WanS2V.generate in Wan-Video/Wan2.2, wan/speech2video.py. ComfyUI's own chain decodes all chunks as one
        long latent instead, for which it must keep them, and continues from latents that were never decoded.
        Raises VideoError when the model computes something that is no picture.
        """
        latents = self._denoise(index, chunk, motion, on_step)
        if not torch.isfinite(latents).all():
            raise VideoError(
                f"Chunk {index + 1} came out as values that are no picture (NaN). Finished chunks are kept. Load the "
                "model with another weight_dtype (default, or fp8 in place of fp16), and run the same graph again."
            )
        front = self._reference if motion is None else motion
        frames = decode_latents(self._vae, torch.cat([front.to(latents), latents], dim=2), self._sampling.vae_tiling)
        return frames[-chunk.frames :][chunk.dropped_frames :]

    @torch.inference_mode()
    def encode_motion(self, frames: torch.Tensor) -> torch.Tensor:
        """Return what the next chunk continues from: latents [1, 16, 19, h, w] float32 on the CPU.

        `frames` are all that `sample` returned, 73 or more. They are encoded anew, and not the chunk's own latents
        taken: the first of 73 frames is encoded unlike one in their midst.
        """
        return encode_frames(self._vae, frames[-MOTION_FRAMES:], self._sampling.vae_tiling).to("cpu", torch.float32)

    def _denoise(self, index: int, chunk: Chunk, motion: torch.Tensor | None, on_step: OnStep) -> torch.Tensor:
        sampling = self._sampling
        shape = (1, _LATENT_CHANNELS, chunk.latents, *self._reference.shape[-2:])
        empty = torch.zeros(shape, device=model_management.intermediate_device())
        heard = self._listener.hear(chunk.first_heard_frame, chunk.frames)
        guider = comfy.samplers.CFGGuider(self._model)
        guider.set_conds(
            self._condition(self._positive, heard, empty, motion),
            self._condition(self._negative, heard * 0, empty, motion),
        )
        guider.set_cfg(sampling.cfg)
        seed = (sampling.seed + index) % (LARGEST_SEED + 1)
        return guider.sample(
            comfy.sample.prepare_noise(empty, seed),
            empty,
            sampling.sampler,
            self._sigmas.clone(),
            callback=lambda step, denoised, x, steps: on_step(),
            disable_pbar=True,
            seed=seed,
        )

    def _condition(
        self, prompt: list[Any], heard: torch.Tensor, empty: torch.Tensor, motion: torch.Tensor | None
    ) -> list[Any]:
        """Return a prompt with all that a chunk sees and hears, under the names that ComfyUI's own nodes use."""
        values = {"audio_embed": heard, "control_video": Wan21().process_out(empty)}
        return node_helpers.conditioning_set_values(
            prompt, values if motion is None else {**values, "reference_motion": motion}
        )


def _require_wan_vae(latents: torch.Tensor, picture: np.ndarray) -> None:
    height, width = picture.shape[0] // _PIXELS_PER_LATENT, picture.shape[1] // _PIXELS_PER_LATENT
    if latents.shape != (1, _LATENT_CHANNELS, 1, height, width):
        raise ModelError(
            f"The VAE makes latents of shape {list(latents.shape)} of the portrait. Wan S2V needs the Wan 2.1 VAE: "
            "load wan_2.1_vae.safetensors with Load VAE."
        )
