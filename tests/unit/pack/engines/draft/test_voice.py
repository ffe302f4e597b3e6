# ruff: noqa: RUF001 (phonemes, and scripts of other languages)
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.presenter.look import choose_look
from comfyui_talkingshorts.core.sound import Phoneme, Sound
from comfyui_talkingshorts.engines.draft import espeak
from comfyui_talkingshorts.engines.draft.voice import _SPEAKERS, speak_draft
from comfyui_talkingshorts.engines.speech.prosody import measure_median_f0

SCRIPT = "Three small habits changed how I work every day, and the first takes less than a minute. Want to hear it?"
LONGER = (
    "The sun had barely risen when the boats came back into the harbour. Nobody on the quay had expected them before "
    "noon, and the few who were awake ran down to help. Fish of every size lay in the boxes, silver and blue. The old "
    "captain smiled, sat down on a rope, and asked for a cup of coffee."
)
VOWELS = frozenset("aeiouɑɔəɛɪʊʌæɐɜɚᵻ")


def spoken(*arguments: Any, **options: Any) -> Sound:
    return speak_draft(*arguments, **options)[0]


def f0_of(sound: Sound) -> float:
    f0_hz = measure_median_f0(sound.mono, sound.sample_rate_hz)
    assert f0_hz is not None
    return f0_hz


def reference(text: str = SCRIPT, f0_scale: float = 1.0, words_per_minute: int = 170) -> Sound:
    """Another voice of espeak's; f0_scale plays it faster or slower, pitch and all."""
    spoken = espeak.speak(text, voice="en-us+michel", words_per_minute=words_per_minute, pitch=50, pitch_range=50)
    return replace(spoken, sample_rate_hz=round(espeak.SAMPLE_RATE_HZ * f0_scale), phonemes=None)


def decibels_by_kind(sound: Sound) -> dict[str, list[float]]:
    phonemes = sound.phonemes or ()
    ends = [*(phoneme.start_seconds for phoneme in phonemes[1:]), sound.seconds]
    levels: dict[str, list[float]] = {"pause": [], "vowel": [], "consonant": []}
    for phoneme, end_seconds in zip(phonemes, ends, strict=True):
        kind = "pause" if not phoneme.symbol else "vowel" if VOWELS & set(phoneme.symbol) else "consonant"
        span = slice(round(phoneme.start_seconds * sound.sample_rate_hz), round(end_seconds * sound.sample_rate_hz))
        if span.stop > span.start:
            levels[kind].append(10 * np.log10(np.mean(sound.mono[span] ** 2) + 1e-12))
    return levels


@pytest.mark.parametrize("seed", range(4))
def test_each_seed_speaks_at_its_own_pitch_and_a_sane_level(seed: int) -> None:
    sound = spoken(SCRIPT, seed)
    loudness = np.abs(sound.mono)
    rms = np.sqrt(np.mean(loudness[loudness > loudness.max() / 100] ** 2))
    assert f0_of(sound) == pytest.approx(_SPEAKERS[seed].f0_hz, rel=0.03)
    assert 20 * np.log10(rms) == pytest.approx(-20, abs=0.5)
    assert 20 * np.log10(loudness.max()) <= -1


@pytest.mark.parametrize("f0_scale", [0.75, 0.9, 1.2, 1.6, 2.0, 2.8])
def test_the_draft_has_the_median_f0_of_the_reference(f0_scale: float) -> None:
    voice = reference(f0_scale=f0_scale)
    assert f0_of(spoken(SCRIPT, 0, voice)) == pytest.approx(f0_of(voice), rel=0.03)


def test_a_hasty_reference_hastens_the_draft_and_a_slow_one_slows_it_within_limits() -> None:
    natural = spoken(SCRIPT, 0).seconds
    hasty, slow = (spoken(SCRIPT, 0, reference(words_per_minute=wpm)).seconds for wpm in (260, 110))
    assert natural / 1.26 < hasty < 0.9 * natural
    assert 1.1 * natural < slow < natural / 0.79


@pytest.mark.parametrize(
    "samples",
    [np.zeros((1, 96000)), np.random.default_rng(0).normal(size=(2, 96000)), np.ones((1, 1))],
    ids=["silence", "noise", "one sample"],
)
def test_a_reference_without_a_voice_leaves_the_draft_its_own_and_is_told(samples: np.ndarray) -> None:
    sound, note = speak_draft(SCRIPT, 5, Sound(samples.astype(np.float32), 48000))
    assert np.array_equal(sound.samples, spoken(SCRIPT, 5).samples)
    assert note is not None
    assert "No voice" in note


def test_nothing_is_told_of_a_reference_that_speaks() -> None:
    assert speak_draft(SCRIPT, 5, reference())[1] is None
    assert speak_draft(SCRIPT, 5)[1] is None


@pytest.mark.parametrize("seed", range(8))
def test_the_voice_suits_the_drawn_presenter(seed: int) -> None:
    assert f0_of(spoken("Hello there.", seed, presenter="a woman with glasses")) > 150
    assert f0_of(spoken("Hello there.", seed, presenter="an old man, no glasses")) < 150
    drawn = choose_look("a presenter", seed).presentation
    assert (f0_of(spoken("Hello there.", seed, presenter="a presenter")) > 150) == (drawn == "woman")


@pytest.mark.parametrize("target_seconds", [5.5, 6.66, 8.0, 15.0])
@pytest.mark.parametrize("voice", [None, reference(f0_scale=2.0)], ids=["own voice", "reference"])
def test_the_target_is_met_to_the_sample(target_seconds: float, voice: Sound | None) -> None:
    assert spoken(SCRIPT, 1, voice, target_seconds).samples.shape == (1, round(target_seconds * 22050))


