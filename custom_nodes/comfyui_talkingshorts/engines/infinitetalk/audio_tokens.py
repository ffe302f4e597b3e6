"""The tokens by which the video model hears a window."""

from __future__ import annotations

import torch
from comfy.ldm.wan.model_multitalk import MultiTalkAudioProjModel


def project_audio(projector: MultiTalkAudioProjModel, features: torch.Tensor) -> torch.Tensor:
    """Return [1, latent frames, 32, width], what InfiniteTalk's cross-attention attends to in each latent frame.

    features is [frames, 5, 12, 768]: of each of the window's frames (4n+1) its own and two to either side. The first
    latent frame hears all five; each later one, of four frames, the first's own and those before, the own of the two
    in the middle, and the last's own and those after. For no sound, send zeros.
    Source: MeiGen-AI/InfiniteTalk, wan/modules/multitalk_model.py.
    """
    first, later = features[:1], features[1:].unflatten(0, (-1, 4))
    middle = features.shape[1] // 2
    parts = [later[:, 0, : middle + 1], later[:, 1:3, middle], later[:, 3, middle:]]
    return projector(first[None], torch.cat(parts, dim=1)[None])
