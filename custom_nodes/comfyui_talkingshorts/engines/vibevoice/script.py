# ruff: noqa: RUF001 (the punctuation of other languages)
"""A script as VibeVoice says it best: who says what, in words alone, plain punctuation, one sentence a line."""

from __future__ import annotations

import re
from dataclasses import replace

from ...core.script.dialogue import Line, read_script
from ...core.script.language import detect_language
from ...core.script.prepared import PreparedLine, PreparedScript
from ...core.script.sentences import split_paragraphs, split_sentences
from ...core.script.words import is_speakable
from ...core.vibevoice.script_chunks import cut_long_line
from ..speech.spoken_words import spell_out

PARAGRAPH_SILENCE_SECONDS = 0.8
_LEAST_PARAGRAPH_SECONDS = 3.0

_PLAIN_MARKS = str.maketrans(
    {
        **dict.fromkeys("‘’‛‚′＇", "'"),
        **dict.fromkeys("“”„‟″＂«»「」『』《》〈〉", '"'),
        **dict.fromkeys("，、；：", ","),
        **dict.fromkeys("。｡．", "."),
        **dict.fromkeys("—―", "--"),
        **dict.fromkeys("–‐‑", "-"),
        **dict(zip("！？（）％", "!?()%", strict=True)),
        "…": "...",
    }
)
_TIDY_MARKS = (
    (r"\s+", " "),
    (r" ?--+ ?| - ", ", "),
    (r" (?=[,.;:!?)])", ""),
    (r"([,;:!?])\1+", r"\1"),
    (r"([!?]{2})[!?]+", r"\1"),
    (r"\.{4,}", "..."),
    (r",+(?=[.;:!?])", ""),
    (r"^[-,.;:!?)]+\s+", ""),
)
_SENTENCE_END = re.compile(r"[.!?:।॥؟][\"')]*$")
_OPENER = re.compile(
    r"(?:welcome|hello|hi|hey|however|greetings|good (?:morning|afternoon|evening))(?![\w-])"
    r"|欢迎|大家好|你好|您好|各位",
    re.IGNORECASE,
)


def prepare_for_vibevoice(script: str) -> PreparedScript:
    """Return the script's sentences, each with its speaker (0 to 3), as VibeVoice reads them best.

    No word is dropped or changed but for numbers, signs and abbreviations, which are spelled out. Punctuation is
    ASCII, above all in Chinese, as the model's authors advise, and each sentence has a line of its own, since the
    model hurries through long ones; a sentence of over 30 s has several. Empty lines and pauses ask for silence, which
    the model doesn't make. Raises InputError as read_script does.
    """
    read = read_script(script)
    lines = [line for turn in read.lines for line in _prepare_turn(turn, read.language)]
    return PreparedScript.from_lines(lines, read.language, read.lead_seconds, read.notes)


def explain_opening(script: PreparedScript) -> str | None:
    """Return what to tell the user of an opening that VibeVoice may set to music; None for any other.

    Only other words, which are the user's to choose, keep the model surely off the music of the shows it learned from.
    """
    opener = _OPENER.match(script.lines[0].text)
    if opener is None:
        return None
    return (
        f'The script opens with "{opener[0]}", and VibeVoice sometimes plays music under such an opening. '
        "If you hear some, try another seed, or open with other words."
    )


def _prepare_turn(turn: Line, language: str) -> list[PreparedLine]:
    """Return the lines of what one speaker says in one go, with the silences that its empty lines and pauses ask for.

    A paragraph of a few words is read along with the next or the last one: alone VibeVoice would set it to music.
    """
    paragraphs = list(
        filter(None, (_prepare_paragraph(turn.speaker, text, language) for text in split_paragraphs(turn.text)))
    )
    lines: list[PreparedLine] = []
    unbroken_seconds = 0.0
    left_seconds = sum(map(_count_seconds, paragraphs))
    for paragraph in paragraphs:
        lines += paragraph
        unbroken_seconds += _count_seconds(paragraph)
        left_seconds -= _count_seconds(paragraph)
        if min(unbroken_seconds, left_seconds) >= _LEAST_PARAGRAPH_SECONDS:
            lines[-1] = replace(lines[-1], silence_seconds=PARAGRAPH_SILENCE_SECONDS)
            unbroken_seconds = 0.0
    lines[-1] = replace(lines[-1], silence_seconds=turn.silence_seconds)
    return lines


def _prepare_paragraph(speaker: int, paragraph: str, language: str) -> list[PreparedLine]:
    return [
        line
        for sentence in split_sentences(paragraph)
        if is_speakable(sentence)
        for line in _prepare_sentence(speaker, sentence, detect_language(sentence, language))
    ]


def _count_seconds(lines: list[PreparedLine]) -> float:
    return sum(line.seconds for line in lines)


def _prepare_sentence(speaker: int, sentence: str, language: str) -> list[PreparedLine]:
    text = spell_out(" ".join(sentence.split()), language)
    text = re.sub(r"([，、；：。！？])(?=\w)", r"\1 ", text).translate(_PLAIN_MARKS)
    for pattern, replacement in _TIDY_MARKS:
        text = re.sub(pattern, replacement, text)
    return [PreparedLine(speaker, _end_sentence(part), language) for part in cut_long_line(text.strip())]


def _end_sentence(text: str) -> str:
    text = text.rstrip(" ,;-")
    return text if _SENTENCE_END.search(text) else text + "."
