from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.script.phrases import SENTENCE_PAUSE_SECONDS
from comfyui_talkingshorts.core.script.prepared import PreparedLine
from comfyui_talkingshorts.core.script.speech_length import estimate_seconds
from comfyui_talkingshorts.engines.draft.script import prepare_for_draft


def test_each_phrase_is_in_words_of_its_own_language() -> None:
    script = prepare_for_draft("Speaker 1: It costs $5.\nSpeaker 2: 今天有3个。")

    assert script.lines == (
        PreparedLine(0, "It costs five dollars.", "en-us", 0.55),
        PreparedLine(1, "今天有三个。", "cmn"),
    )


def test_a_script_travels_with_its_language_and_how_long_it_takes_to_say() -> None:
    script = prepare_for_draft("Das kostet 5 €. Es ist nicht viel, und wir haben es auch mit der Post.")

    assert script.language == "de"
    assert script.lines[0] == PreparedLine(0, "Das kostet fünf Euro.", "de", SENTENCE_PAUSE_SECONDS)
    assert script.seconds == estimate_seconds(script.text)
    assert script.words == 4 + 12


@pytest.mark.parametrize("script", ["", "🙂", "Speaker 1:"])
def test_a_script_with_nothing_to_say_is_refused(script: str) -> None:
    with pytest.raises(InputError, match="Write at least one word"):
        prepare_for_draft(script)


def test_silence_and_notes_travel_with_the_script() -> None:
    script = prepare_for_draft("[pause 2s] One. [laughs] [pause 1s] Two.")

    assert script.lead_seconds == 2.0
    assert [(line.text, line.silence_seconds) for line in script.lines] == [("One.", 1.0), ("Two.", 0.0)]
    assert script.notes == ("Not said, as stage directions: [laughs].",)
