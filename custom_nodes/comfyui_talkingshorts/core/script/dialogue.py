# ruff: noqa: RUF001 (the colon of Chinese)
"""Who says what: a script of one voice, or a dialogue of up to four, whose lines are labelled `Speaker 1: words`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import InputError
from .cleaning import clean_script
from .language import detect_language
from .words import is_speakable

MAX_SPEAKERS = 4
MAX_SCRIPT_CHARACTERS = 50_000

_LABEL = re.compile(r"^[^\S\n]*speaker[^\S\n]*(\d{1,4})[^\S\n]*[:：]", re.IGNORECASE | re.MULTILINE)
_BRACKETED_SPEAKER = re.compile(r"^[^\S\n]*\[(\d)\]\s*[:：]", re.MULTILINE)
_LABEL_AMID_LINE = re.compile(r"(?<=[.!?。！？\"”])[^\S\n]+(?=speaker[^\S\n]*\d{1,4}[^\S\n]*[:：])", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """What one speaker (0 to 3) says in one go."""

    speaker: int
    text: str


def read_script(script: str) -> tuple[list[Line], str]:
    """Return who says what, cleaned, and the language that most of it is in.

    Lines may be labelled `Speaker 1:` (see parse_dialogue) or `[1]:`. A label that follows the end of a sentence begins
    a line too: commands often hold a dialogue in one.

    Raises InputError for a script that holds nothing that can be said, one that takes about an hour and more to say,
    and one of more than four speakers.
    """
    if len(script) > MAX_SCRIPT_CHARACTERS:
        raise InputError(
            f"The script has {len(script)} characters. The most is {MAX_SCRIPT_CHARACTERS}, about an hour: split it."
        )
    labelled = _LABEL_AMID_LINE.sub("\n", _BRACKETED_SPEAKER.sub(r"Speaker \1:", script))
    lines = parse_dialogue(clean_script(labelled))
    lines = [line for line in lines if is_speakable(line.text)]
    if not lines:
        raise InputError(
            f"The script holds nothing that can be said: {_shortened(script)!r}. Write at least one word or number."
        )
    return lines, detect_language(" ".join(line.text for line in lines))


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


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
