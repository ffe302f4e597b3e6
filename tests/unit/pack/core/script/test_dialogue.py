# ruff: noqa: RUF001 (punctuation of other languages)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.script.dialogue import Line, parse_dialogue, read_script


def said(script: str) -> list[tuple[int, str]]:
    return [(line.speaker, line.text) for line in parse_dialogue(script)]


def test_a_script_without_labels_is_the_first_speakers() -> None:
    assert parse_dialogue("Hello there.\nHow are you?") == [Line(0, "Hello there.\nHow are you?")]


@pytest.mark.parametrize(
    ("script", "speakers"),
    [
        ("Speaker 1: a\nSpeaker 2: b\nSpeaker 1: c", [0, 1, 0]),
        ("Speaker 0: a\nSpeaker 1: b", [0, 1]),
        ("Speaker 2: a\nSpeaker 3: b", [1, 2]),
        ("Speaker 4: a", [3]),
        ("Speaker 3: a\nSpeaker 0: b", [3, 0]),
    ],
)
def test_speakers_are_counted_from_1_or_from_0(script: str, speakers: list[int]) -> None:
    assert [line.speaker for line in parse_dialogue(script)] == speakers


@pytest.mark.parametrize(
    "label", ["Speaker 1:", "speaker 1 :", "SPEAKER 1:", "  Speaker\t1:", "Speaker1:", "Speaker 1：", "Speaker １:"]
)
def test_a_label_may_be_written_in_many_ways(label: str) -> None:
    assert said(f"{label} Hi.") == [(0, "Hi.")]


def test_the_words_stay_as_typed() -> None:
    script = (
        '\n\nSpeaker 1:Two: colons,  double  spaces\tand "quotes" :-)  \r\n\r\n  \nSpeaker 2: We—re 你好，世界。\r\n'
    )
    assert said(script) == [(0, 'Two: colons,  double  spaces\tand "quotes" :-)'), (1, "We—re 你好，世界。")]


def test_words_go_on_under_their_label() -> None:
    assert said("Speaker 2: One.\nTwo.\n\nThree.\nSpeaker 1: Four.") == [(1, "One.\nTwo.\n\nThree."), (0, "Four.")]


def test_words_before_the_first_label_are_the_first_speakers() -> None:
    assert said("Title\nSpeaker 2: Hi.") == [(0, "Title"), (1, "Hi.")]


def test_labels_without_words_are_left_out() -> None:
    assert said("Speaker 1:\nSpeaker 2: Hi.\nSpeaker 1:  \n") == [(1, "Hi.")]
    assert said("") == said(" \n\n") == said("Speaker 1:") == []


@pytest.mark.parametrize("words", ["The speaker 2: loud.", "Speaker: hi", "Speaker one: hi", "Speakers 1: hi"])
def test_what_only_looks_like_a_label_is_said(words: str) -> None:
    assert said(words) == [(0, words)]


@pytest.mark.parametrize(
    ("script", "remedy"),
    [
        ("Speaker 1: a\nSpeaker 5: b", "Speaker 5, .* Speaker 1 to Speaker 4"),
        ("Speaker 0: a\nSpeaker 4: b", "Speaker 4, .* Speaker 0 to Speaker 3"),
        ("Speaker 5: alone", "at most 4 speakers"),
    ],
)
def test_a_fifth_speaker_is_refused_with_a_remedy(script: str, remedy: str) -> None:
    with pytest.raises(InputError, match=remedy):
        parse_dialogue(script)


@pytest.mark.parametrize(
    "script",
    [
        "",
        "   \n\t ",
        "...",
        "!? — …",
        "🙂🎉",
        "🇩🇪",
        "<break/>",
        "[[]]",
        "\x00\x01",
        "\ufeff",
        "Speaker 1:",
        ":-)",
        "None",
    ],
)
def test_a_script_with_nothing_to_say_is_refused_with_a_remedy(script: str) -> None:
    with pytest.raises(InputError, match="Write at least one word"):
        read_script(script)


def test_a_script_is_read_with_the_language_that_most_of_it_is_in() -> None:
    read = read_script("Speaker 1: Guten **Morgen**!\n[2]: Das ist nicht der Hund, den ich mit dir gesehen habe.")

    assert [(line.speaker, line.text) for line in read.lines] == [
        (0, "Guten  Morgen !"),
        (1, "Das ist nicht der Hund, den ich mit dir gesehen habe."),
    ]
    assert read.language == "de"


