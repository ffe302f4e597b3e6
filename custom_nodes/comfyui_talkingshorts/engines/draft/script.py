"""A script as the draft's voice says it: phrase by phrase, each in its language, in words alone."""

from __future__ import annotations

from dataclasses import replace

from ...core.script.dialogue import read_script
from ...core.script.phrases import plan_phrases
from ...core.script.prepared import PreparedScript
from ..speech.spoken_words import spell_out


def prepare_for_draft(script: str) -> PreparedScript:
    """Return the script's phrases, with the pauses after them. Raises InputError as read_script does."""
    read = read_script(script)
    phrases = plan_phrases(read.lines, read.language)
    spelled = (replace(phrase, text=spell_out(phrase.text, phrase.language)) for phrase in phrases)
    return PreparedScript.from_lines(spelled, read.language, read.lead_seconds, read.notes)
