# ruff: noqa: RUF001 (phonemes)
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import TalkingShortsError
from comfyui_talkingshorts.core.script import language
from comfyui_talkingshorts.engines.draft import espeak
from comfyui_talkingshorts.engines.draft.voice import _SPEAKERS, _Speaker


def speak(text: str, voice: str = "en-us+miguel", words_per_minute: int = 170, pitch: int = 50) -> espeak.Sound:
    return espeak.speak(text, voice=voice, words_per_minute=words_per_minute, pitch=pitch, pitch_range=50)


def symbols(sound: espeak.Sound) -> str:
    return "".join(phoneme.symbol for phoneme in sound.phonemes or ())


def test_it_speaks_mono_and_tells_the_phonemes_in_order_of_time() -> None:
    sound = speak("Hello world.")
    times = [phoneme.start_seconds for phoneme in sound.phonemes or ()]
    assert (sound.samples.shape[0], sound.sample_rate_hz) == (1, espeak.SAMPLE_RATE_HZ)
    assert symbols(sound) == "həlˈoʊwˈɜːld"
    assert times == sorted(times)
    assert times[-1] <= sound.seconds


def test_loud_speech_stays_below_full_scale() -> None:
    for speaker in _SPEAKERS:
        sound = speak("Ah! Oh! Aye, all our hours are yours!", f"en-us+{speaker.variant}", pitch=99)
        assert 0.05 < np.abs(sound.samples).max() < 0.99


@pytest.mark.parametrize("speaker", _SPEAKERS)
def test_the_same_text_gives_the_same_samples_whatever_came_before(speaker: _Speaker) -> None:
    voice = f"en-us+{speaker.variant}"
    first = speak("Six thick thistles, said she.", voice)
    speak("Что это? Ой!", "ru+f2", 300, 90)
    speak("Zzz", voice, 90, 10)
    assert np.array_equal(first.samples, speak("Six thick thistles, said she.", voice).samples)


def test_phoneme_codes_and_markup_are_not_obeyed() -> None:
    assert symbols(speak("[[h@l'oU]]")) != symbols(speak("hello"))
    assert speak('one <break time="9s"/> two').seconds < 9


def test_threads_take_turns() -> None:
    alone = speak("One at a time, please.").samples
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: speak("One at a time, please.").samples, range(8)))
    assert all(np.array_equal(alone, samples) for samples in together)


def test_every_language_that_a_script_can_have_has_a_voice() -> None:
    languages = {*language._LANGUAGE_OF_WRITING.values(), *language._LETTERS_OF_ONE_LANGUAGE, *language._FUNCTION_WORDS}
    for name in languages:
        assert speak("1", f"{name}+miguel").seconds > 0, name


def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(TalkingShortsError, match="'xx-nowhere'"):
        speak("Hello", "xx-nowhere")


def test_data_in_a_deep_folder_is_reached_by_a_short_path(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120) / "espeak-ng-data"
    deep.mkdir(parents=True)
    (deep / "phontab").touch()
    short = espeak._short_path(deep)
    assert len(str(short)) <= espeak._LONGEST_DATA_PATH
    assert (short / "phontab").exists()
    assert espeak._short_path(Path("/opt/data")) == Path("/opt/data")
    assert Path(espeakng_loader.get_data_path()).exists()
