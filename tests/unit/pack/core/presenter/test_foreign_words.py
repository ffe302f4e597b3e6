from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.presenter.foreign_words import ADJECTIVES_FOLLOW, DENIALS_FOLLOW, FOREIGN_WORDS
from comfyui_talkingshorts.core.presenter.look import KNOWN_WORDS
from comfyui_talkingshorts.core.script.language import _FUNCTION_WORDS, _LANGUAGE_OF_WRITING, _LETTERS_OF_ONE_LANGUAGE


def test_every_language_that_a_script_may_have_is_there() -> None:
    languages = {*_FUNCTION_WORDS, *_LANGUAGE_OF_WRITING.values(), *_LETTERS_OF_ONE_LANGUAGE} - {"en-us", "cmn"} | {
        "zh"
    }
    assert languages == set(FOREIGN_WORDS)
    assert languages >= ADJECTIVES_FOLLOW | DENIALS_FOLLOW


@pytest.mark.parametrize("language", FOREIGN_WORDS)
def test_a_line_says_in_english_that_the_drawing_knows_what_words_mean(language: str) -> None:
    for line in FOREIGN_WORDS[language].strip().splitlines():
        english, _, words = line.strip().partition(": ")
        assert words.split(), line
        assert words == words.lower(), line
        assert english == "-" or {*english.split()} <= KNOWN_WORDS, line
