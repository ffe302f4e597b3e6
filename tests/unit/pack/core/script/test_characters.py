# ruff: noqa: RUF001 (the signs of other keyboards)
"""What programs make of a script between its author and us is undone; what he typed himself stays."""

from __future__ import annotations

import unicodedata

import pytest
from comfyui_talkingshorts.core.script.characters import plain_characters

WELL_WRITTEN = (
    "It’s a “nice” café – really… naïve, 5′ 6″, 10\u202f000\u00a0€, ½ of 20 °C.",
    "Größe, Straße, Œuvre, ñandú, Łódź, İstanbul, São Paulo, Ångström, Âge, Ã",
    "你好，世界！第1，2，3章：价格。",
    "こんにちは、世界。",
    "مرحبا، كيف حالك؟ ١٢٣",
    "मेरे पास १२३ किताबें हैं।",
    "می\u200cخواهم",
    "👩🏽‍🚀 Hello\tthere\n\n— Bonjour",
)


@pytest.mark.parametrize("text", WELL_WRITTEN)
def test_what_is_written_well_stays_as_it_is(text: str) -> None:
    assert plain_characters(text) == text.replace("— ", "- ")


@pytest.mark.parametrize("text", WELL_WRITTEN)
def test_text_that_was_read_in_the_wrong_encoding_is_read_anew(text: str) -> None:
    as_windows_1252 = "".join(
        bytes([byte]).decode("latin-1" if byte in b"\x81\x8d\x8f\x90\x9d" else "cp1252") for byte in text.encode()
    )

    assert plain_characters(as_windows_1252) == plain_characters(text)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("He said \x93hello\x94, it\x92s \x80 5 \x96 wait\x85", "He said “hello”, it’s € 5 – wait…"),
        (unicodedata.normalize("NFD", "Müller é 안녕"), "Müller é 안녕"),
        ("one\r\ntwo\rthree\x0bfour\x0cfive\u2028six\u2029seven", "one\ntwo\nthree\nfour\nfive\nsix\n\nseven"),
        ("Hello.\\nHow are you?\\r\\n\\nBye", "Hello.\nHow are you?\n\nBye"),
        ("a real line end,\nand \\n", "a real line end,\nand \\n"),
        ("Look into C:\\new.", "Look into C:\\new."),
        ("the ﬁrst oﬃce ﬂoor", "the first office floor"),
        ("Chapter Ⅳ, ① one, 25℃, 20㎡, 5㎏", "Chapter IV, 1 one, 25°C, 20m2, 5kg"),
        ("𝗧𝗵𝗶𝘀 ＡＢＣ１２３ ﾊﾝｶｸ ﾃﾞｽ", "This ABC123 ハンカク デス"),
        ("１，２００円、３．５％、１２：３０", "1,200円、3.5%、12:30"),
        ("葛\U000e0100城市 مـــرحـــبا", "葛城市 مرحبا"),
        ("漢字（かんじ）を読(よ)む。笑(笑)", "漢字を読む。笑(笑)"),
        ("To do:\n• milk\n  ◦ eggs\n☐ bread\n✓ tea\n– jam", "To do:\n- milk\n  - eggs\n- bread\n- tea\n- jam"),
    ],
)  # fmt: skip
def test_characters_become_those_of_a_keyboard(typed: str, plain: str) -> None:
    assert plain_characters(typed) == plain
