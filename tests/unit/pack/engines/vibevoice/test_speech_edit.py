# ruff: noqa: RUF001 (the punctuation of Chinese)
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.script.language import detect_language
from comfyui_talkingshorts.core.script.prepared import PreparedLine, PreparedScript
from comfyui_talkingshorts.core.vibevoice.short_script import PaddedScript, pad_short_script
from comfyui_talkingshorts.engines.draft import espeak
from comfyui_talkingshorts.engines.speech.prosody import resample
from comfyui_talkingshorts.engines.vibevoice.speech_edit import (
    add_edges,
    cut_padding,
    find_speech,
    fit_speech,
    join_speech,
    limit_peak,
    trim_edges,
)

RATE = 24000
SILENCE_DB = -120.0


def noise(seconds: float, level_db: float, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.normal(size=round(seconds * RATE)) * 10 ** (level_db / 20)).astype(np.float32)


def vowel(seconds: float, level_db: float = -20.0, hz: float = 150.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = np.sum([np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 15)], axis=0)
    return (wave / np.std(wave) * 10 ** (level_db / 20)).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def say(text: str, words_per_minute: int = 170) -> np.ndarray:
    """Return the words without silence before or after."""
    voice = "en-us" if text.isascii() else "cmn"
    spoken = espeak.speak(text, voice=voice, words_per_minute=words_per_minute, pitch=50, pitch_range=50)
    samples = resample(spoken.mono, round(spoken.seconds * RATE))
    audible = np.flatnonzero(np.abs(samples) > 1e-3)
    return samples[int(audible[0]) : int(audible[-1]) + 1]


NOT_SPEECH = {
    "nothing": np.zeros(0, np.float32),
    "one silent sample": np.zeros(1, np.float32),
    "silence": np.zeros(RATE, np.float32),
    "a faint hiss": noise(1.0, -65.0),
}


@pytest.mark.parametrize("samples", NOT_SPEECH.values(), ids=NOT_SPEECH)
def test_nothing_is_left_of_silence(samples: np.ndarray) -> None:
    assert find_speech(samples, RATE) == (0, 0)
    assert trim_edges(samples, RATE).shape == (0,)


