"""Read a description of a person, in any language that a script may have, as English words that the drawing knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from ..script.language import detect_language, find_writing
from ..script.words import split_words
from .foreign_words import ADJECTIVES_FOLLOW, COMPOUNDING, DENIALS_FOLLOW, FOREIGN_WORDS, PREFIXES, SUFFIXES

_CLAUSE_END = re.compile(r"[,.;:!?\n\u061b\u061f\u060c\u0964\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f()\[\]\"]+")
_LATIN = ("de", "nl", "fr", "es", "it", "pt", "pl", "cs", "hu", "ro", "tr", "sv", "nb", "fi", "vi", "id")
_NEIGHBOURS = {"ru": ("ru", "uk"), "uk": ("uk", "ru"), "ar": ("ar", "fa"), "fa": ("fa", "ar"), "cmn": ("zh", "ja")}
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u1000-\u109f\u3040-\u30ff\u3400-\u9fff]")
_SHORTEST_FIRST_PART, _SHORTEST_LAST_PART = 3, 4
_LONGEST_PHRASE = 4
_LONGEST_WORD = 40


@dataclass(frozen=True)
class Clause:
    """What stands between two commas: its words in English, and those that mean nothing to the drawing, as typed.

    `known_words` is how many of its words the language that it is read in knows.
    """

    words: tuple[str, ...]
    unknown: tuple[str, ...]
    known_words: int
    adjectives_follow: bool = False
    denials_follow: bool = False


def read_clauses(prompt: str, english: Collection[str]) -> list[Clause]:
    """Return the clauses of a prompt, each read in the language that knows most of its words.

    `english` are the words that the drawing knows. A clause in Latin letters is English when no other language knows
    more of it; English words amid another language are read as such.
    """
    parts = [
        part for part in _CLAUSE_END.split(prompt.lower().replace("\u2019", "'").replace("\u200c", "")) if part.strip()
    ]
    return [_read_clause(part, english) for part in parts]


def _read_clause(text: str, english: Collection[str]) -> Clause:
    read_in_english = _read_english(text, english)
    readings = [_load(language).read(text, english) for language in _find_languages(text)]
    return max([read_in_english, *readings], key=lambda clause: clause.known_words)


def _find_languages(text: str) -> tuple[str, ...]:
    """Return the languages other than English that a text in these letters may be in."""
    if all(find_writing(sign) == "LATIN" for sign in text if sign.isalpha()):
        return _LATIN
    if any(find_writing(sign) in ("HIRAGANA", "KATAKANA") for sign in text):
        return ("ja",)
    language = detect_language(text)
    languages = _NEIGHBOURS.get(language, (language,))
    return tuple(language for language in languages if language in FOREIGN_WORDS) or _LATIN


def _read_english(text: str, english: Collection[str]) -> Clause:
    words = split_words(text)
    known = [word for word in words if word in english or word.removesuffix("s") in english]
    return Clause(tuple(words), tuple(word for word in words if word not in known), len(known))


class _Vocabulary:
    """The words of one language, exact ones and beginnings, with what they are in English."""

    def __init__(
        self, language: str, exact: Mapping[str, tuple[str, ...]], beginnings: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.language = language
        self._exact = exact
        self._beginnings = beginnings

    def read(self, text: str, english: Collection[str]) -> Clause:
        words: list[str] = []
        unknown: list[str] = []
        known_words = 0
        typed = self._split(text)
        while typed:
            length, translated = self._translate_phrase(typed)
            word = typed[0]
            if translated is not None:
                known_words += length
            elif word in english or word.removesuffix("s") in english:
                translated = (word,)
            else:
                unknown.append(word)
            words += translated or ()
            typed = typed[length:]
        follows = self.language in ADJECTIVES_FOLLOW, self.language in DENIALS_FOLLOW
        return Clause(tuple(words), tuple(unknown), known_words, *follows)

    def _split(self, text: str) -> list[str]:
        words: list[str] = []
        for word in split_words(text):
            words += self._cut_unspaced(word) if _UNSPACED.search(word) else [word]
        return words

    def _cut_unspaced(self, text: str) -> list[str]:
        """Return the longest words that are known from the left on; what is between them is a word, too."""
        words: list[str] = []
        unknown = ""
        while text:
            length = next((n for n in range(min(len(text), self._longest), 0, -1) if text[:n] in self._exact), 0)
            if length and unknown:
                words.append(unknown)
                unknown = ""
            if length:
                words.append(text[:length])
            else:
                unknown += text[0]
            text = text[length or 1 :]
        return [*words, unknown] if unknown else words

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._exact))

    def _translate_phrase(self, words: list[str]) -> tuple[int, tuple[str, ...] | None]:
        """Return how many words the longest known phrase has that they begin with, and its English."""
        for length in range(min(_LONGEST_PHRASE, len(words)), 1, -1):
            phrase = "_".join(words[:length])
            if phrase in self._exact:
                return length, self._exact[phrase]
        return 1, self._translate(words[0])

    def _translate(self, word: str) -> tuple[str, ...] | None:
        for stem in self._find_stems(word):
            translated = self._exact.get(stem) or self._translate_compound(stem) or self._look_up(stem)
            if translated is not None:
                return translated
        return None

    def _find_stems(self, word: str) -> list[str]:
        """Return the word, and what is left of it without the little words that its language writes with it."""
        prefixes = ("", *PREFIXES.get(self.language, ()))
        suffixes = ("", *SUFFIXES.get(self.language, ()))
        return [
            word.removeprefix(prefix).removesuffix(suffix)
            for suffix in suffixes
            for prefix in prefixes
            if word.startswith(prefix) and word.endswith(suffix)
        ]

    def _translate_compound(self, word: str) -> tuple[str, ...] | None:
        """Return the English of the longest last part that is known, after that of the first part if it is, too."""
        if self.language not in COMPOUNDING or len(word) > _LONGEST_WORD:
            return None
        for cut in range(_SHORTEST_FIRST_PART, len(word) - _SHORTEST_LAST_PART + 1):
            last = self._look_up(word[cut:])
            if last:
                return (*(self._look_up(word[:cut]) or ()), *last)
        return None

    def _look_up(self, word: str) -> tuple[str, ...] | None:
        if word in self._exact:
            return self._exact[word]
        lengths = range(min(len(word), _LONGEST_WORD), 1, -1)
        return next((self._beginnings[word[:n]] for n in lengths if word[:n] in self._beginnings), None)


@cache
def _load(language: str) -> _Vocabulary:
    exact: dict[str, tuple[str, ...]] = {}
    beginnings: dict[str, tuple[str, ...]] = {}
    for line in FOREIGN_WORDS[language].strip().splitlines():
        meaning, _, words = line.strip().partition(": ")
        english = () if meaning == "-" else tuple(meaning.split())
        for word in words.split():
            kind = beginnings if word.endswith("*") else exact
            kind.setdefault(word.rstrip("*"), english)
    return _Vocabulary(language, exact, beginnings)
