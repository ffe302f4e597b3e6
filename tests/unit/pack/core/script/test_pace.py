from __future__ import annotations

import math

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.script.pace import FASTEST_PACE, SLOWEST_PACE, plan_timing, require_target

RATE = 22050
NATURAL = 8 * RATE


@pytest.mark.parametrize("target_seconds", [6.4, 7.123, 8.0, 9.99, 30.0])
def test_a_target_is_met_to_the_sample(target_seconds: float) -> None:
    timing = plan_timing(NATURAL, RATE, 1.0, target_seconds, 24)
    assert timing.total_samples == round(target_seconds * RATE)
    assert min(timing.lead_samples, timing.tail_samples) >= 0


@pytest.mark.parametrize("target_seconds", [6.5, 8.0, 10.0])
def test_pace_comes_before_silence(target_seconds: float) -> None:
    timing = plan_timing(NATURAL, RATE, 1.0, target_seconds, 24)
    assert timing.lead_samples + timing.tail_samples <= 0.3 * RATE + 1
    assert NATURAL / FASTEST_PACE <= timing.speech_samples <= NATURAL / SLOWEST_PACE


def test_silence_at_both_edges_fills_what_the_slowest_pace_leaves() -> None:
    timing = plan_timing(NATURAL, RATE, 1.0, 20.0, 24)
    assert timing.speech_samples == NATURAL / SLOWEST_PACE
    assert timing.lead_samples == 0.5 * RATE
    assert timing.tail_samples == 9.5 * RATE


def test_a_script_that_just_fits_has_no_edge_silence() -> None:
    timing = plan_timing(NATURAL, RATE, 1.0, 6.4, 24)
    assert (timing.lead_samples, timing.tail_samples) == (0, 0)


def test_a_script_that_cannot_fit_is_refused_with_the_length_and_what_would_fit() -> None:
    with pytest.raises(InputError, match=r"24 words take 6\.4 s at the fastest.*target_seconds is 4.*about 15 words"):
        plan_timing(NATURAL, RATE, 1.0, 4.0, 24)


@pytest.mark.parametrize(("preferred", "pace"), [(0.5, 0.8), (0.9, 0.9), (1.0, 1.0), (2.0, 1.25)])
def test_without_a_target_the_preferred_pace_holds_within_limits(preferred: float, pace: float) -> None:
    assert plan_timing(NATURAL, RATE, preferred, 0.0, 24).speech_samples == round(NATURAL / pace)


@pytest.mark.parametrize("target_seconds", [-1.0, 0.01, math.nan, math.inf, -math.inf, 1e9])
def test_an_impossible_target_is_refused_with_its_value(target_seconds: float) -> None:
    with pytest.raises(InputError, match=f"target_seconds is {target_seconds:g}".replace("+", ".")):
        require_target(target_seconds)


@pytest.mark.parametrize("target_seconds", [0.0, 0.5, 8.0, 3600.0])
def test_zero_and_sensible_targets_pass(target_seconds: float) -> None:
    require_target(target_seconds)


@pytest.mark.parametrize(("target_seconds", "pace"), [(0.0, 0.8), (9.0, 1.0), (12.0, 1.0), (30.0, 1.0)])
def test_silence_that_the_script_asks_for_lasts_as_long_at_any_pace(target_seconds: float, pace: float) -> None:
    silent = plan_timing(NATURAL, RATE, pace, target_seconds and target_seconds + 2.0, 24, silence_samples=2 * RATE)
    plain = plan_timing(NATURAL, RATE, pace, target_seconds, 24)

    assert silent.speech_samples == plain.speech_samples + 2 * RATE
    assert (silent.lead_samples, silent.tail_samples) == (plain.lead_samples, plain.tail_samples)


def test_pauses_that_leave_no_room_are_told() -> None:
    with pytest.raises(InputError, match=r"24 words and 2\.0 s of pauses take 8\.4 s .*to about 15 words"):
        plan_timing(NATURAL, RATE, 1.0, 6.0, 24, silence_samples=2 * RATE)
    with pytest.raises(InputError, match=r"and 9\.0 s of pauses take .*Shorten its pauses, raise target_seconds"):
        plan_timing(NATURAL, RATE, 1.0, 8.0, 24, silence_samples=9 * RATE)
