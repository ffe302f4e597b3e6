"""InfiniteTalk on a GPU, whatever room it has: no two devices or dtypes meet, and it hardly ever waits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.infinitetalk.guidance_batch import GuidanceBatch
from comfyui_talkingshorts.core.infinitetalk.windows import plan_windows
from comfyui_talkingshorts.engines.infinitetalk import sampling
from comfyui_talkingshorts.engines.infinitetalk.audio_features import encode_speech
from comfyui_talkingshorts.engines.infinitetalk.guider import Guidance
from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingModels, TalkingSampler, TalkingSampling
from support.pretended_cuda import Memory, PretendedCuda, list_devices, pretend_cuda
from support.tiny.talking_models import load_models, take_talking_models
from support.tiny.talks import paint
from support.tiny.wan import TALKING_MODELS, TEXT_WIDTH, write_tiny_talking_models

PLENTY_BYTES = 10**10
FRAMES, WINDOW_FRAMES, MOTION_FRAMES = 13, 9, 5


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_tiny_talking_models(folder, [name for name in TALKING_MODELS if "text_encoders" not in name])
    return folder


@pytest.fixture(autouse=True)
def any_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sampling, "read_features", lambda path, indices: np.zeros((*indices.shape, 12, 768), np.float32)
    )


def load(models_dir: Path) -> TalkingModels:
    return take_talking_models(load_models(models_dir))


def sample_windows(
    cuda: PretendedCuda, models: TalkingModels, steps: int = 1, batch: GuidanceBatch = "auto"
) -> list[tuple[int, int]]:
    """Sample two windows: return the syncs and copies until the end of each step."""
    prompt = [[torch.zeros(1, 512, TEXT_WIDTH), {}]]
    guidance = Guidance(text_scale=5.0, audio_scale=4.0, end=1.0, batch=batch, is_projected=False)
    wanted = TalkingSampling(torch.linspace(1, 0, steps + 1), guidance, 1, WINDOW_FRAMES, 1.0, "auto")
    windows = plan_windows(FRAMES, WINDOW_FRAMES, MOTION_FRAMES)
    sampler = TalkingSampler(models, (prompt, prompt), paint(), Path("features"), windows, wanted)
    marks: list[tuple[int, int]] = []
    motion = None
    for index in range(len(windows)):
        window = sampler.sample(index, motion, lambda: marks.append((cuda.syncs, len(cuda.copies))))
        motion = window.motion
    return marks


@pytest.mark.parametrize(("batch", "forwards"), [("batched", 1), ("sequential", 3)])
def test_a_step_waits_for_the_gpu_once_and_copies_its_inputs_alone(
    batch: GuidanceBatch, forwards: int, models_dir: Path
) -> None:
    with pretend_cuda(PLENTY_BYTES) as cuda:
        marks = sample_windows(cuda, load(models_dir), 3, batch)

        for window in (marks[:3], marks[3:]):
            (syncs_before, copies_before), *_, (syncs, copies) = window
            assert syncs - syncs_before <= 2
            assert copies - copies_before <= 2 * (2 + 3 * forwards)
            # Of each branch ComfyUI sends anew what CLIP vision saw, 1.3 MB, and the prompt: never a weight.
            assert sum(cuda.copies[copies_before:copies]) <= 2 * 3 * 1_600_000


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_models_that_do_not_fit_make_windows(share: float, models_dir: Path) -> None:
    with pretend_cuda(PLENTY_BYTES) as cuda:
        models = load(models_dir)
        cuda.total_bytes = share * (models.model.model_size() + models.model_patch.model_size())
        sample_windows(cuda, models)

        devices = list_devices(models.model.model) | list_devices(models.model_patch.model)
        assert torch.device("cpu") in devices


@pytest.mark.parametrize("memory", ["none", "all"])
def test_windows_are_made_as_comfyui_is_told_to_use_the_memory(memory: Memory, models_dir: Path) -> None:
    with pretend_cuda(PLENTY_BYTES, memory) as cuda:
        sample_windows(cuda, load(models_dir))


@pytest.mark.parametrize(
    ("share", "memory"), [(0.2, "normal"), (0.7, "normal"), (2.0, "normal"), (2.0, "none"), (2.0, "all")]
)
def test_the_speech_is_encoded(share: float, memory: Memory, models_dir: Path) -> None:
    with pretend_cuda(PLENTY_BYTES, memory) as cuda:
        encoder = load(models_dir).audio_encoder
        cuda.total_bytes = share * encoder.patcher.model_size()
        blocks = list(encode_speech(encoder, np.zeros(640 * FRAMES, np.float32), FRAMES))

    assert [block.shape for block in blocks] == [(FRAMES, 12, 768)]
