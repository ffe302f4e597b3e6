"""Cut a long script where a voice may pause, so that each piece is short enough to be spoken in one go."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .dialogue import Line
from .speech_length import estimate_seconds

LONGEST_CHUNK_SECONDS = 45.0


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
