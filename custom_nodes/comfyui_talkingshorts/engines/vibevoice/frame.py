"""Make one frame of speech: a latent, its sound, and what the language model reads of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .diffusion import LatentSampler
from .model import SpeechModel


@dataclass(frozen=True)
class Frame:
    """A frame for each take: float32 latent [takes, latent] and sound [takes, samples]; the rest in the model's dtype.

    `semantic` [takes, features] is the sound as the semantic encoder encodes it, `embedding` [takes, hidden] what the
    language model reads next.
    """

    latent: torch.Tensor
    sound: torch.Tensor
    semantic: torch.Tensor
    embedding: torch.Tensor


class FrameMaker:
    """Makes frame after frame; the decoder and the semantic encoder remember the sound so far of each take."""

    def __init__(self, model: SpeechModel, sampler: LatentSampler, takes: int, device: torch.device) -> None:
        self._model = model
        self._sampler = sampler
        self._dtype = model.token_rows.dtype
        self.latent_size = model.diffusion_head.noisy_images_proj.weight.shape[1]
        self._decoder_state = model.acoustic_decoder.start(takes, device, self._dtype)
        self._encoder_state = model.semantic_encoder.start(takes, device, self._dtype)

    @property
    def state(self) -> list[torch.Tensor]:
        """What it remembers, the takes in the first dimension: changed in place by every frame."""
        return self._decoder_state + self._encoder_state

    def start_segment(self, take: int) -> None:
        """Forget the take's sound so far: the original begins each segment of speech from silence."""
        for state in self.state:
            state[take] = 0

    def make(self, noise: torch.Tensor, condition: torch.Tensor) -> Frame:
        """Return the next frame from noise [takes, latent] float32 and conditions [takes or 2 * takes, hidden]."""
        model = self._model
        latent = self._sampler.sample(noise, condition)
        unscaled = latent / model.latent_scaling_factor.float() - model.latent_bias_factor.float()
        sound = model.acoustic_decoder(unscaled[:, None].to(self._dtype), self._decoder_state)
        semantic = model.semantic_encoder(sound, self._encoder_state)[:, 0]
        embedding = model.multi_modal_projector(latent.to(self._dtype)) + model.semantic_connector(semantic)
        return Frame(latent, sound[..., 0].float(), semantic, embedding)
