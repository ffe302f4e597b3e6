# ruff: noqa: RUF001 (the punctuation of Chinese)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.script.speech_length import estimate_seconds
from comfyui_talkingshorts.core.vibevoice.short_text import pad_short_text


@pytest.mark.parametrize("text", ["Yes.", "Thank you.", "Buy it now!", "你好。", "谢谢大家！", "Hello"])
def test_a_short_text_stands_on_a_line_between_two_longer_ones(text: str) -> None:
    padded = pad_short_text(text)

    assert padded is not None
    before, words, after = padded.text.split("\n")
    assert words == text
    assert padded.words_seconds == estimate_seconds(text)
    assert padded.before_seconds == estimate_seconds(before) > 2
    assert padded.after_seconds == estimate_seconds(after) > 2


def test_its_company_speaks_its_language() -> None:
    english, chinese = pad_short_text("Yes."), pad_short_text("好的。")

    assert english is not None
    assert english.text.isascii()
    assert chinese is not None
    assert not any(letter.isascii() and letter.isalpha() for letter in chinese.text)


@pytest.mark.parametrize(
    "text", ["This one is long enough to be said as it stands.", "这一句话已经足够长了，可以直接说。"]
)
def test_a_longer_text_needs_no_company(text: str) -> None:
    assert pad_short_text(text) is None


@pytest.mark.parametrize("text", ["Да.", "ありがとう。", "감사합니다.", "शुक्रिया।"])
def test_a_language_without_sentences_of_its_own_gets_none_of_another(text: str) -> None:
    assert pad_short_text(text) is None


@pytest.mark.parametrize(
    ("text", "pauses"),
    [
        ("Yes.", 0),
        ("Wait. Stop.", 1),
        ("Oh, no, no!", 2),
        ("No...", 0),
        ("Hm... yes", 1),
        ("Don't.", 0),
        ("好，谢谢。", 1),
    ],
)
def test_the_pauses_that_its_punctuation_asks_for_are_counted(text: str, pauses: int) -> None:
    padded = pad_short_text(text)

    assert padded is not None
    assert padded.pauses_amid_words == pauses
