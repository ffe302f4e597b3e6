# ruff: noqa: RUF001 (punctuation of other languages)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.script.dialogue import MAX_SCRIPT_CHARACTERS
from comfyui_talkingshorts.core.script.prepared import PreparedLine
from comfyui_talkingshorts.core.script.speech_length import estimate_seconds
from comfyui_talkingshorts.core.script.words import count_words
from comfyui_talkingshorts.core.vibevoice.script_chunks import chunk_script
from comfyui_talkingshorts.engines.vibevoice.script import (
    PARAGRAPH_SILENCE_SECONDS,
    explain_opening,
    prepare_for_vibevoice,
)


def sentences(script: str) -> list[str]:
    return [line.text for line in prepare_for_vibevoice(script).lines]


def test_each_sentence_has_a_line_with_its_speaker() -> None:
    script = "Speaker 1: Did you sleep well?\nSpeaker 2: Yes, thank you. How about you?"
    assert prepare_for_vibevoice(script).lines == (
        PreparedLine(0, "Did you sleep well?", "en-us"),
        PreparedLine(1, "Yes, thank you.", "en-us"),
        PreparedLine(1, "How about you?", "en-us"),
    )


@pytest.mark.parametrize(
    "label", ["[2]:", "**Speaker 2:**", "**Speaker 2**:", "# Speaker 2:", "\ufeffSpeaker 2:", "[2]："]
)
def test_a_label_may_be_marked_up(label: str) -> None:
    assert prepare_for_vibevoice(f"{label} Yes.\nSpeaker 1: No.").lines == (
        PreparedLine(1, "Yes.", "en-us"),
        PreparedLine(0, "No.", "en-us"),
    )


@pytest.mark.parametrize(
    ("script", "prepared"),
    [
        ("no stop", ["no stop."]),
        ("A title\nA line", ["A title.", "A line."]),
        ("Wrapped\nin the middle.", ["Wrapped in the middle."]),
        ("Three things:\nBread", ["Three things:", "Bread."]),
        ("Bread,\nMilk -", ["Bread.", "Milk."]),
        ('He said "Hi." Then (quietly) left', ['He said "Hi."', "Then (quietly) left."]),
        ("At 10 a.m. we go. At 5 p.m. Then", ["At ten a m we go.", "At five p m.", "Then."]),
        ("In the U.S. Army, J. K. met Dr. Who.", ["In the U S Army, J. K. met Doctor Who."]),
        ("Wait... what? No… Never", ["Wait... what?", "No...", "Never."]),
    ],
)
def test_every_sentence_ends_in_punctuation(script: str, prepared: list[str]) -> None:
    assert sentences(script) == prepared


@pytest.mark.parametrize(
    ("script", "prepared"),
    [
        ("It’s “fine” – really—yes", 'It\'s "fine", really, yes.'),
        ("Fine -- really - yes", "Fine, really, yes."),
        ("What?!?! Yes", "What?!"),
        ("No way!!!", "No way!"),
        ("Hm...... well", "Hm... well."),
        ("well , then", "well, then."),
        ("你好，世界！", "你好, 世界!"),
        ("他说：“好。”", '他说,"好."'),
        ("苹果、梨；就这样……好吧——", "苹果, 梨, 就这样...好吧."),
        ("（看）", "(看)."),
    ],
)
def test_punctuation_is_plain(script: str, prepared: str) -> None:
    assert sentences(script)[0] == prepared


def test_what_is_no_word_is_spelled_out_in_the_language_of_the_sentence() -> None:
    assert sentences("今天是1月5日。It costs $5. 我用iPhone 15。") == [
        "今天是一月五日.",
        "It costs five dollars.",
        "我用iPhone 十五.",
    ]


def test_a_short_sentence_has_the_language_of_its_surroundings() -> None:
    script = "Das kostet 5 €. Es ist nicht viel, und wir haben es auch mit der Post. 20 %!"
    assert sentences(script)[0] == "Das kostet fünf Euro."
    assert sentences(script)[-1] == "zwanzig Prozent!"
    assert sentences("我们有很多。20!") == ["我们有很多.", "二十!"]


def test_a_script_travels_with_its_languages_and_how_long_it_takes_to_say() -> None:
    script = prepare_for_vibevoice("今天是1月5日。It costs $5. 我用iPhone 15。")

    assert [line.language for line in script.lines] == ["cmn", "en-us", "cmn"]
    assert script.language == "cmn"
    assert script.seconds == estimate_seconds("今天是一月五日. It costs five dollars. 我用iPhone 十五.")
    assert script.words == 7 + 4 + 5


def test_markup_and_emoji_are_silent() -> None:
    script = "# A **bold** title 🙂\n- [one](http://a.com)\n* two :-)\n• three\n---\n> `Four`\n| A | B |\n<b>Five</b>"
    assert sentences(script) == ["A bold title.", "one.", "two.", "three.", "Four.", "A B.", "Five."]


