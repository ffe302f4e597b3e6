"""What bytes say as a text whose encoding nobody has named: by their mark, as UTF-8, or as their letters suggest."""

# ruff: noqa: RUF001

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from itertools import pairwise

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks, the longer ones before those that they begin with."""

LATIN_FAMILIES = (
    {
        "cp1252": "Western European (Windows-1252)",
        "cp1250": "Central European (Windows-1250)",
        "cp1254": "Turkish (Windows-1254)",
    },
    {
        "iso8859-2": "Central European (ISO 8859-2)",
        "iso8859-15": "Western European (ISO 8859-15)",
    },
    {
        "mac-roman": "Western European (Mac Roman)",
        "cp850": "Western European (DOS 850)",
        "cp852": "Central European (DOS 852)",
    },
)
"""Encodings of the Latin script, and what people call them. The first family that makes sense is the likeliest."""

OTHER_SCRIPTS = {
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "cp866": "Cyrillic (DOS 866)",
    "cp1253": "Greek (Windows-1253)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "cp874": "Thai (Windows-874)",
    "cp932": "Japanese (Shift JIS)",
    "euc_jis_2004": "Japanese (EUC-JP)",
    "gb18030": "Chinese (GB 18030)",
    "big5hkscs": "Chinese (Big5)",
    "cp949": "Korean (Windows-949)",
}

ESCAPED = {"iso2022_jp": "Japanese (ISO-2022-JP)"}
ESCAPE = b"\x1b$"
"""What it changes to Japanese with; all its bytes are ASCII's, so that it passes for UTF-8."""

UNMARKED_UTF16 = {"utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}

NAMES = {
    encoding: name
    for family in (*LATIN_FAMILIES, OTHER_SCRIPTS, ESCAPED, UNMARKED_UTF16)
    for encoding, name in family.items()
}

NO_MATCH = "ascii"
"""What the detector answers where nothing fits."""

LATIN_SHARE, POSSIBLY_LATIN_SHARE = 0.3, 0.5
"""In Latin script fewer of the letters than this lie outside ASCII; in short words up to half of them."""

FAINT, SURE = 0.002, 0.15
"""Below the one, the detector's confidence in another script is that in a single letter, and counts for nothing; from
the other on it counts more than letters that are possibly Latin ones."""

CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")

MARK_IN_WORD = re.compile(
    r"\w[¡¿¦¨¬¯´¸‚„†‡‰‹›ˆ˜ƒ¤¢£¥§¶¹²³¼½¾×÷±µ©®™«»“”‘•‗˝˛ˇ˘˙\u2500-\u259f]\w"
    r"|\w[“‘«¿¡„](?=\w)|(?:^|\s)”(?=\w)"
)
"""A mark in the middle of a word, or one that opens where it closes: the sign of a wrong encoding."""

COMMON_IN_UTF16 = re.compile(
    r"[\u0000-\u00ff\u0370-\u06ff\u0e00-\u0e7f\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7af\uff00-\uff65]"
)
SHORTEST_UTF16 = 4
"""Of fewer characters, nothing tells that two bytes make one."""


def decode(content: bytes) -> tuple[str, str] | None:
    """Return the text, and the name of its encoding where that is a guess, else ""; None when it is no text.

    A byte order mark is no part of the text. The two bytes of UTF-16's alone may be anything.
    """
    for mark, encoding in MARKS:
        if content.startswith(mark):
            text = _try(content[len(mark) :], encoding)
            return None if text is None or not (text or encoding == "utf-8") else (text, "")
    if b"\0" not in content and ESCAPE not in content and (text := _try(content, "utf-8")) is not None:
        return text, ""
    for encoding in _list_guesses(content):
        if (text := _try(content, encoding)) is not None and not CONTROLS.search(text):
            return text, NAMES[encoding]
    return None


def _list_guesses(content: bytes) -> Iterator[str]:
    """Yield the encodings that the text may be in, the likeliest first."""
    if ESCAPE in content:
        yield from ESCAPED
    if b"\0" in content:
        yield from _rank_utf16(content)
        return
    other, confidence = _detect(content, OTHER_SCRIPTS)
    if _share_outside_ascii(content) < (LATIN_SHARE if confidence >= SURE else POSSIBLY_LATIN_SHARE):
        for family in LATIN_FAMILIES:
            yield from _pick_latin(content, family)
    if other and confidence >= FAINT:
        yield other
    yield from _rank_utf16(content)


def _pick_latin(content: bytes, family: Collection[str]) -> list[str]:
    """Return the encoding of a family that fits best, if any does: the first of those that give the same text."""
    texts = {encoding: text for encoding in family if _makes_sense(text := _try(content, encoding))}
    best = _detect(content, texts)[0] if len(texts) > 1 else None
    wanted = texts.get(best) if best else next(iter(texts.values()), None)
    return [encoding for encoding, text in texts.items() if text == wanted][:1]


def _detect(content: bytes, encodings: Collection[str]) -> tuple[str | None, float]:
    """Return the encoding, of these, whose letters are the likeliest, and how sure that is, from 0 to 1."""
    import chardet

    allowed = [*encodings, NO_MATCH]
    found = chardet.detect(content, include_encodings=allowed, compat_names=False, no_match_encoding=NO_MATCH)
    return (None, 0.0) if found["encoding"] == NO_MATCH else (found["encoding"], found["confidence"])


def _makes_sense(text: str | None) -> bool:
    """Tell whether a text in Latin script has capitals and marks only where words have them."""
    if text is None or MARK_IN_WORD.search(text):
        return False
    return not any(one.islower() and other.isupper() and not other.isascii() for one, other in pairwise(text))


def _share_outside_ascii(content: bytes) -> float:
    """Return how many of the letters lie outside ASCII, from 0 to 1."""
    outside = sum(byte >= 0x80 for byte in content)
    return outside / max(1, outside + sum(chr(byte).isalpha() for byte in content if byte < 0x80))


def _rank_utf16(content: bytes) -> list[str]:
    """Return the byte orders in which this is UTF-16 of letters in use."""
    shares: dict[str, float] = {}
    for encoding in UNMARKED_UTF16:
        text = _try(content, encoding) or ""
        shares[encoding] = len(COMMON_IN_UTF16.findall(text)) / max(SHORTEST_UTF16, len(text))
    return [encoding for encoding in sorted(shares, key=lambda name: -shares[name]) if shares[encoding] > 0.95]


def _try(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None
