# ruff: noqa: RUF001, RUF003 (the signs of other keyboards)
"""A script in the characters that its author typed, whatever a program between him and us made of them."""

from __future__ import annotations

import re
import unicodedata

# In another style, set low, one character for several, or of half or full width: bold, ₂, ﬁ, Ⅳ, ①, ㎡, ｶ, ７.
_STYLED = re.compile(
    r"[\U0001d400-\U0001d7ff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff65-\uff9f\ufb00-\ufb06\u2160-\u217f\u2460-\u2473\u2080-\u2089"
    r"\u2103\u2109\u3371-\u33df\uf900-\ufaff]+"
)
_BROKEN_UTF8 = re.compile(r"[\xc2-\xf4][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_C1 = re.compile(r"[\x80-\x9f]")
_WRITTEN_LINE_END = re.compile(r"\\r\\n|\\n")
_DRIVE = re.compile(r"\b[A-Za-z]:\\")
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\u2028]")
_LIST_MARK = re.compile(r"^([^\S\n]*)[•‣◦▪▫●○■□☐☑☒✓✔✗✘➤►▶➔❖➢⁃∙·–—][^\S\n]+", re.MULTILINE)
_NUMBER_IN_WIDE_SIGNS = re.compile(r"(?<![\d，])\d{1,3}(?:，\d{3})+(?![\d，])|(?<=\d)[．：／](?=\d)|(?<=\d)％")
# How Chinese characters are read in Japanese: the reading that stands behind them would be said a second time.
_READING = re.compile(r"(?<=[\u3400-\u9fff々])[（(][\u3041-\u309f\u30a1-\u30fc]+[)）]")
_TIES = re.compile(r"[\u0640\U000e0100-\U000e01ef]")


def plain_characters(script: str) -> str:
    """Return the script in plain characters and lines that end in a line feed.

    What was written in UTF-8 and read as Windows-1252 ("Itâ€™s"), or in Windows-1252 and read as Latin-1, is put right,
    and a line end that a program wrote out (`\\n`) is one. Letters and signs of another style become plain ones.
    """
    text = _read_anew(script)
    if "\n" not in text and not _DRIVE.search(text):
        text = _WRITTEN_LINE_END.sub("\n", text)
    text = _LINE_END.sub("\n", text).replace("\u2029", "\n\n")
    text = _STYLED.sub(lambda signs: unicodedata.normalize("NFKC", signs[0]), unicodedata.normalize("NFC", text))
    text = _LIST_MARK.sub(r"\1- ", _READING.sub("", _TIES.sub("", text)))
    return _NUMBER_IN_WIDE_SIGNS.sub(lambda number: number[0].translate(_NARROW_SIGNS), text)


_NARROW_SIGNS = str.maketrans("，．：／％", ",.:/%")


def _read_anew(text: str) -> str:
    """Return a text that was read in the wrong encoding as it was written, any other as it is."""
    if _BROKEN_UTF8.search(text):
        try:
            return b"".join(map(_encode_byte, text)).decode()
        except UnicodeError:
            pass
    return _C1.sub(lambda sign: sign[0].encode("latin-1").decode("cp1252", "ignore"), text)


def _encode_byte(sign: str) -> bytes:
    """Return the byte that Windows-1252 reads as this character; five bytes it has no character for stay as they are.

    Raises UnicodeError for a character of no such byte.
    """
    return sign.encode("latin-1" if sign in "\x81\x8d\x8f\x90\x9d" else "cp1252")