def test_writing_from_right_to_left_is_kept() -> None:
    assert sentences("مرحبا بالعالم؟ \u200fكيف حالك") == ["مرحبا بالعالم؟", "كيف حالك."]


def test_half_a_surrogate_pair_is_left_out() -> None:
    assert sentences("one\ud83d two\ude00") == ["one two."]


@pytest.mark.parametrize(
    "script", ["", " \n ", "...", "!?", "。！", "🙂", ":-)", "\ud83d", "<b></b>", "Speaker 1:\nSpeaker 2: …", "[1]:"]
)
def test_a_script_with_nothing_to_say_is_refused_with_a_remedy(script: str) -> None:
    with pytest.raises(InputError, match="Write at least one word"):
        prepare_for_vibevoice(script)


def test_a_fifth_speaker_is_refused() -> None:
    with pytest.raises(InputError, match="at most 4 speakers"):
        prepare_for_vibevoice("Speaker 5: Hi.\nSpeaker 1: Hi.")


def test_a_script_of_over_an_hour_is_refused() -> None:
    with pytest.raises(InputError, match="split it"):
        prepare_for_vibevoice("words " * MAX_SCRIPT_CHARACTERS)


def test_five_thousand_words_come_out_complete() -> None:
    prepared = sentences("Nobody counts these ten words again, and yet they matter. " * 500)
    assert len(prepared) == 500
    assert sum(map(count_words, prepared)) == 5000


def test_letters_of_another_style_are_read_as_plain_ones() -> None:
    assert sentences("𝓗𝓮𝓵𝓵𝓸 ｆｒｉｅｎｄ, 𝐠𝐢𝐯𝐞 𝟐, 你好。") == ["Hello friend, give two, 你好."]


def test_words_without_full_stops_are_read_in_parts_each_with_an_end() -> None:
    transcript = "so we went there and, as I said, nobody was at home " * 400

    prepared = sentences(transcript)

    assert sum(map(count_words, prepared)) == count_words(transcript)
    assert all(text[-1] == "." and text[-2].isalpha() for text in prepared)
    assert len(chunk_script(prepare_for_vibevoice(transcript))) > 20


@pytest.mark.parametrize(
    "script",
    ["Welcome to the show!", "hello, I am Ann.", "Speaker 1: Good morning!", "大家好，欢迎收听。", "However, no."],
)
def test_an_opening_that_brings_music_is_told_and_left_as_it_is(script: str) -> None:
    prepared = prepare_for_vibevoice(script)
    assert "music" in (explain_opening(prepared) or "")
    assert count_words(prepared.lines[0].text) == count_words(script.removeprefix("Speaker 1:"))


@pytest.mark.parametrize("script", ["Well, hello.", "Hi-fi is back.", "History matters.", "Say welcome."])
def test_other_openings_are_no_matter(script: str) -> None:
    assert explain_opening(prepare_for_vibevoice(script)) is None


def test_a_label_after_a_sentence_begins_a_line_as_in_a_dialogue_typed_into_a_command() -> None:
    prepared = prepare_for_vibevoice("Speaker 1: Are you there? Speaker 2: Yes. Ask speaker 1: he knows.")

    assert [(line.speaker, line.text) for line in prepared.lines] == [
        (0, "Are you there?"),
        (1, "Yes."),
        (1, "Ask speaker one: he knows."),
    ]


SENTENCE = "Three small habits changed how I work every day."


def silences(script: str) -> list[float]:
    return [line.silence_seconds for line in prepare_for_vibevoice(script).lines]


def test_pauses_and_empty_lines_ask_for_silence() -> None:
    script = f"[pause 1s] {SENTENCE} Yes. [pause 2s] {SENTENCE}\n\n{SENTENCE}"

    assert prepare_for_vibevoice(script).lead_seconds == 1.0
    assert silences(script) == [0.0, 2.0, PARAGRAPH_SILENCE_SECONDS, 0.0]


@pytest.mark.parametrize(
    "script", [f"{SENTENCE}\n{SENTENCE}", f"Yes.\n\n{SENTENCE}", f"{SENTENCE}\n\nYes.", "One.\n\nTwo.\n\nThree."]
)
def test_a_paragraph_of_a_few_words_is_read_along_with_its_neighbour(script: str) -> None:
    assert not any(silences(script))


def test_an_empty_line_between_two_speakers_is_no_pause() -> None:
    assert not any(silences(f"Speaker 1: {SENTENCE}\n\nSpeaker 2: {SENTENCE}"))


def test_stage_directions_are_not_said_and_told() -> None:
    script = prepare_for_vibevoice("Ready? [laughs] Let's go (and this matters).")

    assert script.text == "Ready? Let's go (and this matters)."
    assert script.notes == ("Not said, as stage directions: [laughs].",)
