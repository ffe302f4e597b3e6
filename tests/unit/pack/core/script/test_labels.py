from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.script.labels import number_labels


@pytest.mark.parametrize(
    ("script", "numbered", "names"),
    [
        ("ANNA: Hi.", "Speaker 1: Hi.", ("ANNA",)),
        ("ANNA: Hi.\nBEN: Yes.\nANNA: No.", "Speaker 1: Hi.\nSpeaker 2: Yes.\nSpeaker 1: No.", ("ANNA", "BEN")),
        ("ANNA: Hi. BEN: Yes.", "Speaker 1: Hi.\nSpeaker 2: Yes.", ("ANNA", "BEN")),
        ("**ANNA:** Hi.\n[BEN]: Yes.", "Speaker 1: Hi.\nSpeaker 2: Yes.", ("ANNA", "BEN")),
        (">> WOMAN: Hi. >> MAN: Yes.", "Speaker 1: Hi.\nSpeaker 2: Yes.", ("WOMAN", "MAN")),
        ("DR. LI (smiling): Hi.", "Speaker 1: Hi.", ("DR. LI",)),
        ("Anna: Hi.\nBen: Yes.\nAnna: No.", "Speaker 1: Hi.\nSpeaker 2: Yes.\nSpeaker 1: No.", ("Anna", "Ben")),
        ("小明: 好。\n小红: 好。\n小明: 好。", "Speaker 1: 好。\nSpeaker 2: 好。\nSpeaker 1: 好。", ("小明", "小红")),
    ],
)
def test_names_are_numbered_in_the_order_in_which_they_come_in(
    script: str, numbered: str, names: tuple[str, ...]
) -> None:
    assert number_labels(script) == (numbered, names)


def test_the_headings_of_a_scripts_parts_go() -> None:
    assert number_labels("Hook: Did you know?\nCTA: Follow me.") == (" Did you know?\n Follow me.", ())


@pytest.mark.parametrize(
    "script",
    [
        "POV: you are late",
        "MYTH: it is flat.\nFACT: it is not.\nMYTH: it is hot.\nFACT: it is not.",
        "ROME: THE FALL",
        "Pros: cheap.\nCons: slow.",
        "Anna: the name of a queen.",
        "There are two things: bread and milk.",
        "It is HOT. NASA: yes.",
        "https://example.com",
        "At 10:30 we go.",
        "Q: Why?\nA: Because.\nQ: Why?",
        "Speaker 1: Hi.\nANNA: is here.",
        "[CUT TO: the kitchen]\nHere.",
    ],
)
def test_other_words_before_a_colon_are_said(script: str) -> None:
    assert number_labels(script) == (script, ())


def test_a_fifth_name_is_refused_with_the_names() -> None:
    with pytest.raises(InputError, match=r"5 speakers \(ANN, BEN, CAL, DAN, EVE\).* at most 4"):
        number_labels("ANN: a\nBEN: b\nCAL: c\nDAN: d\nEVE: e")
