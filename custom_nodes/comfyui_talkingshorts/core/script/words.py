# ruff: noqa: RUF001 (an apostrophe)
"""The words of a text, in scripts with and without spaces between them."""

from __future__ import annotations

import re
import unicodedata

# The Han, Japanese, Thai and Burmese scripts put no spaces between words.
_UNSPACED = r"[\u0e00-\u0e7f\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_SPACED = rf"(?:(?!{_UNSPACED})[^\W_])"
_WORD = re.compile(rf"{_UNSPACED}|{_SPACED}+(?:['’.,-]{_SPACED}+)*")


def find_words(text: str) -> list[str]:
    """Return the words and numbers of a cleaned text; in a script written without spaces each character is one."""
    return _WORD.findall(text)


def split_words(text: str) -> list[str]:
    """Return the runs of letters and their marks; apostrophes and hyphens belong to the word that they stand in."""
    spaced = "".join(sign if unicodedata.category(sign)[0] in "LM" or sign in "-'" else " " for sign in text)
    return [word.strip("-'") for word in spaced.split() if word.strip("-'")]


def count_words(text: str) -> int:
    """Return how many words find_words finds."""
    return len(find_words(text))


def is_speakable(text: str) -> bool:
    """Return whether the text holds a letter or a digit."""
    return any(character.isalnum() for character in text)
