# ruff: noqa: RUF001 (the colon of Chinese)
"""Who says what: a script of one voice, or a dialogue of up to four, whose lines are labelled `Speaker 1: words`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace

from ..errors import InputError
from ..null_text import drop_null
from .cleaning import drop_markup, drop_silent_characters, drop_styles
from .labels import MAX_SPEAKERS, number_labels
from .language import detect_language
from .stage_cues import PAUSE_SIGN, mark_cues, split_at_pauses
from .subtitles import read_subtitles
from .words import is_speakable

MAX_SCRIPT_CHARACTERS = 50_000

_LABEL = re.compile(r"^[^\S\n]*speaker[^\S\n]*(\d{1,4})[^\S\n]*[:：]", re.IGNORECASE | re.MULTILINE)
_ASIDE_OF_LABEL = re.compile(r"(speaker[^\S\n]*\d{1,4})[^\S\n]*[(\[][^()\[\]\n]*[)\]](?=[^\S\n]*[:：])", re.IGNORECASE)
_BRACKETED_SPEAKER = re.compile(r"(?P<start>^[^\S\n]*|(?<=[.!?…。！？\"”])[^\S\n]+)\[(\d)\]\s*[:：]", re.MULTILINE)
_LABEL_AMID_LINE = re.compile(
    rf"(?<=[.!?…。！？\"”{PAUSE_SIGN}])[^\S\n]*(?=speaker[^\S\n]*\d{{1,4}}[^\S\n]*[:：])", re.IGNORECASE
)
_MOST_SHOWN = 5
_FILE_MARKS = {"{\\rtf": "an RTF file", "%PDF-": "a PDF file", "PK\x03\x04": "an office or ZIP file"}


@dataclass(frozen=True)
class Line:
    """What one speaker (0 to 3) says in one go, and the silence that the script asks for after it."""

    speaker: int
    text: str
    _: KW_ONLY
    silence_seconds: float = 0.0


@dataclass(frozen=True)
class ReadScript:
    """Who says what, cleaned, the language that most of it is in, and the silence asked for before it.

    `notes` tell the user what is not said.
    """

    lines: list[Line]
    language: str
    lead_seconds: float = 0.0
    notes: tuple[str, ...] = ()


def read_script(script: str) -> ReadScript:
    """Return who says what, without what is not meant to be said: markup, labels, stage directions, subtitles' times.

    Lines may be labelled `Speaker 1:` (see parse_dialogue), `[1]:` or `ANNA:` (see number_labels). A label that follows
    the end of a sentence begins a line too: commands often hold a dialogue in one. mark_cues says which words are
    stage directions and pauses.

    Raises InputError for a script that holds nothing that can be said, one that takes about an hour and more to say,
    one of more than four speakers, one with over ten minutes of pauses, and a file that is no text.
    """
    if len(script) > MAX_SCRIPT_CHARACTERS:
        raise InputError(
            f"The script has {len(script)} characters. The most is {MAX_SCRIPT_CHARACTERS}, about an hour: split it."
        )
    script = drop_null(script)
    _require_text(script)
    text = drop_silent_characters(script)
    subtitles = read_subtitles(text)
    text = drop_styles(text if subtitles is None else subtitles)
    text = _BRACKETED_SPEAKER.sub(r"\nSpeaker \2:", text)
    text = _ASIDE_OF_LABEL.sub(r"\1", text)
    text, names = number_labels(text)
    text, directions = mark_cues(text)
    lead_seconds, lines = _cut_at_pauses(parse_dialogue(drop_markup(_LABEL_AMID_LINE.sub("\n", text))))
    if not lines:
        raise InputError(_explain_silence(script, directions))
    notes = (_explain_subtitles(subtitles), _explain_names(names), _explain_directions(directions))
    language = detect_language(" ".join(line.text for line in lines))
    return ReadScript(lines, language, lead_seconds, tuple(filter(None, notes)))


def _require_text(script: str) -> None:
    opening = script.lstrip("\ufeff \n\r\t")[:8]
    for mark, kind in _FILE_MARKS.items():
        if opening.startswith(mark):
            raise InputError(
                f"The script is {kind}, not text. Open it in the program that wrote it, save it as plain text (.txt), "
                "and give that."
            )


def _cut_at_pauses(turns: list[Line]) -> tuple[float, list[Line]]:
    """Return the silence before the first words, and the turns cut at their pauses, without those that say nothing."""
    lead_seconds = 0.0
    lines: list[Line] = []
    for turn in turns:
        for passage in split_at_pauses(turn.text):
            if is_speakable(passage.text):
                lines.append(Line(turn.speaker, passage.text, silence_seconds=passage.silence_seconds))
            elif lines:
                silence_seconds = lines[-1].silence_seconds + passage.silence_seconds
                lines[-1] = replace(lines[-1], silence_seconds=silence_seconds)
            else:
                lead_seconds += passage.silence_seconds
    return lead_seconds, lines


def _explain_silence(script: str, directions: Sequence[str]) -> str:
    reason = " What stands in brackets or between stars is taken for stage directions." if directions else ""
    return (
        f"The script holds nothing that can be said: {_shortened(script)!r}.{reason} Write at least one word or number."
    )


def _explain_subtitles(words: str | None) -> str | None:
    return None if words is None else "The script is a subtitle file: its numbers and times are not said."


def _explain_names(names: Sequence[str]) -> str | None:
    if not names:
        return None
    verb = "is taken for the name of a speaker" if len(names) == 1 else "are taken for the names of speakers"
    return f"{_join_names(names)} {verb}, and not said."


def _explain_directions(directions: Sequence[str]) -> str | None:
    if not directions:
        return None
    shown = [_shortened(direction) for direction in dict.fromkeys(directions)]
    more = f" and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
    return f"Not said, as stage directions: {', '.join(shown[:_MOST_SHOWN])}{more}."


def _join_names(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


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
