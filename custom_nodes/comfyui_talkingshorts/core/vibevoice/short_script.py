"""Company for very short scripts, which VibeVoice sets to music or breaks off when they stand alone.

Neutral sentences go before and after the words: the one before takes the music and noise that a take opens with, the
one after is what a voice that stops too soon leaves out. Both are cut away again, at the pauses next to the words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..script.prepared import PreparedLine, PreparedScript

SHORT_SCRIPT_SECONDS = 1.5

_PAUSE_INSIDE = re.compile(r"[^\w\s'\u2019-]+(?=.*\w)", re.DOTALL)

# Without a comma, so that no pause of their own can be taken for the one before or after the words. Plain punctuation
# is what the model's authors advise in Chinese too.
_COMPANY = {
    "en-us": ("Here is what I would like to say today.", "That is all there is to say about it."),
    "cmn": ("下面就是我今天想要说的话.", "这就是我想告诉你的内容."),
}


@dataclass(frozen=True)
class PaddedScript:
    """A script of three lines: a sentence, the short text, a sentence.

    Beside it stands how often the punctuation of the short text asks for a pause amid it.
    """

    script: PreparedScript
    pauses_amid_words: int


def pad_short_script(script: PreparedScript) -> PaddedScript | None:
    """Return a script of one to three words or so between two sentences; None for one that is safe to say alone.

    Two voices are company to each other. None too for a language that has no such sentences here: those of another
    would give the voice an accent.
    """
    speakers = {line.speaker for line in script.lines}
    if script.seconds > SHORT_SCRIPT_SECONDS or len(speakers) > 1 or script.language not in _COMPANY:
        return None
    [speaker] = speakers
    before, after = _COMPANY[script.language]
    lines = [PreparedLine(speaker, text, script.language) for text in (before, script.text, after)]
    return PaddedScript(PreparedScript.from_lines(lines, script.language), len(_PAUSE_INSIDE.findall(script.text)))
