# ruff: noqa: RUF001 (the punctuation of Chinese)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.script.speech_length import (
    MAX_STRETCH,
    choose_take,
    estimate_frames,
    estimate_seconds,
    limit_frames,
    plan_fit,
    require_script_fits,
)

RATE = 24000
SENTENCE = "Three small habits changed how I work every day, and the first takes less than a minute."


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (SENTENCE, 6.0),
        ("下面就是我今天想要说的话，希望你们喜欢。", 4.4),
        ("これはとてもすばらしいことだとおもいます。", 2.8),
        ("오늘은 정말 좋은 하루였습니다.", 2.5),
        ("", 0.0),
    ],
    ids=["English", "Chinese", "Japanese", "Korean", "nothing"],
)
def test_a_text_takes_about_as_long_as_a_reader_of_its_language_needs(text: str, seconds: float) -> None:
    assert estimate_seconds(text) == pytest.approx(seconds, rel=0.15)


def test_blank_space_takes_no_time() -> None:
    assert estimate_seconds("One.\n\n   \t Two.  ") == estimate_seconds("One. Two.")


def test_frames_follow_the_frame_rate_and_there_is_always_one() -> None:
    seconds = estimate_seconds(SENTENCE)
    assert estimate_frames(seconds) == pytest.approx(6.0 * 7.5, abs=3)
    assert estimate_frames(seconds, 25.0) == pytest.approx(6.0 * 25, abs=8)
    assert estimate_frames(0.0) == 1


@pytest.mark.parametrize("text", ["", "No.", SENTENCE, SENTENCE * 50])
def test_a_model_may_speak_three_times_as_slowly_as_expected_before_it_is_stopped(text: str) -> None:
    seconds = estimate_seconds(text)
    assert 3 * estimate_frames(seconds) <= limit_frames(seconds) <= 3 * estimate_frames(seconds) + 3 * 7.5 + 1


def test_a_hopeless_script_is_refused_before_anything_is_made() -> None:
    with pytest.raises(InputError, match=r"its 85 words take about 30 s, but target_seconds is 8.*about 22 words"):
        require_script_fits(estimate_seconds(" ".join([SENTENCE] * 5)), 85, 8.0)


@pytest.mark.parametrize("target_seconds", [0.0, 4.0, 6.0, 60.0])
def test_a_script_that_might_just_fit_is_tried(target_seconds: float) -> None:
    require_script_fits(estimate_seconds(SENTENCE), 17, target_seconds)


@pytest.mark.parametrize(
    ("lengths_seconds", "chosen"),
    [
        ([6.0, 7.6, 9.0], 1),
        ([7.5, 8.1], 0),
        ([6.8, 8.5], 1),
        ([6.0, 8.7], 0),
        ([9.9, 8.8, 20.0], 1),
        ([0.0, 3.0], 1),
        ([0.0], 0),
        ([7.7, 7.7], 0),
    ],
    ids=[
        "nearest",
        "room for edges",
        "squeezed",
        "too long to squeeze",
        "all too long",
        "silent take",
        "only silence",
        "equal",
    ],
)
def test_the_take_that_needs_the_least_stretching_is_chosen(lengths_seconds: list[float], chosen: int) -> None:
    assert choose_take(lengths_seconds, 8.0) == chosen


@pytest.mark.parametrize("target_seconds", [0.0, 0.1, 0.3])
def test_a_take_is_chosen_for_any_target(target_seconds: float) -> None:
    assert choose_take([2.0, 3.0], target_seconds) == 0


@pytest.mark.parametrize("target_seconds", [7.5, 7.777, 8.0, 8.123456, 9.0, 3600.0])
@pytest.mark.parametrize("speech_samples", [0, 1, 5 * RATE, 7 * RATE + 1, 8 * RATE])
def test_a_target_is_met_to_the_sample(speech_samples: int, target_seconds: float) -> None:
    fit = plan_fit(speech_samples, target_seconds, RATE, 20)

    assert fit.lead_samples + fit.speech_samples + fit.tail_samples == round(target_seconds * RATE)
    assert min(fit.lead_samples, fit.tail_samples) >= 0
    assert speech_samples / (1 + MAX_STRETCH) <= fit.speech_samples <= speech_samples * (1 + MAX_STRETCH)


@pytest.mark.parametrize("speech_seconds", [7.2, 7.7, 8.2])
def test_speech_of_about_the_right_length_is_stretched_up_to_its_natural_edges(speech_seconds: float) -> None:
    fit = plan_fit(round(speech_seconds * RATE), 8.0, RATE, 20)

    assert (fit.lead_samples, fit.tail_samples) == (0.1 * RATE, 0.2 * RATE)


def test_speech_too_short_to_be_stretched_is_followed_by_silence() -> None:
    fit = plan_fit(4 * RATE, 8.0, RATE, 20)

    assert fit.speech_samples == pytest.approx(4 * RATE * 1.08, abs=1)
    assert fit.lead_samples == 0.5 * RATE
    assert fit.tail_samples > 3 * RATE


def test_one_word_too_long_for_its_target_can_not_be_shortened() -> None:
    with pytest.raises(InputError, match=r"its 1 word takes .*target_seconds is 2\. Raise target_seconds"):
        plan_fit(3 * RATE, 2.0, RATE, 1)


def test_speech_a_little_too_long_gives_up_its_edges_first() -> None:
    fit = plan_fit(round(8.6 * RATE), 8.0, RATE, 20)

    assert fit.lead_samples + fit.tail_samples < 0.1 * RATE


def test_speech_that_cannot_be_squeezed_into_the_target_is_refused_with_what_would_fit() -> None:
    with pytest.raises(InputError, match=r"its 20 words take 9\.3 s at the fastest.*target_seconds is 8.*about 17 wo"):
        plan_fit(10 * RATE, 8.0, RATE, 20)


def test_without_a_target_the_speech_keeps_its_length_and_gets_natural_edges() -> None:
    fit = plan_fit(5 * RATE, 0.0, RATE, 20)

    assert (fit.lead_samples, fit.speech_samples, fit.tail_samples) == (0.1 * RATE, 5 * RATE, 0.2 * RATE)
