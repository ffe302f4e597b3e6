# ruff: noqa: RUF001 (scripts of other languages)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.script.phrases import (
    MAX_PHRASE_CHARACTERS,
    PARAGRAPH_PAUSE_SECONDS,
    SENTENCE_PAUSE_SECONDS,
    clean_script,
    count_words,
    detect_language,
    plan_phrases,
)


def texts(script: str) -> list[str]:
    return [phrase.text for phrase in plan_phrases(script)]


@pytest.mark.parametrize(
    "script",
    ["", "   \n\t ", "...", "!? — …", "🙂🎉", "🇩🇪", "<break/>", "[[]]", "\x00\x01", "\ufeff", "Speaker 1:", ":-)"],
)
def test_a_script_with_nothing_to_say_is_refused_with_a_remedy(script: str) -> None:
    with pytest.raises(InputError, match="Write at least one word"):
        plan_phrases(script)


@pytest.mark.parametrize(
    ("script", "spoken"),
    [
        ("Great 🙂 news 👩🏽‍💻!", "Great  news !"),
        ("a\x01\x07b\u200bc\ud800d", "abcd"),
        ('<speak>Hello<break time="5s"/>you</speak>', "Hello you"),
        ("[[h@l'oU]] **bold** `code`", "h@l'oU   bold  code"),
        ("1\ufe0f\u20e3 first", "1 first"),
        ("# One\n* [two](http://a.com)\n• three ![x](y.png)", "One\n- two\n- three x"),
        ("#1 ~5 x^2 C# #tag", "#1 ~5 x^2 C#  tag"),
        ("5 < 7, 2 + 2 = 4, 20 °C, 50 % & $5", "5   7, 2 + 2 = 4, 20 °C, 50 % & $5"),
    ],
)
def test_only_what_can_be_said_stays(script: str, spoken: str) -> None:
    assert clean_script(script) == spoken


def test_sentences_lines_and_paragraphs_end_phrases() -> None:
    phrases = plan_phrases("One. Two!\nThree\n\nFour")
    assert [phrase.text for phrase in phrases] == ["One.", "Two!", "Three", "Four"]
    pauses = [phrase.pause_seconds for phrase in phrases]
    assert pauses == [SENTENCE_PAUSE_SECONDS, SENTENCE_PAUSE_SECONDS, PARAGRAPH_PAUSE_SECONDS, 0.0]


def test_the_labels_of_a_dialogue_are_not_said() -> None:
    assert texts("Speaker 1: Hi.\n[2]: Yes?") == ["Hi.", "Yes?"]


def test_a_wrapped_line_goes_on() -> None:
    assert texts("This line goes\n  on below.\r\nThis one is new.") == [
        "This line goes   on below.",
        "This one is new.",
    ]


@pytest.mark.parametrize(
    "script",
    [
        "Mr. Smith met Dr. Who.",
        "It costs 3.50 today.",
        "See (e.g. the first) one.",
        "At 10 a.m. we go.",
        "In the U.S. Army.",
        "No. 5 came on Jan. 5, 6 ft. 3 tall.",
        "Wait... what?",
        "他说：“好。”",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(script: str) -> None:
    assert texts(script) == [script]


@pytest.mark.parametrize(
    "script", ["I said no. Then we left.", "It was 2024. 5 came.", "“好。”他说。", "Wait... What?"]
)
def test_a_full_stop_at_the_end_of_a_sentence_does(script: str) -> None:
    assert len(texts(script)) == 2


@pytest.mark.parametrize("script", ["word " * 400, "clause, " * 400, "x" * 2000])
def test_a_long_sentence_is_cut_and_nothing_is_lost(script: str) -> None:
    parts = texts(script)
    assert max(map(len, parts)) <= MAX_PHRASE_CHARACTERS
    assert "".join(parts).replace(" ", "") == script.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What do you want to say today?", "en-us"),
        ("Déjà vu, a café on La Rambla", "en-us"),
        ("12345", "en-us"),
        ("El perro que vive en la casa no come por la noche", "es"),
        ("Je ne sais pas ce que vous faites dans la maison", "fr"),
        ("Das ist nicht der Hund, den ich mit dir gesehen habe", "de"),
        ("我每天都去学校", "cmn"),
        ("がっこうにいきます", "ja"),
        ("나는 학교에 갑니다", "ko"),
        ("Я хожу в школу", "ru"),
        ("Я їжджу до школи", "uk"),
        ("أذهب إلى المدرسة", "ar"),
        ("मैं स्कूल जाता हूँ", "hi"),
        ("Πηγαίνω στο σχολείο", "el"),
        ("我用iPhone和ChatGPT", "cmn"),
        ("The word 你好 has two letters", "en-us"),
    ],
)
def test_the_writing_tells_the_language(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "surroundings", "language"),
    [
        ("Das kostet 5 €", "de", "de"),
        ("12345", "cmn", "cmn"),
        ("OK, Google", "cmn", "en-us"),
        ("This is the one that you want", "de", "en-us"),
        ("Привет", "de", "ru"),
    ],
)
def test_the_surroundings_tell_what_a_text_leaves_open(text: str, surroundings: str, language: str) -> None:
    assert detect_language(text, surroundings) == language


def test_a_short_sentence_is_said_by_the_voice_of_its_surroundings() -> None:
    phrases = plan_phrases("Guten Morgen! Das ist nicht der Hund, den ich mit dir gesehen habe.")
    assert [phrase.language for phrase in phrases] == ["de", "de"]


def test_each_sentence_has_its_own_language() -> None:
    assert [phrase.language for phrase in plan_phrases("Hello! 你好。Привет!")] == ["en-us", "cmn", "ru"]


def test_kanji_in_japanese_are_read_by_the_chinese_voice() -> None:
    assert [(phrase.text, phrase.language) for phrase in plan_phrases("私は行きます。")] == [
        ("私", "cmn"),
        ("は", "ja"),
        ("行", "cmn"),
        ("きます。", "ja"),
    ]


def test_words_are_counted_and_characters_where_no_spaces_are_written() -> None:
    assert count_words("Don't pay $5.99 — it's too much.") == 6
    assert count_words("你好，世界 ok") == 5
    assert count_words("我用iPhone 15") == 4
