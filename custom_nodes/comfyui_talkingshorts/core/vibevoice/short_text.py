"""Company for very short texts, which VibeVoice sets to music or breaks off when they stand alone.

Neutral sentences go before and after the words: the one before takes the music and noise that a take opens with, the
one after is what a voice that stops too soon leaves out. Both are cut away again, at the pauses next to the words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..script.phrases import detect_language
from ..script.speech_length import estimate_seconds

SHORT_TEXT_SECONDS = 1.5

_PAUSE_INSIDE = re.compile(r"[^\w\s'\u2019-]+(?=.*\w)", re.DOTALL)

# Without a comma, so that no pause of their own can be taken for the one before or after the words. Plain punctuation
# is what the model's authors advise in Chinese too.
_COMPANY = {
    "en-us": ("Here is what I would like to say today.", "That is all there is to say about it."),
    "cmn": ("下面就是我今天想要说的话.", "这就是我想告诉你的内容."),
}


@dataclass(frozen=True)
class PaddedText:
    """A short text between two sentences, one a line.

    Beside it stand about how many seconds each of the three takes to say, and how often the punctuation of the short
    text asks for a pause amid it.
    """

    text: str
    before_seconds: float
    words_seconds: float
    after_seconds: float
    pauses_amid_words: int


def pad_short_text(text: str) -> PaddedText | None:
    """Return a text of one to three words or so between two sentences; None for one that is safe to say alone.

    None too for a language that has no such sentences here: those of another would give the voice an accent.
    """
    language = detect_language(text)
    if estimate_seconds(text) > SHORT_TEXT_SECONDS or language not in _COMPANY:
        return None
    before, after = _COMPANY[language]
    return PaddedText(
        text="\n".join((before, text, after)),
        before_seconds=estimate_seconds(before),
        words_seconds=estimate_seconds(text),
        after_seconds=estimate_seconds(after),
        pauses_amid_words=len(_PAUSE_INSIDE.findall(text)),
    )
