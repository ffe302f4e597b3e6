from __future__ import annotations

from typing import Any

import pytest
import torch
from comfyui_talkingshorts.engines.infinitetalk.audio_tokens import project_audio


class Listener:
    """A projector that only notes what it is given."""

    def __call__(self, first: torch.Tensor, later: torch.Tensor) -> Any:
        self.first, self.later = first, later


def test_each_latent_frame_hears_its_frames_and_two_to_either_side() -> None:
    positions = torch.arange(9)[:, None] + torch.arange(-2, 3)
    listener: Any = Listener()
    project_audio(listener, positions[..., None, None].float().expand(9, 5, 12, 768))

    assert listener.first.shape == (1, 1, 5, 12, 768)
    assert listener.later.shape == (1, 2, 8, 12, 768)
    assert listener.first[0, :, :, 0, 0].tolist() == [[-2, -1, 0, 1, 2]]
    assert listener.later[0, :, :, 0, 0].tolist() == [[-1, 0, 1, 2, 3, 4, 5, 6], [3, 4, 5, 6, 7, 8, 9, 10]]


@pytest.mark.parametrize("frames", [1, 5, 81])
def test_a_window_of_any_length_gives_its_tokens(frames: int) -> None:
    import comfy.ops
    from comfy.ldm.wan.model_multitalk import MultiTalkAudioProjModel

    projector = MultiTalkAudioProjModel(
        5, 8, channels=4, blocks=2, intermediate_dim=6, out_dim=3, context_tokens=2, operations=comfy.ops.manual_cast
    )
    for parameter in projector.parameters():
        torch.nn.init.normal_(parameter.data)

    assert project_audio(projector, torch.zeros(frames, 5, 2, 4)).shape == (1, (frames - 1) // 4 + 1, 2, 3)