@pytest.mark.parametrize("background_db", [SILENCE_DB, -70.0, -55.0])
def test_silence_around_speech_goes_but_for_a_short_soft_rest(background_db: float) -> None:
    speech = np.concatenate([np.zeros(RATE), vowel(0.5), np.zeros(RATE // 2), vowel(0.5), np.zeros(2 * RATE)])
    trimmed = trim_edges(speech.astype(np.float32) + noise(4.5, background_db), RATE)

    assert trimmed.size / RATE == pytest.approx(0.06 + 1.5 + 0.12, abs=0.02)
    assert find_speech(trimmed, RATE)[0] / RATE == pytest.approx(0.06, abs=0.02)
    assert abs(trimmed[0]) < 1e-6
    assert abs(trimmed[-1]) < 1e-6


@pytest.mark.parametrize("consonant_db", [-35.0, -45.0, -55.0])
def test_a_soft_last_consonant_stays(consonant_db: float) -> None:
    closure = np.zeros(round(0.1 * RATE), np.float32)
    speech = np.concatenate([np.zeros(RATE), vowel(0.5), closure, noise(0.1, consonant_db), np.zeros(RATE)])
    trimmed = trim_edges(speech.astype(np.float32) + noise(speech.size / RATE, -75.0), RATE)

    assert level_db(trimmed[round(0.7 * RATE) : round(0.75 * RATE)]) > consonant_db - 1


@pytest.mark.parametrize("word", ["house", "life", "stuff", "truth", "fight", "break", "step", "come", "leaf"])
def test_no_word_loses_its_end(word: str) -> None:
    spoken = say(f"This is a {word}.")
    start, end = find_speech(add_edges(spoken, RATE, RATE) + noise(2 + spoken.size / RATE, -65.0), RATE)

    assert start < RATE + 0.06 * RATE
    assert end > RATE + spoken.size - 0.06 * RATE


def test_speech_from_edge_to_edge_stays_whole() -> None:
    speech = vowel(0.5, -6.0)
    trimmed = trim_edges(speech, RATE)

    assert trimmed.size == speech.size
    assert np.array_equal(trimmed[480:-480], speech[480:-480])


def test_one_loud_sample_stays() -> None:
    assert trim_edges(np.ones(1, np.float32), RATE).shape == (1,)


def test_trimming_leaves_what_it_is_given_untouched() -> None:
    speech = vowel(0.5)
    trim_edges(speech, RATE)

    assert np.array_equal(speech, vowel(0.5))


def test_edges_are_silent() -> None:
    assert add_edges(np.ones(2, np.float32), 1, 2).tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("target_seconds", [0.95, 1.0, 1.23456, 1.3, 8.0])
def test_speech_is_fitted_to_the_sample(target_seconds: float) -> None:
    fitted = fit_speech([vowel(1.0)], RATE, target_seconds, 3)

    assert fitted.shape == (round(target_seconds * RATE),)
    assert np.abs(fitted).max() <= 1


def test_speech_without_a_target_gets_edges_only() -> None:
    fitted = fit_speech([vowel(1.0)], RATE, 0.0, 3)

    assert np.array_equal(fitted[2400:-4800], vowel(1.0))


def test_silence_is_fitted_too() -> None:
    assert not fit_speech([np.zeros(0, np.float32)], RATE, 2.0, 3).any()


def test_speech_far_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="about 1 word,"):
        fit_speech([vowel(2.0)], RATE, 1.0, 3)


@pytest.mark.parametrize("target_seconds", [0.0, 5.2, 5.4, 9.0])
def test_silence_between_passages_keeps_its_length_when_they_are_stretched(target_seconds: float) -> None:
    passages = [vowel(0.8), vowel(0.8), vowel(0.8)]

    fitted = fit_speech(passages, RATE, target_seconds, 3, (0.25, 2.0, 0.5, 0.0))

    assert pauses_seconds(fitted) == pytest.approx([2.0, 0.5], abs=0.025)
    if target_seconds:
        assert fitted.shape == (round(target_seconds * RATE),)


def test_silence_before_and_after_the_speech_comes_on_top_of_its_edges() -> None:
    fitted = fit_speech([vowel(1.0)], RATE, 0.0, 3, (0.5, 2.0))

    assert np.array_equal(fitted[2400 + RATE // 2 : -4800 - 2 * RATE], vowel(1.0))
    assert fitted.size == round(3.8 * RATE)


def test_pauses_too_long_for_the_target_are_refused() -> None:
    with pytest.raises(InputError, match=r"3 words and 3\.0 s of pauses take 5\.0 s .*Shorten its pauses, raise"):
        fit_speech([vowel(1.0), vowel(1.0)], RATE, 2.5, 3, (0.0, 3.0, 0.0))


@pytest.mark.parametrize("peak", [1.01, 1.5, 4.0])
def test_a_loud_peak_is_turned_down_and_the_rest_left_alone(peak: float) -> None:
    speech = vowel(1.0)
    speech[RATE // 2] = -peak
    limited = limit_peak(speech, RATE)

    assert np.abs(limited).max() <= 1
    assert np.array_equal(limited[: RATE // 2 - 480], speech[: RATE // 2 - 480])
    assert np.array_equal(limited[RATE // 2 + 480 :], speech[RATE // 2 + 480 :])


def test_a_wave_that_is_too_loud_keeps_its_shape() -> None:
    wave = (2 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)).astype(np.float32)
    limited = limit_peak(wave, RATE)
    harmonics = np.abs(np.fft.rfft(limited))[200::200]

    assert harmonics[1:].max() < 0.001 * harmonics[0]


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(9, np.float32), vowel(0.1)])
def test_what_is_not_too_loud_stays_as_it_is(samples: np.ndarray) -> None:
    assert np.array_equal(limit_peak(samples, RATE), samples)


def pauses_seconds(samples: np.ndarray) -> list[float]:
    """Return the lengths of the gaps between sounds."""
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    return [float(gap) / RATE for gap in np.diff(loud) if gap > 0.02 * RATE]


@pytest.mark.parametrize("pause_seconds", [0.05, 0.3, 0.8])
@pytest.mark.parametrize("edge_seconds", [0.0, 0.1, 1.0])
def test_pieces_follow_each_other_after_a_pause_of_exact_length(edge_seconds: float, pause_seconds: float) -> None:
    edge = round(edge_seconds * RATE)
    joined = join_speech([add_edges(vowel(0.5), edge, edge) for _ in range(3)], RATE, pause_seconds)

    assert pauses_seconds(joined) == pytest.approx([pause_seconds] * 2, abs=0.025)


def test_pieces_are_made_as_loud_as_the_first() -> None:
    pieces = [add_edges(vowel(0.5, level), 2400, 2400) for level in (-20.0, -24.0, -17.0)]
    joined = join_speech(pieces, RATE, 0.3)
    starts = [np.flatnonzero(np.abs(joined) > 0.02)[0] + round(k * 0.8 * RATE) for k in range(3)]

    assert [level_db(joined[start + 2400 : start + 9600]) for start in starts] == pytest.approx([-20.0] * 3, abs=0.2)


def test_a_whisper_is_not_blown_up_to_a_shout() -> None:
    joined = join_speech([vowel(0.5, -20.0), vowel(0.5, -45.0)], RATE, 0.3)

    assert level_db(joined[-round(0.5 * RATE) : -round(0.3 * RATE)]) == pytest.approx(-39.0, abs=0.2)


def test_a_pause_is_filled_with_the_background_of_the_pieces_at_an_even_level() -> None:
    pieces = [add_edges(vowel(0.5), RATE, RATE) + noise(2.5, -50.0, seed) for seed in range(9)]
    joined = join_speech(pieces, RATE, 0.5)[: 9 * RATE].reshape(9, RATE)
    pauses = [np.concatenate([joined[k, -RATE // 4 + 480 :], joined[k + 1, : RATE // 4 - 480]]) for k in range(8)]
    levels = [level_db(part) for part in np.split(np.array(pauses), 46, axis=1)]

    assert levels == pytest.approx([-50.0] * 46, abs=1.2)


def test_no_joint_is_heard_as_a_click() -> None:
    pieces = [vowel(0.5, hz=hz) for hz in (110.0, 170.0)]
    joined = join_speech(pieces, RATE, 0.2)
    steepest = max(np.abs(np.diff(piece)).max() for piece in pieces)

    assert np.abs(np.diff(joined)).max() < steepest * 1.05


def test_loud_pieces_stay_within_full_scale() -> None:
    assert np.abs(join_speech([vowel(0.5, -3.0), vowel(0.5, -8.0)], RATE, 0.3)).max() <= 1


def test_pieces_without_speech_are_left_out() -> None:
    silence = np.zeros(RATE, np.float32)

    assert np.array_equal(
        join_speech([silence, vowel(0.5), silence, vowel(0.4)], RATE, 0.3),
        join_speech([vowel(0.5), vowel(0.4)], RATE, 0.3),
    )


@pytest.mark.parametrize("pieces", [[], [np.zeros(RATE, np.float32)], [np.zeros(0, np.float32)]])
def test_without_speech_there_is_nothing_to_join(pieces: list[np.ndarray]) -> None:
    assert join_speech(pieces, RATE, 0.3).shape == (0,)


def test_pieces_are_asked_for_one_at_a_time_and_stay_untouched() -> None:
    made: list[np.ndarray] = []

    def make() -> Iterator[np.ndarray]:
        for _ in range(3):
            made.append(vowel(0.2))
            yield made[-1]

    join_speech(make(), RATE, 0.3)

    assert all(np.array_equal(piece, vowel(0.2)) for piece in made)


def padded(text: str) -> PaddedScript:
    language = detect_language(text)
    script = pad_short_script(PreparedScript.from_lines([PreparedLine(0, text, language)], language))
    assert script is not None
    return script


def speak_padded(text: str, pauses: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return (the whole padded text spoken, with those pauses in seconds, over a faint hiss; the words alone)."""
    before, words, after = (say(line.text) for line in padded(text).script.lines)
    gaps = [np.zeros(round(seconds * RATE), np.float32) for seconds in (0.1, *pauses, 0.3)]
    whole = np.concatenate([gaps[0], before, gaps[1], words, gaps[2], after, gaps[3]])
    return whole + noise(whole.size / RATE, -65.0), words


def position_of(words: np.ndarray, samples: np.ndarray) -> tuple[int, float]:
    """Return where the words are in the samples, and how much like them (1: just so) what is there is."""
    size = words.size + samples.size
    likeness = np.fft.irfft(np.fft.rfft(samples, size) * np.conj(np.fft.rfft(words, size)), size)
    at = int(likeness[: samples.size].argmax())
    return at, float(likeness[at] / np.sum(words**2))


@pytest.mark.parametrize("pauses", [(0.2, 0.2), (0.2, 0.7), (0.6, 0.25)])
@pytest.mark.parametrize(
    "text", ["Yes.", "Thank you.", "Wait. Stop.", "Oh, really?", "Sixty-six.", "你好。", "谢谢大家！"]
)
def test_the_words_of_a_padded_text_are_cut_out_whole(text: str, pauses: tuple[float, float]) -> None:
    speech, words = speak_padded(text, pauses)
    cut = cut_padding(speech, RATE, padded(text))

    assert cut is not None
    at, likeness = position_of(words, cut)
    assert likeness == pytest.approx(1.0, abs=0.01)
    assert at < 0.1 * RATE
    assert cut.size - at - words.size < 0.15 * RATE


@pytest.mark.parametrize("pauses", [(0.02, 0.3), (0.3, 0.02), (0.02, 0.02)])
@pytest.mark.parametrize("text", ["Yes.", "Thank you.", "你好。"])
def test_words_that_run_into_their_padding_are_not_cut(text: str, pauses: tuple[float, float]) -> None:
    speech, _ = speak_padded(text, pauses)

    assert cut_padding(speech, RATE, padded(text)) is None


@pytest.mark.parametrize(
    "samples",
    [*NOT_SPEECH.values(), np.ones(1, np.float32), vowel(3.0), noise(3.0, -10.0)],
    ids=[*NOT_SPEECH, "one loud sample", "one long vowel", "loud noise"],
)
def test_where_no_words_stand_apart_nothing_is_cut(samples: np.ndarray) -> None:
    assert cut_padding(samples, RATE, padded("Yes.")) is None


@pytest.mark.parametrize("text", ["Wait. Stop.", "Oh, really?", "Good morning, Vietnam!"])
@pytest.mark.parametrize("paces", [(150, 190), (190, 150)])
def test_a_pause_amid_the_words_is_not_taken_for_their_edge(text: str, paces: tuple[int, int]) -> None:
    before, _, after = padded(text).script.lines
    words = say(text, 120)
    pause = np.zeros(RATE // 4, np.float32)
    speech = np.concatenate([say(before.text, paces[0]), pause, words, pause, say(after.text, paces[1])])
    cut = cut_padding(speech, RATE, padded(text))

    assert cut is not None
    assert cut.size == pytest.approx(words.size + 0.18 * RATE, abs=0.08 * RATE)


def test_padding_that_breaks_off_early_is_not_mistaken_for_the_words() -> None:
    speech, words = speak_padded("Yes.", (0.3, 0.3))
    at, _ = position_of(words, speech)

    assert cut_padding(speech[: at + words.size + RATE], RATE, padded("Yes.")) is None
