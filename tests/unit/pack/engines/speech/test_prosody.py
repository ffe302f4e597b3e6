from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.speech.prosody import (
    LONGEST_ANALYSED_SECONDS,
    Prosody,
    measure_median_f0,
    measure_prosody,
    resample,
    scale_f0,
)

RATE = 16000


def talk(f0_hz: float, syllables_per_second: float, seconds: float = 8.0, rate: int = RATE) -> np.ndarray:
    """Glottal pulses of gliding F0 through three formants, one swell of loudness a syllable."""
    time = np.arange(round(seconds * rate)) / rate
    phase = np.cumsum(f0_hz * 2 ** (np.sin(2 * np.pi * 0.7 * time) / 6)) / rate
    pulses = np.diff(np.floor(phase), prepend=0.0)
    spectrum = np.fft.rfft(pulses)
    hz = np.fft.rfftfreq(pulses.size, 1 / rate)
    formants = sum(1 / (1 + ((hz - centre) / 80) ** 2) / (1 + hz / 500) for centre in (700, 1200, 2600))
    swell = 0.5 - 0.49 * np.cos(2 * np.pi * syllables_per_second * time)
    voice = np.fft.irfft(spectrum * formants, pulses.size) * swell
    return (0.3 * voice / np.abs(voice).max()).astype(np.float32)


def prosody_of(samples: np.ndarray, rate: int = RATE) -> Prosody:
    return measure_prosody(Sound(samples[None].astype(np.float32), rate))


def tone(hz: float, seconds: float = 5.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("f0_hz", [75, 110, 160, 220, 300, 380])
def test_the_median_f0_of_a_voice_is_found(f0_hz: float) -> None:
    assert prosody_of(talk(f0_hz, 4)).f0_hz == pytest.approx(f0_hz, rel=0.02)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_any_sample_rate_will_do(rate: int) -> None:
    assert prosody_of(talk(150, 4, rate=rate), rate).f0_hz == pytest.approx(150, rel=0.02)


@pytest.mark.parametrize("rate", [2.0, 3.0, 4.0, 5.0])
def test_syllables_are_counted_by_their_swells(rate: float) -> None:
    assert prosody_of(talk(120, rate)).syllables_per_second == pytest.approx(rate, rel=0.08)


def test_pauses_do_not_slow_the_talk() -> None:
    pause = np.zeros(2 * RATE, np.float32)
    clip = np.concatenate([talk(120, 4, 3.0), pause, talk(120, 4, 3.0)])
    assert prosody_of(clip).syllables_per_second == pytest.approx(4.0, rel=0.1)


def test_a_short_clip_tells_the_pitch_but_no_pace() -> None:
    prosody = prosody_of(talk(200, 4, 1.0))
    assert prosody.f0_hz == pytest.approx(200, rel=0.15)
    assert prosody.syllables_per_second is None


NOISE = np.random.default_rng(0).normal(size=5 * RATE)
NOTES = np.concatenate([tone(hz, 0.4) + tone(5 * hz, 0.4) / 3 for hz in (220, 262, 330, 392, 247, 294)] * 2)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(5 * RATE), 0.1 * NOISE, 0.01 * np.cumsum(NOISE), tone(220), tone(220) + tone(277) + tone(330), NOTES],
    ids=["silence", "white noise", "rumble", "whistle", "chord", "melody"],
)
def test_what_is_no_voice_has_no_prosody(samples: np.ndarray) -> None:
    assert prosody_of(samples) == Prosody()


@pytest.mark.parametrize("rate", [1, 100, 1000])
def test_a_sample_rate_too_low_for_a_voice_has_no_prosody(rate: int) -> None:
    assert prosody_of(NOISE, rate) == Prosody()


@pytest.mark.parametrize("count", [1, 10, 1000])
def test_a_clip_too_short_to_tell_has_no_prosody(count: int) -> None:
    assert prosody_of(np.ones(count)) == Prosody()


def test_only_the_first_half_minute_counts() -> None:
    clip = np.concatenate([talk(120, 4, LONGEST_ANALYSED_SECONDS), talk(240, 4, 40.0)])
    assert prosody_of(clip).f0_hz == pytest.approx(120, rel=0.02)


@pytest.mark.parametrize("factor", [0.8, 1.3, 1.6])
def test_f0_is_scaled_and_the_length_kept(factor: float) -> None:
    voice = talk(150, 4, 2.0)
    scaled = scale_f0(voice, RATE, factor)
    assert scaled.shape == voice.shape
    before, after = measure_median_f0(voice, RATE), measure_median_f0(scaled, RATE)
    assert before is not None
    assert after == pytest.approx(before * factor, rel=0.02)


@pytest.mark.parametrize("count", [7000, 8000, 9001])
def test_resampling_keeps_level_and_moves_pitch(count: int) -> None:
    wave = tone(200, 0.5)
    resampled = resample(wave, count)
    assert resampled.shape == (count,)
    assert np.std(resampled) == pytest.approx(np.std(wave), rel=0.01)
    assert np.abs(np.fft.rfft(resampled)).argmax() == np.abs(np.fft.rfft(wave)).argmax()


def test_the_same_sound_is_always_shifted_the_same() -> None:
    """Praat repeats unvoiced sound at random."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 32000).astype(np.float32)

    assert np.array_equal(scale_f0(noise, 16000, 1.2), scale_f0(noise, 16000, 1.2))
