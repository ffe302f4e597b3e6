# ruff: noqa: RUF001 (the punctuation of other languages)
"""From lines to phrases that a speech synthesiser can say in one go, each in its language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .dialogue import Line
from .language import detect_language, find_writing
from .prepared import PreparedLine
from .sentences import split_paragraphs, split_sentences
from .words import is_speakable

SENTENCE_PAUSE_SECONDS = 0.3
PARAGRAPH_PAUSE_SECONDS = 0.55
ELLIPSIS_PAUSE_SECONDS = 0.7
BREATH_PAUSE_SECONDS = 0.12
MAX_PHRASE_CHARACTERS = 300

_ELLIPSIS_END = re.compile(r"(?:\.{3,}|…)[\"'”’)]*$")
_ELLIPSIS = re.compile(r"(?<=\w)((?:\.{3,}|…+)[\"'”’)]*+)\s*+(?=\S)")
_CLAUSE_END = re.compile(r"[,;:，、；：]\s*|\s[–—-]\s")


def plan_phrases(lines: Sequence[Line], language: str) -> list[PreparedLine]:
    """Return the phrases of a script's lines in order; `language` is that of most of the script.

    Sentences, lines and paragraphs end a phrase, and so does an ellipsis amid a sentence; a sentence of over
    MAX_PHRASE_CHARACTERS is cut at a comma or a space. Silence that a line asks for takes the place of the pause.
    """
    is_japanese = any(find_writing(character) in ("HIRAGANA", "KATAKANA") for line in lines for character in line.text)
    phrases: list[PreparedLine] = []
    for line in lines:
        for paragraph in split_paragraphs(line.text):
            for sentence in split_sentences(paragraph):
                phrases += _plan_sentence(line.speaker, sentence, language, is_japanese)
            phrases[-1] = replace(phrases[-1], pause_seconds=max(phrases[-1].pause_seconds, PARAGRAPH_PAUSE_SECONDS))
        if line.silence_seconds:
            phrases[-1] = replace(phrases[-1], pause_seconds=0.0, silence_seconds=line.silence_seconds)
    phrases[-1] = replace(phrases[-1], pause_seconds=0.0)
    return phrases


def _plan_sentence(speaker: int, sentence: str, language: str, is_japanese: bool) -> list[PreparedLine]:
    phrases: list[PreparedLine] = []
    for part in _ELLIPSIS.sub(r"\1\n", sentence).split("\n"):
        pieces = [run for clause in _split_long(part) for run in _split_kanji(clause, language, is_japanese)]
        phrases += [PreparedLine(speaker, *piece) for piece in pieces if is_speakable(piece[0])]
        phrases[-1:] = [replace(phrase, pause_seconds=_pause_after(part)) for phrase in phrases[-1:]]
    return phrases


def _pause_after(sentence: str) -> float:
    return ELLIPSIS_PAUSE_SECONDS if _ELLIPSIS_END.search(sentence) else SENTENCE_PAUSE_SECONDS


def _split_long(sentence: str) -> list[str]:
    parts: list[str] = []
    while len(sentence) > MAX_PHRASE_CHARACTERS:
        head = sentence[:MAX_PHRASE_CHARACTERS]
        clause_ends = [match.end() for match in _CLAUSE_END.finditer(head)]
        cut = clause_ends[-1] if clause_ends else head.rfind(" ") + 1 or MAX_PHRASE_CHARACTERS
        parts.append(sentence[:cut].strip())
        sentence = sentence[cut:]
    return [*parts, sentence.strip()]


def _split_kanji(part: str, surroundings: str, is_japanese: bool) -> list[tuple[str, str, float]]:
    """Return (text, language, pause) pieces. espeak's Japanese spells kanji out, so its Chinese voice reads those."""
    language = detect_language(part, surroundings)
    if not is_japanese or language not in ("ja", "cmn"):
        return [(part, language, BREATH_PAUSE_SECONDS)]
    runs = re.findall(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+", part)
    pieces = [(run, "cmn" if "\u3400" <= run[0] <= "\u9fff" else "ja", 0.0) for run in runs]
    return [*pieces[:-1], (*pieces[-1][:2], BREATH_PAUSE_SECONDS)]
