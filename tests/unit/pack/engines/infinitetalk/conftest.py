"""What samples a window of a tiny talking video.

ComfyUI, which the engine imports, is on the path only when every conftest is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

if TYPE_CHECKING:
    from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingModels, TalkingWindow

Sample = Callable[..., "TalkingWindow"]
FRAMES, WINDOW_FRAMES = 13, 9


@pytest.fixture(scope="module")
def prompts(talking_models: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    from support.tiny.talking_models import encode_prompt

    encoder = talking_models["text_encoders"]
    return encode_prompt(encoder, "a woman talks"), encode_prompt(encoder, "blurry")


@pytest.fixture(scope="module")
def features_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of what is heard in each of FRAMES frames."""
    path = tmp_path_factory.mktemp("features") / "features.npy"
    np.save(path, np.random.default_rng(1).standard_normal((FRAMES, 12, 768)).astype(np.float32))
    return path


@pytest.fixture
def models(talking_models: dict[str, Any]) -> TalkingModels:
    from support.tiny.talking_models import take_talking_models

    return take_talking_models(talking_models)


@pytest.fixture
def sample(models: TalkingModels, prompts: tuple[list[Any], list[Any]], features_path: Path) -> Sample:
    """Return a function that samples the window `index` of the video."""
    from comfyui_talkingshorts.core.infinitetalk.flow_schedule import plan_sigmas
    from comfyui_talkingshorts.core.infinitetalk.windows import plan_windows
    from comfyui_talkingshorts.engines.infinitetalk.guider import Guidance
    from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingSampler, TalkingSampling
    from support.tiny.talks import HEIGHT, WIDTH, paint

    def sample_window(
        index: int = 0,
        steps: int = 2,
        frames: int = FRAMES,
        model: Any = models.model,
        model_patch: Any = models.model_patch,
        **guidance: Any,
    ) -> TalkingWindow:
        scales = {"text_scale": 5.0, "audio_scale": 4.0, "end": 1.0, "batch": "auto", "is_projected": False}
        sigmas = torch.from_numpy(plan_sigmas(steps, 7.0))
        sampling = TalkingSampling(sigmas, Guidance(**{**scales, **guidance}), 1, WINDOW_FRAMES, 0.0, "auto")
        windows = plan_windows(frames, WINDOW_FRAMES, 5)
        chosen = replace(models, model=model, model_patch=model_patch)
        sampler = TalkingSampler(chosen, prompts, paint(), features_path, windows, sampling)
        motion = None if index == 0 else torch.rand(5, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(1))
        return sampler.sample(index, motion, lambda: None)

    return sample_window
