"""What a user typed without what no voice can say: emoji, tags, Markdown."""

from __future__ import annotations

import re
import unicodedata

# Letters and digits drawn in another style, as fonts generated for social media are, and those of full width.
_STYLED = re.compile(r"[\U0001d400-\U0001d7ff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+")
_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>")
_SMILEY = re.compile(r"(?<!\S)[:;=]['-]?[()DPp](?!\S)")
_LIST_MARK = re.compile(r"^[^\S\n]*[*+•‣][^\S\n]+", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_MARKUP = re.compile(r"(?:[\[\]{}<>*_|\\`]|[~^](?!\d)|(?<!\b[A-G])#(?!\d))+|={2,}")
_SPOKEN_SYMBOLS = frozenset("°№^")
_SILENT_CATEGORIES = frozenset(("So", "Sk", "Me", "Cc", "Cf", "Cs", "Co", "Cn"))


def clean_script(script: str) -> str:
    """Return the script without what can't be said: control characters, emoji, smileys, tags and Markdown.

    Letters and digits of another style (bold, script, full width) become plain ones.
    """
    text = unicodedata.normalize("NFC", script.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    text = _STYLED.sub(lambda letters: unicodedata.normalize("NFKC", letters[0]), text)
    text = "".join(character for character in text if _can_be_said(character))
    for pattern, replacement in ((_TAG, " "), (_SMILEY, ""), (_LINK, r"\1"), (_LIST_MARK, "- "), (_MARKUP, " ")):
        text = pattern.sub(replacement, text)
    return text.strip()


def _can_be_said(character: str) -> bool:
    if character == "\n" or character in _SPOKEN_SYMBOLS:
        return True
    is_variation_selector = "\ufe00" <= character <= "\ufe0f"
    return unicodedata.category(character) not in _SILENT_CATEGORIES and not is_variation_selector
