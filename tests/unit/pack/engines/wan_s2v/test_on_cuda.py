"""Wan S2V on a GPU, whatever room it has: no two devices or dtypes meet, and it hardly ever waits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import comfy.samplers
import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.wan_s2v.windows import LEADING_FRAMES, plan_s2v_windows
from comfyui_talkingshorts.engines.wan_s2v.sampling import S2VModels, S2VSampler, S2VSampling
from comfyui_talkingshorts.engines.wan_s2v.speech_features import SpeechEncoder
from support.pretended_cuda import Memory, PretendedCuda, list_devices, pretend_cuda
from support.tiny.long_videos import QuickVae
from support.tiny.s2v import S2V_MODELS
from support.tiny.talking_models import load_models
from support.tiny.talks import paint
from support.tiny.wan import TEXT_WIDTH, video_vae, write_models

PLENTY_BYTES = 10**11
FRAMES, WINDOW_FRAMES = 77, 73


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_models(folder, {**S2V_MODELS, "vae/wan_2.1_vae.safetensors": video_vae})
    return folder


def load(models_dir: Path) -> S2VModels:
    models = load_models(models_dir)
    return S2VModels(models["diffusion_models"], models["vae"], models["audio_encoders"])


def sample_windows(cuda: PretendedCuda, models: S2VModels, steps: int = 1) -> list[tuple[int, int]]:
    """Encode a speech and sample two windows: return the syncs and copies until the end of each step."""
    prompt = [[torch.zeros(1, 512, TEXT_WIDTH), {}]]
    speech = SpeechEncoder(models.audio_encoder, np.zeros(1000 * (LEADING_FRAMES + FRAMES), np.float32))
    sampling = S2VSampling(steps, 6.0, comfy.samplers.sampler_object("euler"), "simple", 1, "auto")
    windows = plan_s2v_windows(FRAMES, WINDOW_FRAMES)
    sampler = S2VSampler(models, (prompt, prompt), paint(64, 64), speech, windows, sampling)
    marks: list[tuple[int, int]] = []
    motion = None
    for index in range(len(windows)):
        window = sampler.sample(index, motion, lambda: marks.append((cuda.syncs, len(cuda.copies))))
        motion = window.motion
    return marks


def test_a_step_waits_for_the_gpu_once_and_copies_its_inputs_alone(models_dir: Path) -> None:
    with pretend_cuda(PLENTY_BYTES) as cuda:
        marks = sample_windows(cuda, load(models_dir), 3)

        for window in (marks[:3], marks[3:]):
            (syncs_before, copies_before), *_, (syncs, copies) = window
            assert syncs - syncs_before <= 2
            assert copies - copies_before <= 20
            # Of each branch ComfyUI sends the features of the sound anew, 8 MB: never a weight.
            assert sum(cuda.copies[copies_before:copies]) <= 2 * 2 * 10_000_000


@pytest.mark.parametrize("share", [0.1, 0.7])
def test_models_that_do_not_fit_make_windows(share: float, models_dir: Path) -> None:
    with pretend_cuda(PLENTY_BYTES) as cuda:
        models = replace(load(models_dir), vae=QuickVae())
        cuda.total_bytes = share * models.model.model_size()
        sample_windows(cuda, models)

        assert torch.device("cpu") in list_devices(models.model.model)


@pytest.mark.parametrize("memory", ["none", "all"])
def test_windows_are_made_as_comfyui_is_told_to_use_the_memory(memory: Memory, models_dir: Path) -> None:
    with pretend_cuda(PLENTY_BYTES, memory) as cuda:
        sample_windows(cuda, load(models_dir))
