"""Cut a long script where a voice may pause, so that each piece is short enough to be spoken in one go."""

from __future__ import annotations

import math
import re

from ..script.prepared import PreparedLine, PreparedScript
from ..script.speech_length import estimate_seconds

LONGEST_CHUNK_SECONDS = 45.0
LONGEST_LINE_SECONDS = 30.0

_BREATHS = (re.compile(r"[,;:] "), re.compile(" "))


def split_at_silences(script: PreparedScript) -> list[PreparedScript]:
    """Return the passages of a script: each ends with a line after which silence is asked for, or with the script."""
    passages: list[list[PreparedLine]] = [[]]
    for line in script.lines:
        if passages[-1] and passages[-1][-1].silence_seconds:
            passages.append([])
        passages[-1].append(line)
    if len(passages) == 1:
        return [script]
    return [PreparedScript.from_lines(lines, _find_longest(lines).language) for lines in passages]


def chunk_script(script: PreparedScript) -> list[PreparedScript]:
    """Return the script in as few chunks of 45 s or so as hold its lines, all of about the same length.

    The model drifts from the voice, and the memory for what it has said grows, the longer it speaks in one go. A chunk
    is in the language of its longest line.
    """
    spoken_seconds = sum(line.seconds for line in script.lines)
    count = math.ceil(spoken_seconds / LONGEST_CHUNK_SECONDS)
    if count == 1:
        return [script]
    share_seconds = spoken_seconds / count
    chunks: list[list[PreparedLine]] = [[] for _ in range(count)]
    start_seconds = 0.0
    for line in script.lines:
        middle_seconds = start_seconds + line.seconds / 2
        chunks[min(int(middle_seconds / share_seconds), count - 1)].append(line)
        start_seconds += line.seconds
    return [PreparedScript.from_lines(lines, _find_longest(lines).language) for lines in chunks if lines]


def cut_long_line(text: str) -> list[str]:
    """Return the text in parts of at most 30 s: words typed or transcribed without full stops have no other end.

    A cut is at the comma nearest the middle, else at the space, else amid the letters. The parts put together again
    with spaces are the text, but for a cut amid letters.
    """
    if estimate_seconds(text) <= LONGEST_LINE_SECONDS:
        return [text]
    middle = len(text) // 2
    found = ([match.end() for match in breath.finditer(text, middle // 2, middle * 3 // 2)] for breath in _BREATHS)
    cut = min(next(filter(None, found), [middle]), key=lambda end: abs(end - middle))
    return [*cut_long_line(text[:cut].rstrip()), *cut_long_line(text[cut:])]


def _find_longest(lines: list[PreparedLine]) -> PreparedLine:
    return max(lines, key=lambda line: line.seconds)
