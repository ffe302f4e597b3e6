"""wav2vec2 base itself is large: all but its refusal of others is held by a narrower one of two layers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import comfy.ops
import numpy as np
import pytest
import torch
from comfy.audio_encoders.wav2vec2 import Wav2Vec2Model
from comfyui_talkingshorts.core.errors import ModelError
from comfyui_talkingshorts.engines.infinitetalk import audio_features
from comfyui_talkingshorts.engines.infinitetalk.audio_features import (
    encode_speech,
    plan_passages,
    read_features,
    require_wav2vec2_base,
    write_features,
)

LAYERS, CHANNELS = 2, 48


@pytest.fixture(scope="module")
def model() -> Wav2Vec2Model:
    torch.manual_seed(0)
    network = Wav2Vec2Model(
        embed_dim=CHANNELS,
        num_heads=4,
        num_layers=LAYERS,
        conv_norm=False,
        conv_bias=False,
        do_normalize=False,
        do_stable_layer_norm=False,
        dtype=torch.float16,
        device="cpu",
        operations=comfy.ops.manual_cast,
    )
    for name, parameter in network.named_parameters():
        scale = 1.5 / max(parameter[0].numel(), 1) ** 0.5 if parameter.ndim > 1 else 0.1
        parameter.data.normal_(0, scale)
        if "norm.weight" in name:
            parameter.data += 1
    return network.eval()


@pytest.fixture
def audio_encoder(model: Wav2Vec2Model, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(audio_features, "LAYERS", LAYERS)
    monkeypatch.setattr(audio_features, "CHANNELS", CHANNELS)
    monkeypatch.setattr(audio_features.model_management, "load_model_gpu", lambda patcher: None)
    return SimpleNamespace(model=model, patcher=None, load_device=torch.device("cpu"))


def speak(samples: int) -> np.ndarray:
    """Noise whose loudness changes, so that the convolutions' norm is not the same everywhere."""
    swell = np.linspace(0.01, 0.3, samples) if samples > 1 else 0.1
    return (np.random.default_rng(0).standard_normal(samples) * swell).astype(np.float32)


def hear(audio_encoder: Any, speech: np.ndarray, frames: int) -> np.ndarray:
    return np.concatenate(list(encode_speech(audio_encoder, speech, frames)))


@torch.inference_mode()
def hear_at_once(model: Wav2Vec2Model, speech: np.ndarray, frames: int) -> np.ndarray:
    """As the official code does."""
    heard = model.feature_extractor(torch.from_numpy(speech)[None]).transpose(1, 2)
    heard = torch.nn.functional.interpolate(heard, size=frames, mode="linear", align_corners=True).transpose(1, 2)
    _, states = model.encoder(model.feature_projection(heard))
    return torch.stack(states[1:], dim=2)[0].numpy()


@pytest.mark.parametrize(("samples", "frames"), [(640, 1), (1280, 2), (16000, 25), (35700, 55), (128 * 640, 128)])
def test_speech_heard_in_pieces_sounds_as_it_does_at_once(
    audio_encoder: Any, monkeypatch: pytest.MonkeyPatch, samples: int, frames: int
) -> None:
    monkeypatch.setattr(audio_features, "_PIECE_STEPS", 37)
    monkeypatch.setattr(audio_features, "_BLOCK_FRAMES", 20)
    speech = speak(samples)
    features = hear(audio_encoder, speech, frames)

    assert (features.shape, features.dtype) == ((frames, LAYERS, CHANNELS), np.float32)
    assert features == pytest.approx(hear_at_once(audio_encoder.model, speech, frames), abs=2e-4)


def test_passages_of_long_speech_give_each_frame_its_own_features(
    audio_encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_features, "LONGEST_WHOLE_FRAMES", 40)
    monkeypatch.setattr(audio_features, "_PASSAGE_FRAMES", 40)
    monkeypatch.setattr(audio_features, "_KEPT_FRAMES", 30)
    monkeypatch.setattr(audio_features, "_BLOCK_FRAMES", 20)
    # A transformer that looks at nothing else than its frame: then passages can't differ from the whole.
    monkeypatch.setattr(audio_encoder.model.encoder, "forward", lambda heard: (heard, (heard, heard, -heard)))
    speech = speak(90 * 640)

    assert hear(audio_encoder, speech, 90) == pytest.approx(hear_at_once(audio_encoder.model, speech, 90), abs=2e-4)


@pytest.mark.parametrize("frames", [1, 999, 1000])
def test_up_to_forty_seconds_are_heard_as_a_whole(frames: int) -> None:
    assert [(p.start_frame, p.end_frame) for p in plan_passages(frames)] == [(0, frames)]


@pytest.mark.parametrize("frames", [1001, 1400, 1401, 2000, 90000])
def test_passages_keep_all_frames_and_are_heard_in_context(frames: int) -> None:
    passages = plan_passages(frames)

    assert (passages[0].kept_start_frame, passages[-1].kept_end_frame) == (0, frames)
    assert all(a.kept_end_frame == b.kept_start_frame for a, b in pairwise(passages))
    for passage in passages:
        assert passage.end_frame - passage.start_frame == 500
        assert passage.start_frame == 0 or passage.kept_start_frame - passage.start_frame >= 150
        assert passage.end_frame == frames or passage.end_frame - passage.kept_end_frame >= 150
        assert 0 <= passage.start_frame < passage.end_frame <= frames


def test_silence_is_heard_as_finite_features(audio_encoder: Any) -> None:
    assert np.isfinite(hear(audio_encoder, np.zeros(6400, np.float32), 10)).all()


def test_features_are_read_from_their_file_at_any_frames(audio_encoder: Any, tmp_path: Path) -> None:
    path, reports = tmp_path / "features.npy", []
    write_features(audio_encoder, speak(30 * 640), 30, path, lambda done, total: reports.append((done, total)))
    whole = hear(audio_encoder, speak(30 * 640), 30)
    indices = np.array([[0, 1], [29, 29]])

    assert np.array_equal(read_features(path, indices), whole[indices])
    assert np.array_equal(np.load(path), whole)
    assert reports[-1] == (30, 30)


def test_features_cut_short_leave_no_file(audio_encoder: Any, tmp_path: Path) -> None:
    def cancel(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        write_features(audio_encoder, speak(30 * 640), 30, tmp_path / "features.npy", cancel)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        (None, "is nothing"),
        (SimpleNamespace(model=torch.nn.Linear(1, 1)), "is Linear"),
        (SimpleNamespace(model=torch.nn.Identity()), "wav2vec2-chinese-base"),
    ],
)
def test_what_is_no_wav2vec2_is_refused(encoder: Any, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        require_wav2vec2_base(encoder)


def test_a_wav2vec2_of_another_width_is_refused(model: Wav2Vec2Model) -> None:
    with pytest.raises(ModelError, match="2 layers of 48"):
        require_wav2vec2_base(SimpleNamespace(model=model))
