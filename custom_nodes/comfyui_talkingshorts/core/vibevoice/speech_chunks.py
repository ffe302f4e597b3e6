"""Cut a long script where a voice may pause, so that each piece is short enough to be spoken in one go."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ..script.dialogue import Line
from ..script.speech_length import estimate_seconds

LONGEST_CHUNK_SECONDS = 45.0
LONGEST_LINE_SECONDS = 30.0

_BREATHS = (re.compile(r"[,;:] "), re.compile(" "))


def plan_chunks(lines: Sequence[Line]) -> list[tuple[Line, ...]]:
    """Return the lines in as few groups of 45 s or so as hold them, all of about the same length.

    The model drifts from the voice, and the memory for what it has said grows, the longer it speaks in one go.
    """
    seconds = [estimate_seconds(line.text) for line in lines]
    count = math.ceil(sum(seconds) / LONGEST_CHUNK_SECONDS)
    share = sum(seconds) / count
    chunks: list[list[Line]] = [[] for _ in range(count)]
    spoken = 0.0
    for line, line_seconds in zip(lines, seconds, strict=True):
        middle = spoken + line_seconds / 2
        chunks[min(int(middle / share), count - 1)].append(line)
        spoken += line_seconds
    return [tuple(chunk) for chunk in chunks if chunk]


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
