# ruff: noqa: RUF001 (dashes, primes and the punctuation of Chinese)
"""Numbers, dates, money, units and addresses as the words that a voice says.

English and German are spelled out by normt2s (https://github.com/c-siegel/normt2s), Chinese by the grammars of
WeTextProcessing (https://github.com/pengzhendong/wetext). What they misread is rewritten first, in their own terms, and
what all languages share by written_forms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from .sign_words import SIGN_WORDS
from .written_forms import rewrite_forms, spell_ranges

if TYPE_CHECKING:
    from normt2s import Normalizer

_Match = re.Match[str]
_Rewrite = tuple[str, str | Callable[[_Match], str]]

_MONTH_OF = {
    "Jan": "January",
    "Feb": "February",
    "Mar": "March",
    "Apr": "April",
    "May": "May",
    "Jun": "June",
    "Jul": "July",
    "Aug": "August",
    "Sep": "September",
    "Sept": "September",
    "Oct": "October",
    "Nov": "November",
    "Dec": "December",
}
_SCALE_OF = {"k": "thousand", "m": "million", "b": "billion", "t": "trillion"}
_PERIOD_OF = {"hr": "hour", "mo": "month", "yr": "year"}
_MORE_UNITS = {
    "fps": ("frame per second", "frames per second"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "mins": ("minute", "minutes"),
    "mph": ("mile per hour", "miles per hour"),
    "secs": ("second", "seconds"),
    "tsp": ("teaspoon", "teaspoons"),
    "tbsp": ("tablespoon", "tablespoons"),
}
_DECADES = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_DAY_OF = {"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday"}
_DAY_OF |= {"Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"}
_DAYS = "|".join(sorted(_DAY_OF, key=len, reverse=True))

_INDIAN_NUMBER = r"(?<![\w,.])\d{1,2}(?:,\d\d)+,\d{3}(?!,?\d)"
_AMOUNT = r"\d+(?:,\d{3})*(?:\.\d+)?"
_CHINESE_PIECE = r"(?s).{1,200}(?!\d)|.{1,200}"


def spell_out(text: str, language: str) -> str:
    """Return a cleaned text with all that is not written in words spelled out; words and punctuation stay as typed.

    language: an espeak voice name, as detect_language returns it. In languages other than English, German and Chinese
    numbers stay, and in those without SIGN_WORDS all does. The signs # ^ ~, which only stand before numbers once a
    script is cleaned, go.
    """
    text = re.sub(_INDIAN_NUMBER, lambda number: number[0].replace(",", ""), _fold_digits(text))
    words = SIGN_WORDS.get(language)
    if words is not None:
        text = rewrite_forms(_rewrite(text, _REWRITES_BEFORE.get(language, ())), words)
        text = spell_ranges(text, words.to) if words.to else text
    if language == "en-us":
        text = _spell_by_rules(_rewrite(text, _ENGLISH_REWRITES), "en", "to")
    elif language == "de":
        text = re.sub(r"(zig|hundert|tausend) er(?!\w)", r"\1er", _spell_by_rules(text, "de", "bis"))
    elif language == "cmn":
        text = _spell_chinese(text)
    return re.sub(r"[#^~]", " ", text)


def _spell_by_rules(text: str, language: str, to: str) -> str:
    rules = _load_rules(language)
    units = "|".join(re.escape(unit) for unit in sorted(rules.lexicon.units, key=len, reverse=True))
    text = _rewrite(
        text,
        (
            # normt2s takes F-16 for an isotope of fluorine.
            (r"(?<![\w-])([A-Z][a-z]?)-(?=\d)", r"\1 "),
            (r"(?:(?<=\d:\d\d)|(?<=\d[ap]m)|(?<=\d%))\s?[-–]\s?(?=[$€£]?\d)", f" {to} "),
            (
                rf"(?<![\w.,$€£¥#:/–-])(?:1[1-9]|20)\d\d(?![\w%°:/]|[.,–-]\d|\s?[%°€$£]|\s?(?:{units})\b)",
                lambda m: rules.lang.year(int(m[0])),
            ),
            (r"(?<![\w.,])(1[1-9]\d0)er(?!\w)", lambda m: f"{rules.lang.year(int(m[1]))}er"),
        ),
    )
    return rules.normalize(text)


@cache
def _load_rules(language: str) -> Normalizer:
    from normt2s import Normalizer

    rules = Normalizer(language)
    if language == "en":
        for unit, (one, many) in _MORE_UNITS.items():
            rules.add_unit(unit, one, many)
    return rules


def _spell_chinese(text: str) -> str:
    if not re.search(r"[\d%$￥€£°℃]", text):
        return text
    from wetext import normalize

    # Its time grows faster than the text does. It escapes quotation marks.
    text = _rewrite(text, _CHINESE_REWRITES)
    return re.sub(_CHINESE_PIECE, lambda piece: str(normalize(piece[0], lang="zh")), text).replace("\\", "")


def _rewrite(text: str, rewrites: tuple[_Rewrite, ...]) -> str:
    for pattern, replacement in rewrites:
        text = re.sub(pattern, replacement, text)
    return text


def _fold_digits(text: str) -> str:
    """Both libraries take any digit of Unicode for a number, and normt2s then stumbles over a mix of them."""
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def _order_short_date(match: _Match) -> str:
    """Return the American month/day/year as year-month-day; where the month can't be one, the day came first."""
    month, day, year = int(match[1]), int(match[2]), int(match[3])
    if month > 12:
        month, day = day, month
    return f"{2000 + year}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _spell_pair(match: _Match) -> str:
    """Return 50/50, 70/30 and 9/11 without the stroke, which would make fractions of them."""
    first, last = int(match[1]), int(match[2])
    is_pair = first == last or first + last == 100 or (first, last) == (9, 11)
    return f"{first} {last}" if is_pair else match[0]


