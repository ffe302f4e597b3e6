"""A compiled model gives the windows of the plain one."""

from __future__ import annotations

from typing import Any

import comfy.samplers
import numpy as np
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfyui_talkingshorts.core.wan_s2v.windows import plan_s2v_windows
from comfyui_talkingshorts.engines.wan_s2v.sampling import S2VSampler, S2VSampling
from support.compiled import compile_model
from support.tiny.long_videos import QuickSpeechEncoder, TinyVideos
from torch._dynamo.utils import counters

FRAMES = 77


def sample_windows(videos: TinyVideos, model: Any) -> list[torch.Tensor]:
    """Return what two windows keep, of two guided steps each."""
    windows = plan_s2v_windows(FRAMES, 73)
    rng = np.random.default_rng(1)
    speech: Any = QuickSpeechEncoder(None, rng.standard_normal(1000 * (FRAMES + 3)).astype(np.float32))
    prompts = (videos.prompt, [[videos.prompt[0][0] * 0, videos.prompt[0][1]]])
    sampling = S2VSampling(2, 6.0, comfy.samplers.sampler_object("euler"), "simple", 1, "auto")
    models = type(videos.models)(model, videos.models.vae, videos.models.audio_encoder)
    sampler = S2VSampler(models, prompts, videos.paint(), speech, windows, sampling)
    first = sampler.sample(0, None, lambda: None)
    return [first.kept, sampler.sample(1, first.motion, lambda: None).kept]


@pytest.mark.usefixtures("whole_attention")
@pytest.mark.parametrize("free_bytes", [0, 1e12], ids=["one by one", "in one forward"])
def test_a_compiled_model_gives_the_same_windows_and_is_compiled_once_for_each_shape(
    free_bytes: float, speech_videos: TinyVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelPatcher, "get_free_memory", lambda *_: free_bytes)
    compiled = compile_model(speech_videos.models.model)

    got = sample_windows(speech_videos, compiled)

    # The first window has no motion, the second has.
    assert counters["stats"]["unique_graphs"] == 2
    assert not counters["graph_break"]
    for window, want in zip(got, sample_windows(speech_videos, speech_videos.models.model), strict=True):
        torch.testing.assert_close(window, want, rtol=1e-3, atol=1e-3)