def test_a_changed_pace_keeps_the_pitch() -> None:
    natural, fast, slow = (f0_of(spoken(SCRIPT, 1, None, target_seconds)) for target_seconds in (0, 5.5, 9.0))
    assert fast == pytest.approx(natural, rel=0.02)
    assert slow == pytest.approx(natural, rel=0.02)


def test_a_script_too_long_for_its_target_is_refused() -> None:
    with pytest.raises(InputError, match="target_seconds is 3"):
        spoken(SCRIPT, 0, None, 3.0)


@pytest.mark.parametrize(
    ("seed", "f0_scale", "target_seconds"),
    [(0, None, 0.0), (1, None, 30.0), (2, None, 15.0), (3, 0.8, 0.0), (0, 2.8, 17.0)],
    ids=["natural", "edge silence", "fast", "low", "high"],
)
def test_pauses_are_silent_and_vowels_loud(seed: int, f0_scale: float | None, target_seconds: float) -> None:
    voice = None if f0_scale is None else reference(f0_scale=f0_scale)
    levels = decibels_by_kind(spoken(LONGER, seed, voice, target_seconds))
    assert len(levels["pause"]) >= 5
    assert max(levels["pause"]) < -40
    assert min(levels["vowel"]) > -32
    assert np.median(levels["vowel"]) > np.median(levels["consonant"]) + 3


def longest_gap_seconds(sound: Sound) -> float:
    loud = np.flatnonzero(np.abs(sound.mono) > 0.003)
    return float(np.diff(loud).max()) / sound.sample_rate_hz


@pytest.mark.parametrize("mark", ["[pause 2s]", "[pause:2000ms]", '<break time="2s"/>', "(2 second pause)"])
@pytest.mark.parametrize("target_seconds", [0.0, 8.5, 12.0])
def test_a_pause_lasts_as_long_as_it_says_at_any_pace(mark: str, target_seconds: float) -> None:
    first, second = SCRIPT.split(" Want")
    sound = spoken(f"{first} {mark} Want{second}", 1, None, target_seconds)

    assert longest_gap_seconds(sound) == pytest.approx(2.0, abs=0.12)
    assert not target_seconds or sound.samples.shape == (1, round(target_seconds * 22050))


def test_pauses_at_the_edges_come_on_top_of_the_silence_there() -> None:
    plain, paused = spoken(SCRIPT, 1), spoken(f"[pause 1s] {SCRIPT} [pause 2s]", 1)

    assert paused.seconds == pytest.approx(plain.seconds + 3.0, abs=1e-3)
    assert np.array_equal(paused.samples[0, 22050:-44100], plain.samples[0])


def test_an_ellipsis_and_an_empty_line_are_longer_than_a_full_stop() -> None:
    stop, ellipsis, paragraph = (longest_gap_seconds(spoken(f"Now{mark}Then.", 1)) for mark in (". ", "... ", ".\n\n"))
    assert stop + 0.2 < paragraph < ellipsis


def test_what_is_not_said_is_told() -> None:
    sound, note = speak_draft(f"[laughs] {SCRIPT}", 1)

    assert np.array_equal(sound.samples, spoken(SCRIPT, 1).samples)
    assert note == "Not said, as stage directions: [laughs]."


def test_phonemes_begin_and_end_with_a_pause_and_follow_in_time() -> None:
    phonemes = list(spoken(SCRIPT, 0, None, 8.0).phonemes or ())
    times = [phoneme.start_seconds for phoneme in phonemes]
    assert phonemes[0] == Phoneme("", 0.0)
    assert phonemes[-1].symbol == ""
    assert times == sorted(times)
    assert times[-1] < 8.0


def test_the_same_inputs_give_the_same_samples_whatever_ran_before() -> None:
    def samples() -> list[bytes]:
        voice = reference(f0_scale=2.4)
        return [spoken(SCRIPT, 0).samples.tobytes(), spoken(SCRIPT, 3, voice, 7.0).samples.tobytes()]

    before = samples()
    spoken("Что это? Ой!", 1)
    spoken("AAAH! Eeee! Zzz.", 2, reference(f0_scale=0.8), 4.0)
    assert samples() == before


@pytest.mark.parametrize(
    "script", ["I", "5", "pst", "A. B. C.", "你好，世界。", "私は行きます。", "مرحبا", "नमस्ते", "x" * 900]
)
def test_scripts_of_every_kind_are_spoken(script: str) -> None:
    sound = spoken(script, 0, reference(f0_scale=2.8))
    assert np.isfinite(sound.samples).all()
    assert any(phoneme.symbol for phoneme in sound.phonemes or ())


@pytest.mark.parametrize(
    ("script", "words"),
    [("It costs $5.99.", "It costs five dollars and ninety-nine cents."), ("Speaker 1: 24/7!", "twenty four seven!")],
)
def test_what_is_no_word_is_said_in_words(script: str, words: str) -> None:
    assert spoken(script, 0).phonemes == spoken(words, 0).phonemes


def test_writing_that_no_voice_knows_is_refused() -> None:
    with pytest.raises(InputError, match="No voice can say"):
        spoken("ᏣᎳᎩ", 0)


def test_progress_goes_by_phrases_up_to_the_total() -> None:
    reports: list[tuple[int, int]] = []
    spoken("One. Two. Three.", 0, on_progress=lambda done, total: reports.append((done, total)))
    assert reports == [(done, 6) for done in range(7)]


def test_a_long_script_can_be_stopped_between_phrases() -> None:
    class Interrupted(Exception):
        pass

    def stop_at_third(done: int, total: int) -> None:
        if done == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        spoken("Once more. " * 2500, 0, on_progress=stop_at_third)
