# ruff: noqa: RUF001 (the punctuation of Chinese)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.script.language import detect_language
from comfyui_talkingshorts.core.script.prepared import PreparedLine, PreparedScript
from comfyui_talkingshorts.core.vibevoice.short_script import PaddedScript, pad_short_script


def pad(*texts: str, speakers: tuple[int, ...] = (0, 0)) -> PaddedScript | None:
    """Return the script of these lines in company."""
    language = detect_language(" ".join(texts))
    lines = [PreparedLine(speaker, text, language) for speaker, text in zip(speakers, texts, strict=False)]
    return pad_short_script(PreparedScript.from_lines(lines, language))


@pytest.mark.parametrize("text", ["Yes.", "Thank you.", "Buy it now!", "你好。", "谢谢大家！", "Hello"])
def test_a_short_text_stands_on_a_line_between_two_longer_ones(text: str) -> None:
    padded = pad(text)

    assert padded is not None
    before, words, after = padded.script.lines
    assert words.text == text
    assert before.seconds > 2
    assert after.seconds > 2
    assert {line.speaker for line in padded.script.lines} == {0}


def test_its_sentences_stand_on_one_line_in_the_voice_of_its_speaker() -> None:
    padded = pad("Yes.", "No.", speakers=(1, 1))

    assert padded is not None
    assert padded.script.lines[1] == PreparedLine(1, "Yes. No.", "en-us")
    assert {line.speaker for line in padded.script.lines} == {1}


def test_two_voices_are_company_to_each_other() -> None:
    assert pad("Yes.", "No.", speakers=(0, 1)) is None


def test_its_company_speaks_its_language() -> None:
    english, chinese = pad("Yes."), pad("好的。")

    assert english is not None
    assert english.script.text.isascii()
    assert chinese is not None
    assert not any(letter.isascii() and letter.isalpha() for letter in chinese.script.text)


@pytest.mark.parametrize(
    "text", ["This one is long enough to be said as it stands.", "这一句话已经足够长了，可以直接说。"]
)
def test_a_longer_text_needs_no_company(text: str) -> None:
    assert pad(text) is None


@pytest.mark.parametrize("text", ["Да.", "ありがとう。", "감사합니다.", "शुक्रिया।"])
def test_a_language_without_sentences_of_its_own_gets_none_of_another(text: str) -> None:
    assert pad(text) is None


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
    padded = pad(text)

    assert padded is not None
    assert padded.pauses_amid_words == pauses
