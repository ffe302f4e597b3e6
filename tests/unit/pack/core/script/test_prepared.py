from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.script.prepared import PreparedLine, PreparedScript
from comfyui_talkingshorts.core.script.speech_length import estimate_seconds


def test_a_script_knows_its_text_and_how_long_that_takes_to_say() -> None:
    lines = [PreparedLine(0, "How are you?", "en-us"), PreparedLine(1, "I'm fine.", "en-us")]

    script = PreparedScript.from_lines(lines, "en-us")

    assert script.lines == tuple(lines)
    assert script.text == "How are you? I'm fine."
    assert script.words == 5
    assert script.seconds == estimate_seconds(script.text)
    assert lines[0].seconds == estimate_seconds("How are you?")


@pytest.mark.parametrize(("speakers", "numbered"), [([0], [0]), ([3], [0]), ([3, 1, 3], [1, 0, 1]), ([0, 2], [0, 1])])
def test_speakers_are_numbered_without_gaps(speakers: list[int], numbered: list[int]) -> None:
    script = PreparedScript.from_lines([PreparedLine(speaker, "Yes.", "en-us") for speaker in speakers], "en-us")

    renumbered = script.renumber_speakers()

    assert [line.speaker for line in renumbered.lines] == numbered
    assert (renumbered.text, renumbered.seconds) == (script.text, script.seconds)


def test_silence_comes_on_top_of_the_words() -> None:
    line = PreparedLine(0, "Yes.", "en-us", silence_seconds=2.0)

    script = PreparedScript.from_lines([line, line], "en-us", lead_seconds=0.5)

    assert script.silence_seconds == 4.5
    assert script.seconds == estimate_seconds("Yes. Yes.")
