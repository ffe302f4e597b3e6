# ruff: noqa: RUF001 (brackets of Chinese)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.script.stage_cues import PAUSE_SECONDS, Passage, mark_cues, split_at_pauses


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("So [laughs] here we are.", "So here we are."),
        ("Hello [waves]. Bye", "Hello. Bye"),
        ("One.\n[upbeat music]\nTwo.", "One.\nTwo."),
        ("[Wide shot of the harbour]\nThe sea.", "The sea."),
        ("[0:15] Now. [00:12.50 - 0:14] Then.", "Now. Then."),
        ("It is so.[12] It is.[1, 2]", "It is so. It is."),
        ("{cut to kitchen} Here.", "Here."),
        ("Ready (clears throat)?", "Ready?"),
        ("(She laughs softly.) No.", "No."),
        ("(upbeat music plays) Yes (door slams).", "Yes."),
        ("*smiles* Hello. _waves_", "Hello."),
        ("Well *sighs* that is it.", "Well that is it."),
        ("That was fun *laughs*.", "That was fun."),
        ("(Verse 1)\nI walk.", "I walk."),
        ("[CUT TO: close-up]\nHere.", "Here."),
        ("*dramatic music*\nHe came.", "He came."),
        ("Das ist (lacht) gut. *räuspert sich* Ja. [Musik]", "Das ist gut. Ja."),
        ("Bueno (risas), vale. (suspira)", "Bueno, vale."),
        ("Oui (rires) non. [musique douce]", "Oui non."),
        ("Sì (ride) no. Sim (risos) não. Ja (zucht) nee.", "Sì no. Sim não. Ja nee."),
        ("Да (смеётся) нет. (тихая музыка)", "Да нет."),
        ("你好（笑）。【背景音乐】我（轻声叹气）来了。", "你好。我来了。"),
        ("はい（笑）。（拍手）네 (웃음).", "はい。네."),
        ("نعم (يضحك) لا. हाँ (हँसते हुए) नहीं।", "نعم لا. हाँ नहीं।"),
    ],
)
def test_stage_directions_are_left_out(script: str, said: str) -> None:
    text, directions = mark_cues(script)
    assert text.strip() == said
    assert directions
    assert all(direction in script for direction in directions)


@pytest.mark.parametrize(
    "script",
    [
        "I like it (and this matters).",
        "We ate (laughing is healthy).",
        "It is new (music by Queen).",
        "Two weeks (maybe three) ago.",
        "He [the president] said so.",
        "It is *really* good, and _very_ big, and **bold**.",
        "She *smiles* a lot. He *laughs*.",
        "I love *music*. Press the *pause* button.",
        "2 * 3 * 4 = 24, snake_case_name",
        "See [the site](https://example.com).",
        "这本书（很重要）在这里。",
        "Das (und das zählt) ist gut.",
        "(Note: it rains.)",
    ],
)
def test_real_words_in_brackets_and_emphasis_are_said(script: str) -> None:
    assert mark_cues(script) == (script, ())


@pytest.mark.parametrize(
    ("mark", "seconds"),
    [
        ("[pause]", PAUSE_SECONDS),
        ("[pause 800ms]", 0.8),
        ("[pause:1000ms]", 1.0),
        ("[pause 2s]", 2.0),
        ("[pause 1.5 seconds]", 1.5),
        ("[PAUSE 0,5s]", 0.5),
        ("[pause=2]", 2.0),
        ("[pause 1500]", 1.5),
        ("[2 sec pause]", 2.0),
        ("(pause)", PAUSE_SECONDS),
        ("(2 second pause)", 2.0),
        ("[long pause]", 2.0),
        ("(short pause)", 0.5),
        ("[beat]", 0.5),
        ("[silence 3s]", 3.0),
        ("[Pause 2 Sekunden]", 2.0),
        ("[pausa 1 segundo]", 1.0),
        ("[停顿2秒]", 2.0),
        ("（停顿）", PAUSE_SECONDS),
        ("[пауза 2 секунды]", 2.0),
        ('<break time="1.5s"/>', 1.5),
        ("<break time='300ms' />", 0.3),
        ('<break strength="strong"></break>', 1.0),
        ('<break strength="none"/>', 0.0),
        ("<break/>", PAUSE_SECONDS),
    ],
)
def test_a_pause_lasts_as_long_as_it_says(mark: str, seconds: float) -> None:
    text, directions = mark_cues(f"One. {mark} Two.")
    assert split_at_pauses(text) == [Passage("One.", seconds), Passage("Two.", 0.0)]
    assert directions == ()


def test_pauses_in_a_row_add_up_and_the_punctuation_after_one_is_not_said() -> None:
    text, _ = mark_cues("[pause 1s] One [pause 1s] [pause 2s]. Two [pause]… .5 [pause]")
    assert split_at_pauses(text) == [Passage("", 1.0), Passage("One", 3.0), Passage("Two", 1.0), Passage(".5", 1.0)]


@pytest.mark.parametrize("script", ["[pause 601s]", "[pause 99s] a " * 7, f"[pause {'9' * 190}s]"])
def test_pauses_of_over_ten_minutes_are_refused(script: str) -> None:
    with pytest.raises(InputError, match=r"s of pauses\. The most is 600 s"):
        mark_cues(script)