def words_of(script: str) -> list[tuple[int, str]]:
    return [(line.speaker, " ".join(line.text.split())) for line in read_script(script).lines]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("\ufeff[1]: Hello there.\n[2]: Hi.", [(0, "Hello there."), (1, "Hi.")]),
        ("[1]: a. [2]: b", [(0, "a."), (1, "b")]),
        ("Speaker 1: Hi [pause] Speaker 2: Yes.", [(0, "Hi"), (1, "Yes.")]),
        ("[Speaker 1]: Hi.\n[Speaker 2]: Yes.", [(0, "Hi."), (1, "Yes.")]),
        ("Speaker 1 (excited): Hi.\nSpeaker 2 [softly]: Yes.", [(0, "Hi."), (1, "Yes.")]),
        ("\u200bANNA:\u200b Hi.\nBEN: Yes.", [(0, "Hi."), (1, "Yes.")]),
    ],
)
def test_labels_are_not_said_however_they_are_typed(script: str, said: list[tuple[int, str]]) -> None:
    assert words_of(script) == said


def test_silence_is_kept_with_the_words_before_it_and_before_the_first() -> None:
    read = read_script("[pause 2s] One. [pause] [laughs] [pause 500ms] Two. <break time='1.5s'/>")

    assert read.lead_seconds == 2.0
    assert [(line.text, line.silence_seconds) for line in read.lines] == [("One.", 1.5), ("Two.", 1.5)]


def test_silence_before_a_label_is_kept_too() -> None:
    read = read_script("Speaker 1: One.\n\n[pause 2s]\n\nSpeaker 2: Two.\nSpeaker 1: [pause 1s] Three.")
    assert [(line.text, line.silence_seconds) for line in read.lines] == [("One.", 2.0), ("Two.", 1.0), ("Three.", 0.0)]


def test_what_is_not_said_is_told() -> None:
    read = read_script("ANNA: Hi. [laughs] [laughs] (sighs)\nBEN: Yes.")
    assert read.notes == (
        "ANNA and BEN are taken for the names of speakers, and not said.",
        "Not said, as stage directions: [laughs], (sighs).",
    )
    assert read_script("00:01 --> 00:02\nYes.").notes == (
        "The script is a subtitle file: its numbers and times are not said.",
    )
    assert "[beep] and 2 more" in read_script("Yes. [music] (sighs) [laughs] (nods) *smiles* [beep] [cut]").notes[0]
    assert read_script("Nothing. [pause 2s] (and this matters) *really*").notes == ()


def test_a_script_of_nothing_but_stage_directions_is_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match=r"'\[laughs\]'. What stands in brackets .* Write at least one word"):
        read_script("[laughs]")


@pytest.mark.parametrize(
    ("script", "kind"),
    [("{\\rtf1\\ansi Hello}", "RTF"), ("\ufeff%PDF-1.7 Hello", "PDF"), ("PK\x03\x04 word/document.xml", "ZIP")],
)
def test_a_file_that_is_no_text_is_refused_with_the_remedy(script: str, kind: str) -> None:
    with pytest.raises(InputError, match=rf"{kind}.* save it as plain text"):
        read_script(script)


@pytest.mark.parametrize("filler", [" ", "\n", "*", ">", "\n ", "(", "[a", "ANNA: ", "=", "<!--"])
def test_a_script_of_one_sign_over_and_over_takes_no_time_that_grows_with_its_square(filler: str) -> None:
    assert words_of(filler * (20_000 // len(filler)) + "\nHello.")[-1][1].endswith("Hello.")


@pytest.mark.parametrize(
    ("script", "texts"),
    [
        ("<i>ANNA:</i> See you there.", ["See you there."]),
        ("<b>BEN</b>: Hello.\n<font color='red'>ANNA:</font> Hi.", ["Hello.", "Hi."]),
        (
            "1\n00:00:01,000 --> 00:00:02,000\n<i>BEN: Hello.</i>\n\n"
            "2\n00:00:03,000 --> 00:00:04,000\n<i>ANNA:</i> Hi.\n",
            ["Hello.", "Hi."],
        ),
        ("This is <b>very</b> good, <i>and</i> 3<b>rd</b>.", ["This is very good, and 3rd."]),
    ],
)
def test_a_label_is_one_however_it_looks(script: str, texts: list[str]) -> None:
    assert [line.text for line in read_script(script).lines] == texts
