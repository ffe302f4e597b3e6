"""The tiny Wan and InfiniteTalk that tests run on load as real ones do, and hear, read and see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.infinitetalk.flow_schedule import plan_sigmas
from comfyui_talkingshorts.core.infinitetalk.windows import plan_windows
from comfyui_talkingshorts.engines.infinitetalk.audio_features import encode_speech
from comfyui_talkingshorts.engines.infinitetalk.guider import Guidance
from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingSampler, TalkingSampling
from support.tiny.talking_models import encode_prompt, load_models, take_talking_models
from support.tiny.wan import TALKING_MODELS, write_tiny_talking_models

Make = Callable[..., np.ndarray]
FRAMES = 9


def hear(models: dict[str, Any], speech: np.ndarray) -> np.ndarray:
    """Return the features of a speech: [FRAMES, 12, 768]."""
    return np.concatenate(list(encode_speech(models["audio_encoders"], speech, FRAMES)))


def speak(seed: int) -> np.ndarray:
    """Return noise that swells and fades as syllables do: [samples] float32."""
    samples = np.random.default_rng(seed).standard_normal(FRAMES * 640)
    return (0.1 * samples * np.sin(np.linspace(0, 9, samples.size))).astype(np.float32)


def paint(seed: int) -> np.ndarray:
    """Return a picture [32, 32, 3] uint8 of a few large spots."""
    return np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8).repeat(8, 0).repeat(8, 1)


@pytest.fixture(scope="module")
def make(talking_models: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that makes the frames [FRAMES, 32, 32, 3] of one window."""
    path = tmp_path_factory.mktemp("features") / "features.npy"

    def make_frames(prompt: str = "a woman talks", speech_seed: int = 0, picture_seed: int = 0) -> np.ndarray:
        np.save(path, hear(talking_models, speak(speech_seed)))
        positive, negative = (encode_prompt(talking_models["text_encoders"], text) for text in (prompt, "blurry"))
        guidance = Guidance(text_scale=5.0, audio_scale=4.0, end=1.0, batch="auto", is_projected=False)
        sigmas = torch.from_numpy(plan_sigmas(2, 7.0))
        sampling = TalkingSampling(
            sigmas, guidance, seed=1, window_frames=FRAMES, colour_strength=0.0, vae_tiling="auto"
        )
        windows = plan_windows(FRAMES, FRAMES, 1)
        models = take_talking_models(talking_models)
        sampler = TalkingSampler(models, (positive, negative), paint(picture_seed), path, windows, sampling)
        return sampler.sample(0, None, lambda: None).kept.numpy()

    return make_frames


def test_models_are_whole_and_the_same_each_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_tiny_talking_models(tmp_path / "one")
    write_tiny_talking_models(tmp_path / "two")

    load_models(tmp_path / "one")

    assert "missing" not in caplog.text
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in TALKING_MODELS
    )


def test_speech_is_heard_to_vary_and_silence_is_not(talking_models: dict[str, Any]) -> None:
    speech = speak(0)

    assert hear(talking_models, speech).std(axis=0).mean() > 0.4
    assert hear(talking_models, 0 * speech).std(axis=0).mean() < 0.05


def test_frames_are_pictures_that_move(make: Make) -> None:
    frames = make()

    assert frames.shape == (FRAMES, 32, 32, 3)
    assert np.isfinite(frames).all()
    assert 0.3 < frames.mean() < 0.7
    assert frames.std(axis=(1, 2)).min() > 0.03
    assert frames.std(axis=0).mean() > 0.03
    assert ((frames == 0) | (frames == 1)).mean() < 0.05


@pytest.mark.parametrize(
    "change",
    [{"prompt": "an old man looks at the sea"}, {"speech_seed": 1}, {"picture_seed": 1}],
    ids=lambda c: next(iter(c)),
)
def test_frames_depend_on(change: dict[str, Any], make: Make) -> None:
    assert np.abs(make(**change) - make()).mean() > 0.005
