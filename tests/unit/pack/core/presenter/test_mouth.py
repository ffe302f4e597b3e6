# ruff: noqa: RUF001 - the IPA has letters that look like others
import numpy as np
import pytest
from comfyui_talkingshorts.core.presenter.mouth import VISEMES, follow_speech, split_symbol
from comfyui_talkingshorts.core.sound import Phoneme, Sound

RATE = 16000


def syllables(seconds: float, starts: list[float], length: float = 0.18, rate: int = RATE) -> Sound:
    """Return voiced bursts of different strength at the given starts, and silence between them."""
    time = np.arange(round(seconds * rate)) / rate
    voice = np.sum([np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 24)], axis=0)
    envelope = np.zeros_like(time)
    for index, start in enumerate(starts):
        inside = (time >= start) & (time < start + length)
        envelope[inside] = np.sin(np.pi * (time[inside] - start) / length) * (1.0, 0.6, 0.8)[index % 3]
    return Sound((0.2 * voice * envelope)[None].astype(np.float32), rate)


STARTS = [0.4, 0.75, 1.0, 1.5, 1.9, 2.2]


def spoken(phonemes: list[tuple[str, float]], seconds: float = 1.0) -> Sound:
    tone = 0.3 * np.sin(np.arange(round(seconds * RATE)) * 0.08)
    return Sound(tone[None].astype(np.float32), RATE, tuple(Phoneme(*phoneme) for phoneme in phonemes))


def frame_level(sound: Sound) -> np.ndarray:
    parts = np.array_split(sound.mono, round(sound.seconds * 25))
    return np.array([np.sqrt(np.mean(part**2)) for part in parts])


def test_silence_is_a_closed_mouth() -> None:
    track = follow_speech(Sound(np.zeros((1, RATE), np.float32), RATE))
    assert track.mouths.max() == 0
    assert track.loudness.max() == 0


def test_faint_noise_is_a_closed_mouth() -> None:
    noise = np.random.default_rng(0).normal(0, 2e-4, (1, RATE)).astype(np.float32)
    assert follow_speech(Sound(noise, RATE)).mouths[:, 0].max() < 0.05


def test_the_opening_follows_the_loudness_within_a_frame() -> None:
    sound = syllables(2.6, STARTS)
    opening, level = follow_speech(sound).mouths[:, 0], frame_level(sound)
    lags = {lag: float(np.corrcoef(np.roll(opening, lag), level)[0, 1]) for lag in range(-4, 5)}
    assert lags[0] > 0.8
    assert abs(max(lags, key=lambda lag: lags[lag])) <= 1


def test_the_opening_does_not_depend_on_the_recording_level() -> None:
    loud = syllables(2.6, STARTS)
    quiet = Sound(loud.samples * 0.1, RATE)
    assert np.allclose(follow_speech(loud).mouths, follow_speech(quiet).mouths, atol=0.02)


def test_pauses_between_syllables_close_the_mouth() -> None:
    opening = follow_speech(syllables(2.6, [0.4, 1.8])).mouths[:, 0]
    assert opening[20:42].max() < 0.02
    assert opening[10:15].max() > 0.6


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_the_same_speech_at_another_rate_moves_the_mouth_alike(rate: int) -> None:
    reference = follow_speech(syllables(2.6, STARTS)).mouths[:, 0]
    other = follow_speech(syllables(2.6, STARTS, rate=rate)).mouths[:, 0]
    assert np.corrcoef(reference, other)[0, 1] > 0.95


@pytest.mark.parametrize("samples", [1, 2, 639, 641])
def test_the_shortest_sounds_have_a_frame_for_every_started_25th(samples: int) -> None:
    for phonemes in (None, (Phoneme("a", 0.0),)):
        sound = Sound(np.full((2, samples), 0.1, np.float32), RATE, phonemes)
        assert len(follow_speech(sound)) == -(-samples * 25 // RATE)
        assert np.isfinite(follow_speech(sound).mouths).all()


def test_every_part_of_every_mouth_lies_within_0_and_1() -> None:
    for sound in (syllables(2.6, STARTS), spoken([("aɪ", 0.1), ("m", 0.3), ("f", 0.4), ("uː", 0.6), ("", 0.9)])):
        mouths = follow_speech(sound).mouths
        assert mouths.min() >= 0
        assert mouths.max() <= 1


def test_lips_close_for_m_between_open_vowels() -> None:
    opening = follow_speech(spoken([("a", 0.1), ("m", 0.45), ("a", 0.55)])).mouths[:, 0]
    assert opening[11:14].min() < 0.3 * opening[7]


def test_lips_round_for_u_and_spread_for_i() -> None:
    mouths = follow_speech(spoken([("i", 0.0), ("u", 0.5)])).mouths
    assert mouths[6, 1] > 0.7 > 0.2 > mouths[6, 2]
    assert mouths[18, 2] > 0.7 > 0.2 > mouths[18, 1]


def test_the_lower_lip_meets_the_teeth_for_f() -> None:
    assert follow_speech(spoken([("a", 0.0), ("f", 0.4), ("a", 0.55)])).mouths[9:14, 5].max() > 0.5


def test_mouths_start_a_little_before_the_sound() -> None:
    rounding = follow_speech(spoken([("i", 0.0), ("u", 0.52)])).mouths[:, 2]
    assert rounding[12] > 0.3


def test_mouths_do_not_flicker() -> None:
    quick = spoken([(symbol, 0.1 + 0.05 * index) for index, symbol in enumerate("atasabatikalafa")])
    steps = np.abs(np.diff(follow_speech(quick).mouths[:, 0]))
    assert steps.max() < 0.75


def test_a_phoneme_without_sound_leaves_the_mouth_closed() -> None:
    silent = Sound(np.zeros((1, RATE), np.float32), RATE, (Phoneme("a", 0.0),))
    assert follow_speech(silent).mouths.max() == 0


@pytest.mark.parametrize(
    ("symbol", "sounds"),
    [
        ("ˈoʊ", ["o", "ʊ"]),
        ("iː", ["i", "i"]),
        ("tʃ", ["t", "ʃ"]),
        ("", [""]),
        ("ˌɐ", ["ɐ"]),
        ("n̩", ["n"]),
        ("ǃ", ["ǃ"]),
    ],
)
def test_symbols_are_taken_apart_into_their_sounds(symbol: str, sounds: list[str]) -> None:
    assert split_symbol(symbol) == sounds


def test_every_english_phoneme_has_a_mouth() -> None:
    english = "p b t d k ɡ f v θ ð s z ʃ ʒ h m n ŋ l ɹ j w iː ɪ ɛ æ ɑː ɒ ɔː ʊ uː ʌ ɜː ə eɪ aɪ ɔɪ oʊ aʊ tʃ dʒ ɚ ɐ ᵻ"
    assert {sound for symbol in english.split() for sound in split_symbol(symbol)} <= VISEMES.keys()
