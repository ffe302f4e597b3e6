# ruff: noqa: RUF001 (the sign of multiplication)
"""What a user typed without what no voice can say: entities of HTML, emoji, tags, Markdown."""

from __future__ import annotations

import html
import re
import unicodedata

from .characters import plain_characters

# With its semicolon only: `?a=1&copy=2` is an address.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z]\w{1,30});")
_UNSEEN = re.compile(
    r"<!--(?:(?!<!--).)*?-->|<(script|style|head|template|rt|rp|del|strike)\b[^<>]*>.*?</\1\s*>",
    re.DOTALL | re.IGNORECASE,
)
_LINE_TAG = re.compile(
    r"(?<![^\S\n])[^\S\n]*+<(?:br|/(?:p|div|li|h[1-6]|tr|blockquote|title|s))\b[^<>]*>[^\S\n]*", re.IGNORECASE
)
_STYLE_TAG = re.compile(r"</?(?:b|i|u|c|em|strong|font|span|small|big|mark)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>")
_HEART = re.compile(r"(?<!\S)<3+(?=\s*(?:$|[.,!?;:…]))", re.MULTILINE)
_SMILEY = re.compile(r"(?<!\S)[:;=]['-]?[()DPp](?!\S)")
_LIST_MARK = re.compile(r"^[^\S\n]*[*+][^\S\n]+", re.MULTILINE)
_QUOTE_MARK = re.compile(r"^[^\S\n]*>+(?:[^\S\n]+|(?!\d))", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_ARROW = re.compile(r"(?<!\s)\s*+(?:(?<![-=])[-=]++>|<[-=]+(?=\s)|[←→⇒➜])\s*")
_COMPARISONS = {"<=": "≤", ">=": "≥", "!=": "≠"}
_STAR_SIGN = re.compile(r"(?<=\d)\s?(?<!\*)\*(?!\*)\s?(?=\d)")
# Between numbers < and > are words.
_MARKUP = re.compile(
    r"(?:[\[\]{}*_|\\`]|[~^](?!\d)|(?<!\b[A-G])#(?!\d)|<(?!\s?[\d$€£-])|(?<![\d)%])(?<![\d)%]\s)>(?!\s?\d)|>(?!\s?\S)|\(\s*\))+|={2,}"
)
_SPOKEN_SYMBOLS = frozenset("°№^")
_SILENT_CATEGORIES = frozenset(("So", "Sk", "Me", "Cc", "Cf", "Cs", "Co", "Cn"))


def drop_silent_characters(script: str) -> str:
    """Return the script without byte order marks, control characters and emoji, in lines that end in a line feed.

    Entities of HTML become what they stand for (`&amp;`, also where a program wrote it twice, as in `&amp;#39;`), every
    space a plain one, and characters of another style or encoding plain ones, as plain_characters says.
    """
    for _ in range(2):  # entities of entities
        script = _ENTITY.sub(lambda entity: html.unescape(entity[0]), script)
    text = plain_characters(script)
    return "".join(_plain_space(character) for character in text if _can_be_said(character))


def drop_styles(text: str) -> str:
    """Return the text without tags that only say how it looks, so that `<i>ANNA:</i>` is the label that it shows."""
    return _STYLE_TAG.sub("", text)


def drop_markup(text: str) -> str:
    """Return a text of drop_silent_characters without smileys, tags and Markdown; a tag that ends a line does so."""
    for pattern, replacement in (
        *((re.compile(rf"{sign}(?=\s?[\w-])"), plain) for sign, plain in _COMPARISONS.items()),
        (_UNSEEN, " "),
        (_LINE_TAG, "\n"),
        (_TAG, " "),
        (_HEART, ""),
        (_SMILEY, ""),
        (_LINK, r"\1"),
        (_QUOTE_MARK, ""),
        (_LIST_MARK, "- "),
        (_ARROW, ", "),
        (_STAR_SIGN, "×"),
        (_MARKUP, " "),
    ):
        text = pattern.sub(replacement, text)
    return text.strip()


def _can_be_said(character: str) -> bool:
    if character in "\n\t" or character in _SPOKEN_SYMBOLS:
        return True
    is_variation_selector = "\ufe00" <= character <= "\ufe0f"
    return unicodedata.category(character) not in _SILENT_CATEGORIES and not is_variation_selector


def _plain_space(character: str) -> str:
    return " " if character == "\t" or unicodedata.category(character) == "Zs" else character
