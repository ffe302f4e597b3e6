# ruff: noqa: RUF001 (the punctuation of other languages)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.script.sentences import split_paragraphs, split_sentences


def test_an_empty_line_ends_a_paragraph_and_each_line_a_sentence() -> None:
    text = "One. Two!\nThree\n \nFour"

    assert split_paragraphs(text) == ["One. Two!\nThree", "Four"]
    assert split_sentences(text) == ["One.", "Two!", "Three", "Four"]


def test_a_line_that_goes_on_in_lower_case_was_wrapped() -> None:
    assert split_sentences("This line goes\non below.\nThis one is new.") == [
        "This line goes on below.",
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
        "It costs Rs. 500, see pp. 5 to 7.",
        "Wir sehen uns am 12. Mai.",
        "Es ist in der Hauptstr. 5.",
        "El Sr. López y la Sra. Díaz.",
        "Wait... what?",
        "他说：“好。”",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(script: str) -> None:
    assert split_sentences(script) == [script]


@pytest.mark.parametrize(
    "script", ["I said no. Then we left.", "It was 2024. 5 came.", "“好。”他说。", "Wait... What?"]
)
def test_a_full_stop_at_the_end_of_a_sentence_does(script: str) -> None:
    assert len(split_sentences(script)) == 2
