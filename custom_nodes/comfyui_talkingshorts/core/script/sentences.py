# ruff: noqa: RUF001 (the punctuation of other languages)
"""Where paragraphs, lines and sentences of a cleaned text end."""

from __future__ import annotations

import re

_PARAGRAPH_BREAK = re.compile(r"\n[ \t]*\n\s*")
# A line that goes on in lower case is taken for a wrapped one.
_LINE_BREAK = re.compile(r"\n\s*(?![a-z\s])")
# Before lower case, an ellipsis is a hesitation, and the full stop of `a.m.` its own.
_SENTENCE_END = re.compile(
    r"(?<=[.!?…][\s\"'”’)])(?!(?:(?<=\.\.\s)|(?<=…\s)|(?<=\.\w\.\s))[a-z])\s*"
    r"|(?<=[。！？｡।॥؟])(?![”’」』）\"')])\s*|(?<=[。！？｡][”’」』）\"')])\s*"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|vs|e\.g|i\.e|etc|approx|ca|bzw|inkl|evtl|vgl|sr|sra|srta|dra|sig"
    r"|dott|mme|dhr|mevr|\w|(?-i:[A-Z]\.[A-Z]))\.\s$",
    re.IGNORECASE,
)
_ABBREVIATION_BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(])(?:no|nr|rs|pp|art|\w*str|kap|bd|núm|tel|fig|vol|ch|ext|jan|feb|mar|apr|jun|jul|aug"
    r"|sept?|oct|nov|dec|\d+ ?ft)\.\s$",
    re.IGNORECASE,
)
_DAY = re.compile(r"(?:^|\s)\d{1,2}\.\s$")
_GERMAN_MONTH = re.compile(r"(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b")
_LONGEST_ABBREVIATION = 12  # characters, with the space on both sides


def split_paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a cleaned text: what stands between empty lines."""
    return _PARAGRAPH_BREAK.split(text)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a cleaned text; a line and a paragraph end one too, but for a line that was wrapped."""
    return [sentence for paragraph in split_paragraphs(text) for sentence in _split_paragraph(paragraph)]


def _split_paragraph(paragraph: str) -> list[str]:
    sentences: list[str] = []
    for line in _LINE_BREAK.split(paragraph):
        open_sentence = ""
        parts = _SENTENCE_END.split(line.replace("\n", " "))
        for part, following in zip(parts, [*parts[1:], ""], strict=True):
            open_sentence += part
            if not _ends_in_abbreviation(open_sentence, following):
                sentences.append(open_sentence.strip())
                open_sentence = ""
        sentences.append(open_sentence.strip())
    return [sentence for sentence in sentences if sentence]


def _ends_in_abbreviation(text: str, following: str) -> bool:
    ending = text[-_LONGEST_ABBREVIATION:]
    is_before_number = following[:1].isdigit() and _ABBREVIATION_BEFORE_NUMBER.search(ending)
    is_day = _DAY.search(ending) and _GERMAN_MONTH.match(following)
    return bool(is_before_number or is_day or _ABBREVIATION.search(ending))
