from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.engines.speech.prosody import measure_median_f0
from comfyui_talkingshorts.engines.vibevoice.time_stretch import stretch

RATE = 24000


def voice(f0_hz: float, seconds: float) -> np.ndarray:
    """Harmonics falling by 6 dB an octave, gliding half a tone up and down."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(f0_hz * 2 ** (np.sin(2 * np.pi * time) / 24)) / RATE
    return (0.15 * np.sum([np.sin(k * phase) / k for k in range(1, 20)], axis=0)).astype(np.float32)


def onsets(samples: np.ndarray) -> np.ndarray:
    """Return the first sample of each sound that follows 10 ms of silence."""
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    return loud[np.diff(loud, prepend=-RATE) > RATE // 100]


@pytest.mark.parametrize("factor", [0.92, 0.95, 0.9999, 1.0001, 1.03, 1.08])
@pytest.mark.parametrize("seconds", [0.3, 1.2345])
def test_the_length_is_met_to_the_sample(seconds: float, factor: float) -> None:
    speech = voice(150, seconds)
    length = round(speech.size * factor)
    stretched = stretch(speech, RATE, length)

    assert stretched.shape == (length,)
    assert stretched.dtype == np.float32


@pytest.mark.parametrize("factor", [0.92, 1.08])
@pytest.mark.parametrize("f0_hz", [80, 120, 220, 380])
def test_the_pitch_and_the_loudness_stay(f0_hz: float, factor: float) -> None:
    speech = voice(f0_hz, 1.0)
    stretched = stretch(speech, RATE, round(RATE * factor))

    assert measure_median_f0(stretched, RATE) == pytest.approx(measure_median_f0(speech, RATE), rel=0.01)
    assert stretched.std() == pytest.approx(speech.std(), rel=0.1)


@pytest.mark.parametrize("factor", [0.92, 1.08])
def test_every_syllable_starts_where_it_should(factor: float) -> None:
    pause = np.zeros(2400, np.float32)
    speech = np.concatenate([pause, *[part for f0_hz in (110, 150, 130, 180) for part in (voice(f0_hz, 0.2), pause)]])
    stretched = stretch(speech, RATE, round(speech.size * factor))

    assert onsets(stretched) == pytest.approx(onsets(speech) * factor, abs=0.003 * RATE)


def test_the_same_length_leaves_every_sample_as_it_is() -> None:
    speech = voice(150, 0.1)

    assert np.array_equal(stretch(speech, RATE, speech.size), speech)


NOT_VOICES = {
    "silence": np.zeros(RATE),
    "direct current": np.ones(RATE),
    "noise": np.random.default_rng(0).uniform(-1, 1, 3 * RATE),
    "a click": np.eye(1, 5000)[0],
    "20 ms": np.ones(480),
    "one sample": np.ones(1),
}


@pytest.mark.parametrize("samples", NOT_VOICES.values(), ids=NOT_VOICES)
def test_what_is_no_voice_stays_finite_and_meets_the_length(samples: np.ndarray) -> None:
    length = samples.size + 1 + samples.size // 15
    stretched = stretch(samples.astype(np.float32), RATE, length)

    assert stretched.shape == (length,)
    assert np.isfinite(stretched).all()


def test_a_long_speech_is_stretched_in_blocks_that_meet_in_its_pauses() -> None:
    time = np.arange(round(1.37 * RATE)) / RATE
    hum = np.minimum(time, time[::-1]).clip(max=0.02) / 0.02 * voice(201.3, 1.37)
    speech = np.tile(np.concatenate([hum, np.zeros(RATE // 5)]), 25).astype(np.float32)
    stretched = stretch(speech, RATE, round(speech.size * 1.05))

    assert onsets(stretched) == pytest.approx(onsets(speech) * 1.05, abs=0.005 * RATE)
    assert np.abs(np.diff(stretched)).max() < 1.5 * np.abs(np.diff(speech)).max()


def test_the_same_speech_is_always_stretched_the_same() -> None:
    """Praat repeats unvoiced sound at random."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 2 * RATE).astype(np.float32)

    assert np.array_equal(stretch(noise, RATE, round(2.1 * RATE)), stretch(noise, RATE, round(2.1 * RATE)))
