# ruff: noqa: RUF001 (the colon of Chinese)
"""Who says what: a script of one voice, or a dialogue of up to four, whose lines are labelled `Speaker 1: words`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import InputError

MAX_SPEAKERS = 4

_LABEL = re.compile(r"^[^\S\n]*speaker[^\S\n]*(\d{1,4})[^\S\n]*[:：]", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """What one speaker (0 to 3) says in one go."""

    speaker: int
    text: str


def parse_dialogue(script: str) -> list[Line]:
    """Return what is said under each label in order, as typed but for the space around it; empty lines are left out.

    Words go on under their label until the next one; those before the first are the first speaker's. Users count from
    `Speaker 1` or from `Speaker 0`: without a label 0, 1 is subtracted, as VibeVoice's own script parser does.
    Raises InputError for a label beyond the fourth speaker.
    """
    opening, *rest = _LABEL.split(script)
    labels = [int(label) for label in rest[::2]]
    first_label = 0 if 0 in labels else 1
    last_label = first_label + MAX_SPEAKERS - 1
    if labels and max(labels) > last_label:
        raise InputError(
            f"The script has a line for Speaker {max(labels)}, but a dialogue has at most {MAX_SPEAKERS} speakers: "
            f"label its lines Speaker {first_label} to Speaker {last_label}."
        )
    speakers = [0, *(label - first_label for label in labels)]
    texts = [text.strip() for text in (opening, *rest[1::2])]
    return [Line(speaker, text) for speaker, text in zip(speakers, texts, strict=True) if text]
