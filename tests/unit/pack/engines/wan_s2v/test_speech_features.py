"""Wan S2V gets of a speech the features that the official code makes of it, however long the speech is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from comfy_extras.nodes_wan import get_audio_embed_bucket_fps, linear_interpolation
from comfyui_talkingshorts.core.errors import ModelError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.wan_s2v import speech_features
from comfyui_talkingshorts.engines.wan_s2v.speech_features import SpeechEncoder, normalize_speech
from support.tiny.talks import speak

SILENCE = Sound(np.zeros((1, 16000), np.float32), 16000)


@pytest.fixture
def encoder(speech_models: dict[str, Any]) -> Any:
    return speech_models["audio_encoders"]


class SmallEncoder:
    """Stands for wav2vec2 large: its states are those of the convolutions, and the mean of all it encodes at once."""

    load_device = torch.device("cpu")
    patcher = None

    def __init__(self) -> None:
        self.longest_samples = self.longest_steps = 0
        self.encoder = self.encode

    def feature_extractor(self, samples: torch.Tensor) -> torch.Tensor:
        self.longest_samples = max(self.longest_samples, samples.shape[-1])
        return samples.unfold(-1, 400, 320).mean(-1)[..., None].expand(-1, -1, 1024)

    def feature_projection(self, steps: torch.Tensor) -> torch.Tensor:
        return steps

    def encode(self, steps: torch.Tensor) -> tuple[None, tuple[torch.Tensor, ...]]:
        self.longest_steps = max(self.longest_steps, steps.shape[1])
        return None, 24 * (steps,) + (steps - steps.mean(),)


@pytest.fixture
def small_encoder(monkeypatch: pytest.MonkeyPatch) -> SmallEncoder:
    monkeypatch.setattr(speech_features, "require_wav2vec2", lambda encoder, *_: encoder)
    monkeypatch.setattr(speech_features.model_management, "load_model_gpu", lambda patcher: None)
    return SmallEncoder()


def test_it_is_what_comfyuis_own_nodes_make_of_the_speech_after_three_frames_of_silence(encoder: Any) -> None:
    speech = speak(90, fps=16)
    padded = np.pad(speech.samples, ((0, 0), (3000, 0)))

    with torch.inference_mode():
        output = encoder.encode_audio(torch.from_numpy(padded)[None], 16000)
        states = linear_interpolation(torch.cat(output["encoded_audio_all_layers"]), 50, 30)
        bucket, chunks = get_audio_embed_bucket_fps(states, batch_frames=80)
    speech_encoder = SpeechEncoder(encoder, normalize_speech(speech))
    heard = torch.cat([speech_encoder.encode(0, 80), speech_encoder.encode(80, 80)], dim=-1)

    assert chunks == 2
    assert heard.shape == (1, 25, 1024, 160)
    np.testing.assert_allclose(heard[0], bucket.permute(1, 2, 0), atol=2e-4)
    assert heard[..., 92].abs().max() > 0.1
    assert not heard[..., 93:].any()


def test_the_features_of_speech_vary_and_those_of_silence_do_not(encoder: Any) -> None:
    speech, silence = (SpeechEncoder(encoder, normalize_speech(sound)).encode(0, 19) for sound in (speak(16), SILENCE))

    assert speech.std(dim=-1).mean() > 0.4
    assert silence.std(dim=-1).mean() < 0.05


@pytest.mark.parametrize(
    ("samples", "rate", "channels", "frames"),
    [(1, 16000, 1, 1), (16000, 16000, 2, 16), (16001, 16000, 1, 17), (44100, 44100, 2, 16), (44101, 44100, 1, 17)],
)
def test_any_sound_becomes_mono_at_16_khz_of_whole_frames_after_three_of_silence(
    samples: int, rate: int, channels: int, frames: int
) -> None:
    noise = 0.01 * np.random.default_rng(1).standard_normal((channels, samples)).astype(np.float32)

    speech = normalize_speech(Sound(noise, rate))

    assert speech.shape == (1000 * (3 + frames),)
    assert speech.dtype == np.float32
    assert np.ptp(speech[:3000]) == 0
    assert speech[3000:].std() > 0


def test_loud_and_quiet_speech_sound_alike() -> None:
    speech = speak(20, fps=16)
    quiet = Sound(speech.samples / 10, speech.sample_rate_hz)

    heard = normalize_speech(speech)

    assert (heard.mean(), heard.std()) == pytest.approx((0, 1), abs=1e-3)
    np.testing.assert_allclose(normalize_speech(quiet), heard, atol=0.02)


def test_speech_of_up_to_40_seconds_is_encoded_as_a_whole_once(small_encoder: SmallEncoder) -> None:
    speech_encoder = SpeechEncoder(small_encoder, normalize_speech(speak(16 * 40 - 4, fps=16)))

    for window in range(8):
        speech_encoder.encode(80 * window, 80)

    assert small_encoder.longest_steps == 1996


def test_longer_speech_is_encoded_in_parts_and_takes_no_more_memory_however_long(small_encoder: SmallEncoder) -> None:
    speech = normalize_speech(speak(16 * 120, fps=16))
    speech_encoder = SpeechEncoder(small_encoder, speech)

    parts = [speech_encoder.encode(80 * window, 80) for window in range(25)]

    assert small_encoder.longest_steps <= 50 * (8 + 5 + 8) + 2
    assert small_encoder.longest_samples <= 5 * 16000 + 80
    steps = torch.from_numpy(speech).unfold(0, 400, 320).mean(-1)
    whole = torch.nn.functional.interpolate(
        steps[None, None], size=speech_encoder._picked, mode="linear", align_corners=True
    )
    numbers = np.round(np.arange(1923) * 1.875).astype(int)
    np.testing.assert_allclose(torch.cat(parts, dim=-1)[0, 0, 0, :1922], whole[0, 0, numbers[:1922]], atol=2e-3)


def test_a_part_is_the_same_whatever_was_encoded_before(small_encoder: SmallEncoder) -> None:
    speech = normalize_speech(speak(16 * 60, fps=16))
    afresh, speech_encoder = SpeechEncoder(small_encoder, speech), SpeechEncoder(small_encoder, speech)

    for window in range(5):
        speech_encoder.encode(80 * window, 80)

    assert torch.equal(speech_encoder.encode(400, 80), afresh.encode(400, 80))


def test_wav2vec2_base_is_refused(talking_models: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"12 layers of 768.*wav2vec2_large_english_fp16"):
        SpeechEncoder(talking_models["audio_encoders"], normalize_speech(SILENCE))


@pytest.mark.parametrize(
    ("encoder", "words"), [(None, "is nothing"), (SimpleNamespace(model=torch.nn.Linear(1, 1)), "Linear")]
)
def test_what_is_no_wav2vec2_is_refused(encoder: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        SpeechEncoder(encoder, normalize_speech(SILENCE))
