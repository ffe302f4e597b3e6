from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.script.subtitles import read_subtitles


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("1\n00:00:00,000 --> 00:00:02,500\nHi.\n\n2\n00:00:02,600 --> 00:00:05,000\nYes.\n", "Hi.\nYes."),
        ("1\n00:00:00,000 --> 00:00:02,500\nHi.\n2\n00:00:02,600 --> 00:00:05,000\n2024\n", "Hi.\n2024"),
        ("0:00:00.000,0:00:02.500\nHi.\n\n0:00:03.000,0:00:05.000\nYes.", "Hi.\nYes."),
        (
            "WEBVTT - a title\n\nNOTE not\nsaid\n\nname\n00:00.000 --> 00:02.500 align:start\nHi <i>you</i>.",
            "Hi <i>you</i>.",
        ),
        ("WEBVTT\n\n00:00.000 --> 00:02.500\n<v Anna>Hi.</v>", "ANNA: Hi.</v>"),
        ("1\n00:00:00,000 --> 00:00:02,500\n{\\an8}Up\\Nhere.", "Up here."),
        ("0:00\nHi.\n0:03\nYes.\n1:02:03\nNo.", "Hi.\nYes.\nNo."),
    ],
    ids=["srt", "srt without empty lines", "sbv", "vtt", "a voice", "styles", "a transcript"],
)
def test_only_the_words_are_left(file: str, words: str) -> None:
    assert read_subtitles(file) == words


def test_a_sentence_goes_on_over_subtitles_and_a_new_voice_begins_a_line() -> None:
    file = "1\n00:01 --> 00:02\nWe went to\nParis and\n\n2\n00:03 --> 00:04\nRome\n- Really?\n- Yes."
    assert read_subtitles(file) == "We went to Paris and Rome\n- Really?\n- Yes."


def test_what_rolling_captions_show_twice_is_said_once() -> None:
    file = "WEBVTT\n\n00:01.0 --> 00:02.0\nso we<00:01.500> went\n\n00:02.0 --> 00:03.0\nso we went\nhome"
    assert read_subtitles(file) == "so we went home"
    assert read_subtitles("1\n00:01 --> 00:02\nNo.\n\n2\n00:03 --> 00:04\nNo.") == "No.\nNo."


@pytest.mark.parametrize(
    "text",
    ["Chapter\n1\nOnce.", "At 10:30 we go --> now.", "10:30", "10:30\n9:15", "1\n2\n3", "", "10:30 lunch\n11:30 nap"],
)
def test_any_other_text_is_none(text: str) -> None:
    assert read_subtitles(text) is None
