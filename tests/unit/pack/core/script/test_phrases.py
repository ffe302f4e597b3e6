from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.script.dialogue import read_script
from comfyui_talkingshorts.core.script.phrases import (
    ELLIPSIS_PAUSE_SECONDS,
    MAX_PHRASE_CHARACTERS,
    PARAGRAPH_PAUSE_SECONDS,
    SENTENCE_PAUSE_SECONDS,
    plan_phrases,
)
from comfyui_talkingshorts.core.script.prepared import PreparedLine


def phrases_of(script: str) -> list[PreparedLine]:
    read = read_script(script)
    return plan_phrases(read.lines, read.language)


def texts(script: str) -> list[str]:
    return [phrase.text for phrase in phrases_of(script)]


def test_sentences_lines_and_paragraphs_end_phrases() -> None:
    phrases = phrases_of("One. Two!\nThree\n\nFour")
    assert [phrase.text for phrase in phrases] == ["One.", "Two!", "Three", "Four"]
    pauses = [phrase.pause_seconds for phrase in phrases]
    assert pauses == [SENTENCE_PAUSE_SECONDS, SENTENCE_PAUSE_SECONDS, PARAGRAPH_PAUSE_SECONDS, 0.0]


@pytest.mark.parametrize("script", ["Wait... what?", "Wait… what?", "Wait… What?", '"Wait..." What?'])
def test_an_ellipsis_is_a_pause_longer_than_a_full_stop(script: str) -> None:
    first, second = phrases_of(script)
    assert second.text.lower() == "what?"
    assert first.pause_seconds == ELLIPSIS_PAUSE_SECONDS > SENTENCE_PAUSE_SECONDS


def test_silence_that_the_script_asks_for_takes_the_place_of_a_pause() -> None:
    phrases = phrases_of("One [pause 2s] two. [pause 300ms]\n\nThree.")
    assert [(phrase.text, phrase.pause_seconds, phrase.silence_seconds) for phrase in phrases] == [
        ("One", 0.0, 2.0),
        ("two.", 0.0, 0.3),
        ("Three.", 0.0, 0.0),
    ]


def test_the_labels_of_a_dialogue_are_not_said() -> None:
    assert texts("Speaker 1: Hi.\n[2]: Yes?") == ["Hi.", "Yes?"]


def test_a_phrase_has_its_speaker() -> None:
    assert [(phrase.speaker, phrase.text) for phrase in phrases_of("Speaker 2: Hi. Yes?\n[1]: No.")] == [
        (1, "Hi."),
        (1, "Yes?"),
        (0, "No."),
    ]


def test_a_wrapped_line_goes_on() -> None:
    assert texts("This line goes\n  on below.\r\nThis one is new.") == [
        "This line goes   on below.",
        "This one is new.",
    ]


@pytest.mark.parametrize("script", ["word " * 400, "clause, " * 400, "x" * 2000])
def test_a_long_sentence_is_cut_and_nothing_is_lost(script: str) -> None:
    parts = texts(script)
    assert max(map(len, parts)) <= MAX_PHRASE_CHARACTERS
    assert "".join(parts).replace(" ", "") == script.replace(" ", "")


def test_a_short_sentence_is_said_by_the_voice_of_its_surroundings() -> None:
    phrases = phrases_of("Guten Morgen! Das ist nicht der Hund, den ich mit dir gesehen habe.")
    assert [phrase.language for phrase in phrases] == ["de", "de"]


def test_each_sentence_has_its_own_language() -> None:
    assert [phrase.language for phrase in phrases_of("Hello! 你好。Привет!")] == ["en-us", "cmn", "ru"]


def test_kanji_in_japanese_are_read_by_the_chinese_voice() -> None:
    assert [(phrase.text, phrase.language) for phrase in phrases_of("私は行きます。")] == [
        ("私", "cmn"),
        ("は", "ja"),
        ("行", "cmn"),
        ("きます。", "ja"),
    ]
