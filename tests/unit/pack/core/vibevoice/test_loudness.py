from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.core.vibevoice.loudness import normalize_loudness

NOISE = np.random.default_rng(0).normal(size=24000).astype(np.float32)


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize("level", [1e-3, 0.05, 0.3, 1000.0])
def test_a_voice_of_any_level_ends_at_25_dB_below_full_scale(level: float) -> None:
    assert 20 * np.log10(rms(normalize_loudness(level * NOISE))) == pytest.approx(-25, abs=0.02)


def test_the_peak_stays_within_full_scale_at_the_cost_of_loudness() -> None:
    peaky = 0.001 * NOISE
    peaky[1000] = 0.9
    levelled = normalize_loudness(peaky)
    assert np.abs(levelled).max() == pytest.approx(1, abs=1e-5)
    assert np.abs(levelled).max() <= 1
    assert rms(levelled) < 10 ** (-25 / 20)


def test_near_silence_is_raised_no_further_than_its_own_level_allows() -> None:
    faint = np.full(3200, 1e-6, np.float32)
    assert normalize_loudness(faint) == pytest.approx(np.full(3200, 10 ** (-25 / 20) / 2), rel=1e-3)


def test_silence_stays_silence() -> None:
    assert not normalize_loudness(np.zeros(100, np.float32)).any()


def test_the_samples_stay_float32_and_the_input_as_it_was() -> None:
    before = NOISE.copy()
    assert normalize_loudness(NOISE).dtype == np.float32
    assert np.array_equal(NOISE, before)