def _spell_duration(match: _Match) -> str:
    """Return `1 hour 5 minutes` for a match of hours, minutes and maybe seconds."""
    counts = zip(match.groups(), ("hour", "minute", "second"), strict=False)
    return " ".join(f"{int(count)} {unit}{'s' * (int(count) != 1)}" for count, unit in counts if int(count))


_REWRITES_BEFORE: dict[str, tuple[_Rewrite, ...]] = {
    "en-us": (
        (r"\b(I|[Ww]e|[Yy]ou|[Tt]hey)\s?<3(?!\d)", r"\1 love"),
        (r"\b(\d{1,2})\.([0-5]\d)(?=\s?[ap]\.?\s?m\b)", r"\1:\2"),
        (r"(?<![\w:])(\d{1,2}):([0-5]\d):([0-5]\d)(?![\w:])", _spell_duration),
        (r"\b(\d+)\s?h\s?(\d+)\s?m(?:in)?\b", _spell_duration),
        (r"\b([Cc]all|[Dd]ial|[Rr]ing) (\d)(\d)(\d)(?![\w.-])", r"\1 \2 \3 \4"),
        (r"\b(1)-(8)(\d)(\d)-(?=[A-Z])", r"\1, \2 \3 \4, "),
        (r"(?<=\d)/-(?!\w)", ""),
        (r"(?<!\w)(?:Rs\.?|INR|₹)\s?(\d+(?:,\d+)*(?:\.\d+)?)", r"\1 rupees"),
        (r"(?<!\w)(?:US|CA|AU|NZ)(?=\$\d)", ""),
        (r"(?<!\w)(?:USD|EUR|GBP) ?(?=\d)", lambda m: {"USD": "$", "EUR": "€", "GBP": "£"}[m[0].strip()]),
        # normt2s loses the currency where it stands once before and once after an amount.
        (rf"(?<![\w$€£.,])({_AMOUNT})\s?([$£])(?!\w)", r"\2\1"),
        (r"(?<![\w.])\.(?=\d)", "0."),
        (r"(?<!\w)w/o(?!\w)", "without"),
        (r"(?<!\w)w/\s?(?=\w)", "with "),
        (r"§\s?(?=\d)", "section "),
        (rf"\b({_DAYS})\.?\s?[-–]\s?({_DAYS})\b\.?", lambda m: f"{_DAY_OF[m[1]]} to {_DAY_OF[m[2]]}"),
        (r"(?<=\d)(st|nd|rd|th)\s?[-–]\s?(?=\d+(?:st|nd|rd|th)\b)", r"\1 to "),
    ),
    "de": (
        (r"\b(\d{1,2})\.([0-5]\d)(?= Uhr\b)", r"\1:\2"),
        (r"\bS\.\s?(?=\d)", "Seite "),
        (r"§\s?(?=\d)", "Paragraph "),
        (r"[€]\s?(\d+)\.(\d\d)(?!\d)", r"\1,\2 €"),
    ),
    "cmn": (
        (r"\b[Nn][or]\.\s?(?=\d)", "#"),
        (r"(?<=\d),(?=\d{3}(?!\d))", ""),
    ),
}
_ENGLISH_REWRITES: tuple[_Rewrite, ...] = (
    (r"(?<!\S)@\s?(?=\w)", "at "),
    (r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d\d)(?![\d/])", _order_short_date),
    (r"(?<=\d)/(?=(?:5|10|100) stars?\b)|(?<=\d\.\d)/(?=\d+\b)", " out of "),
    (r"(?<![\d./])(\d{1,3})/(\d{1,3})(?![\d/])", _spell_pair),
    (r"(?<![\w-])9-5(?![\w-])", "9 to 5"),
    (r"\b([A-G])#", r"\1 sharp"),
    (rf"\b({'|'.join(_MONTH_OF)})\.? (?=\d)", lambda m: f"{_MONTH_OF[m[1]]} "),
    (rf"\b(\d\d?) (?=(?:{'|'.join(_MONTH_OF.values())})(?: \d{{4}}\b|[,.;!?]|$))", r"\1th "),
    (rf"([$€£¥]\s?{_AMOUNT})\s?([kmbtKMBT])(?:n|ln)?\b", lambda m: f"{m[1]} {_SCALE_OF[m[2].lower()]}"),
    (rf"\b({_AMOUNT})(?:(M)|([mbt])l?n)\b", lambda m: f"{m[1]} {_SCALE_OF[(m[2] or m[3]).lower()]}"),
    (
        r"(?:(?<=\d)|(?<=\d\s[a-z]{2})|(?<=\d[a-z]{2}))/(hr|mo|yr|hour|day|week|month|year|person)\b",
        lambda m: f" per {_PERIOD_OF.get(m[1], m[1])}",
    ),
    (r"\b(\d+)s (?=(?:timer|video|clip|ad|break|rest|countdown|exposure|reel|short)s?\b)", r"\1 second "),
    (r"(?<![\w$€£.])['’]?([2-9])0['’]?s\b", lambda m: _DECADES[int(m[1]) - 2]),
    (r"\b(\d\d)(\d\d)p\b", r"\1 \2p"),
    (r"(?<=\d)[x×](?=\d)", " by "),
    (r"(?<=\d)\s?¢", " cents"),
    (r"(?<=\d)\+(?!\s?\d)", " plus"),
    (r"~\s?(?=[$€£]?\d)", "about "),
    (r"\b[vV](?=\d+\.\d)", "version "),
    (r"\b(\d)['’′](\d\d?)[\"”″]?(?!\w)", r"\1 foot \2"),
    (r"(?<=\d)\s?in\.(?!\w)", " inches"),
    (r"(?<=\d)(\s?(?:ft|lbs?|oz|mi|yd))\.(?=\s+[\da-z])", r"\1"),
    # normt2s takes the full stop of a sentence for one of the abbreviation.
    (r"(?<=\d)\s?([ap])\.?m\.(?=\s+[A-Z][a-z]|\s*$)", lambda m: f" {m[1].upper()}M."),
    (r"\bNo\.\s?(?=\d)", "Number "),
)
_CHINESE_REWRITES: tuple[_Rewrite, ...] = (
    # wetext takes these for one long number, a minus and a fraction.
    (r"(?<=\d)，(?=\d)", "， "),
    (r"(?<=[A-Za-z])-(?=\d)", " "),
    (r"(?<![\d/])24/7(?![\d/])", "24 7"),
)
