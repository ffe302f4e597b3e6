from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.core.sound import Sound, count_video_frames
from comfyui_talkingshorts.engines.infinitetalk.speech import level_speech, prepare_speech
from pyloudnorm import Meter


def tone(seconds: float, rate_hz: int = 16000, level: float = 0.1, hz: float = 440.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def loudness_lufs(samples: np.ndarray) -> float:
    return Meter(16000).integrated_loudness(samples)


@pytest.mark.parametrize("level", [0.001, 0.1, 1.0])
def test_speech_is_brought_to_one_loudness(level: float) -> None:
    assert loudness_lufs(level_speech(tone(2, level=level))) == pytest.approx(-23, abs=0.01)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.39])
def test_a_clip_too_short_to_be_measured_is_brought_to_the_same_level(seconds: float) -> None:
    clip = tone(seconds)
    gain = level_speech(clip)[-5:] / clip[-5:]

    assert gain == pytest.approx(np.full(5, level_speech(tone(2))[777] / tone(2)[777]), rel=0.15)


@pytest.mark.parametrize("samples", [np.zeros(1, np.float32), np.zeros(32000, np.float32), tone(2, level=1e-6)])
def test_silence_stays_as_it_is(samples: np.ndarray) -> None:
    assert np.array_equal(level_speech(samples), samples)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 44101, 48000, 96000])
@pytest.mark.parametrize("samples", [1, 10, 319, 5000, 12345])
def test_speech_fills_whole_video_frames_at_any_rate(rate_hz: int, samples: int) -> None:
    sound = Sound(tone(2, rate_hz)[None, :samples], rate_hz)
    speech = prepare_speech(sound)

    assert (speech.size, speech.dtype) == (640 * count_video_frames(sound), np.float32)
    assert np.isfinite(speech).all()


def test_what_is_missing_to_a_whole_frame_is_silence() -> None:
    speech = prepare_speech(Sound(tone(1.01)[None], 16000))

    assert speech.size == 26 * 640
    assert np.abs(speech[16100:16160]).max() > 0.01
    assert not speech[16160:].any()


@pytest.mark.parametrize("rate_hz", [22050, 44100, 48000])
def test_the_rate_of_a_recording_makes_no_difference(rate_hz: int) -> None:
    at_16khz, resampled = (prepare_speech(Sound(tone(1, rate, hz=6000)[None], rate)) for rate in (16000, rate_hz))

    assert resampled[400:-400] == pytest.approx(at_16khz[400:-400], abs=1e-5)


def test_all_channels_are_heard() -> None:
    low, high = tone(1, hz=300), tone(1, hz=700)
    both = prepare_speech(Sound(np.stack([low, high]), 16000))

    assert both == pytest.approx(level_speech(low + high), abs=1e-5)
