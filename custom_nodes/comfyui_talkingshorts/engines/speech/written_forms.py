# ruff: noqa: RUF001 (dashes)
"""Forms of writing that all languages share, in words: addresses, phone numbers, sums, dates, prices, units.

What no rule can know for sure stays as it is typed.
"""

from __future__ import annotations

import re
from functools import partial

from .sign_words import SignWords

_Match = re.Match[str]

_ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)]"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.-])(?:[A-Za-z0-9-]+\.)+(?:com|org|net|io|ai|dev|app|gov|edu|tv|ly|co\.uk|de|fr|es|it|nl|eu|ch|at|cn|jp|br|ru)"
    r"\b(?:/[^\s<>\"]*[^\s<>\".,;:!?)])?",
    re.ASCII,
)
_PHONE = re.compile(
    r"(?<![\w.,+/-])(?:\+\d{1,3}(?:[ .-]?(?:\(\d{1,4}\)|\d)){6,14}"
    r"|(?:1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}"
    r"|(?=(?:[ /-]?\d){8})0\d{1,4}[ /-]\d{3,8}(?:[ -]\d{2,5}){0,3}|0\d(?:[ .]\d\d){4}"
    # A number of seven digits that ends in 00 is the end of a range.
    r"|\d{3}-(?!\d\d00)\d{4})(?![\w-]|[.,]\d)"
)
_LONGEST_GROUP = 4
_AMOUNT = r"\d+(?:,\d{3})*(?:\.\d+)?"
_NUMBER = r"\d+(?:[.,]\d+)*"
_SUM = re.compile(rf"(?<![\w.,:/×÷+*−–-]){_NUMBER}(?:\s?[-−–+×x*/÷:]\s?{_NUMBER})+(?=\s?[=≠≈<>≥≤])")
_COMPARISON = re.compile(r"(?<=[\w)%])\s?([=<>≥≤≠≈])\s?(?=[-−$€£]?[\w(])")
_LIMIT = re.compile(r"(?<![\w)<>=])([<>])\s?(?=[$€£]?\d)")
_DOTTED_DATE = re.compile(r"(?<![\d.,])(\d{1,2})\.\s?(\d{1,2})\.\s?((?:1\d|20)\d\d)(?![\d]|[.,]\d)")
_SLASHED_DATE = re.compile(r"(?<![\d/])(\d{1,2})[/-](\d{1,2})[/-]((?:1\d|20)\d\d)(?![\d/-])")
_ISO_DATE = re.compile(r"(?<![\d-])((?:1\d|20)\d\d)-(\d{2})-(\d{2})(?![\d-])")
_CLOCK = re.compile(r"(?<![\d:.,])([01]?\d|2[0-4])[:hH]([0-5]\d)(?![\d:])")
_RATIO = re.compile(r"(?<![\d:.,])(\d{1,4}):(\d{1,4})(?![\d:])")
_EUROPEAN = re.compile(r"(?<![\w.,])\d{1,3}(?:[. ]\d{3})+,\d+(?![\d.,])")
_AMERICAN = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+\.\d+(?![\d.,])")
_COMMA_DECIMAL = re.compile(r"(?<![\w.,])\d{1,3},(?:\d{1,2}|\d{4,})(?![\d.,])")
_RANGE = re.compile(rf"(?<![\w.,/:–-])([$€£]?)({_AMOUNT})(?:[-–]|\s[-–]\s)([$€£]?)({_AMOUNT})(?![\d–-])")
_MINUS = re.compile(r"(?<![^\s(])[-−](?=\d)")
_ALWAYS = re.compile(r"(?<![\d/.])24/7(?![\d/])")
_NUMBER_SIGN = re.compile(r"#\s?(?=\d)|(?<!\w)[nN](?:[°º]|\.[º°]|r\.|úm\.|o\.)\s?(?=\d)")


def rewrite_forms(text: str, words: SignWords) -> str:
    """Return a text with the forms of writing that all languages share in the words of its own; numbers stay numbers.

    The digits of the text are 0 to 9.
    """
    text = _ADDRESS.sub(partial(_spell_address, words=words), text)
    slashed = (2, 1, 3) if words.month_first else (1, 2, 3)
    for pattern, order in ((_DOTTED_DATE, (1, 2, 3)), (_SLASHED_DATE, slashed), (_ISO_DATE, (3, 2, 1))):
        text = pattern.sub(partial(_spell_date, words=words, order=order), text)
    text = _PHONE.sub(partial(_spell_phone, words=words), text)
    if words.time:
        text = _CLOCK.sub(partial(_spell_time, words=words), text)
    text = _spell_quantities(_spell_money(_spell_numbers(text, words), words), words)
    if words.minus:
        text = _SUM.sub(partial(_spell_sum, words=words), text)
    if words.currencies:  # where no library says them
        text = _MINUS.sub(f"{words.minus} ", _ALWAYS.sub("24 7", text))
    text = _COMPARISON.sub(lambda m: f" {words.signs[m[1]]} " if m[1] in words.signs else m[0], text)
    text = _LIMIT.sub(partial(_spell_limit, words=words), text)
    return _RATIO.sub(partial(_spell_ratio, words=words), text) if words.ratio else text


def _spell_address(match: _Match, words: SignWords) -> str:
    address = re.sub(r"^https?://|/$", "", match[0])
    space = words.space
    return "".join(f"{space}{words.address[sign]}{space}" if sign in words.address else sign for sign in address)


def _spell_phone(match: _Match, words: SignWords) -> str:
    """Return `plus 1, 5 5 5, 1 2 3 4`: digit by digit, with a pause after each group."""
    groups = [group[start : start + _LONGEST_GROUP] for group in re.findall(r"\d+", match[0]) for start in _cuts(group)]
    plus = words.plus + words.space if match[0].startswith("+") else ""
    return plus + ", ".join(" ".join(group) for group in groups)


def _cuts(group: str) -> range:
    """A long run of digits is said in fours."""
    return range(0, len(group), _LONGEST_GROUP)


def _spell_date(match: _Match, words: SignWords, order: tuple[int, int, int]) -> str:
    """Return the date in words; where the month can't be one, the other number is."""
    day, month, year = (int(match[place]) for place in order)
    if month > 12:
        day, month = month, day
    if not (words.date and 1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    return words.date.format(
        day=words.first_of_month if day == 1 else day, month=words.months[month - 1], number=month, year=year
    )


def _spell_time(match: _Match, words: SignWords) -> str:
    hour, minute = int(match[1]), int(match[2])
    return words.time.format(hour=hour, minute=minute) if minute else words.full_hour.format(hour=hour)


def _spell_sum(match: _Match, words: SignWords) -> str:
    operators = {"+": words.plus, **dict.fromkeys("-−–", words.minus)}
    operators |= {**dict.fromkeys("×x*", words.times), **dict.fromkeys("/÷:", words.divided)}
    return re.sub(r"\s?([-−–+×x*/÷:])\s?", lambda sign: f" {operators[sign[1]]} ", match[0])


def _spell_limit(match: _Match, words: SignWords) -> str:
    """Return the word for what only has a right side: `<5 minutes`."""
    word = words.signs.get("more" if match[1] == ">" else "fewer")
    return f"{word} " if word else match[0]


def _spell_numbers(text: str, words: SignWords) -> str:
    """Return the text with numbers as its language writes them, where they can only be those of another one."""
    if words.groups_by_comma:
        text = _EUROPEAN.sub(lambda m: re.sub(r"[. ]", "", m[0]).replace(",", "."), text)
        text = _COMMA_DECIMAL.sub(lambda m: m[0].replace(",", "."), text)
    else:
        text = _AMERICAN.sub(lambda m: m[0].replace(",", "").replace(".", ","), text)
    return text


def _spell_money(text: str, words: SignWords) -> str:
    for sign, names in words.currencies.items():
        name = re.escape(sign)
        spell = partial(_spell_amount, names=names, one_after_tens=words.one_after_tens)
        text = re.sub(rf"(?<![\w]){name}\s?(\d+(?:[ .,]\d{{3}})*)(?:[.,](\d\d))?(?![\d.,]*\d)", spell, text)
        text = re.sub(rf"(?<![\d.,])(\d+(?:[ .,]\d{{3}})*)(?:[.,](\d\d))?\s?{name}(?!\w)", spell, text)
    return text


def _spell_amount(match: _Match, names: tuple[str, ...], one_after_tens: bool) -> str:
    amount, hundredths = match[1], match[2]
    name = _choose_form(int(re.sub(r"\D", "", amount)), names, one_after_tens)
    return f"{amount} {name} {hundredths}" if hundredths and hundredths != "00" else f"{amount} {name}"


def _choose_form(count: int, names: tuple[str, ...], one_after_tens: bool) -> str:
    """Return the word for so many: the first for one, the last for many, that between for what ends in two to four."""
    is_teen = count % 100 in (11, 12, 13, 14)
    if count == 1 or (one_after_tens and count % 10 == 1 and not is_teen):
        return names[0]
    return names[1] if count % 10 in (2, 3, 4) and not is_teen else names[-1]


def _spell_quantities(text: str, words: SignWords) -> str:
    for sign, fraction in words.fractions.items():
        text = re.sub(rf"(?<=\d)\s?{sign}", f" {words.and_fraction} {fraction}", text).replace(sign, fraction)
    for unit, name in words.units.items():
        text = re.sub(rf"(?<=\d)\s?{re.escape(unit)}(?![\w²³/])", f" {name}", text)
    if "%" in words.signs:
        text = re.sub(r"(?<=\d)\s?%", f" {words.signs['%']}", text)
    text = re.sub(r"(?<=\d)\s?\+\s?(?=\d)", f" {words.plus} ", text) if words.minus else text
    return _NUMBER_SIGN.sub(partial(_spell_number_sign, words=words), text)


def _spell_number_sign(match: _Match, words: SignWords) -> str:
    word = words.number.capitalize() if match[0][0] == "N" else words.number
    return word + words.space


def _spell_ratio(match: _Match, words: SignWords) -> str:
    """Return 16:9 as a ratio; with two digits behind the colon it may be a time."""
    is_time = len(match[2]) == 2 and int(match[1]) <= 24 and int(match[2]) < 60
    return match[0] if is_time else f"{match[1]} {words.ratio} {match[2]}"


def spell_ranges(text: str, to: str) -> str:
    """Return a text with `$10-20` as `10 to $20`, `to` being the word between."""
    return _RANGE.sub(partial(_spell_range, to=to), text)


def _spell_range(match: _Match, to: str) -> str:
    """Return the range in words. What doesn't rise is none: a score, 24-7."""
    first_sign, first, last_sign, last = match.groups()
    is_short_year = len(first) == 4 and len(last) == 2
    if float(first.replace(",", "")) >= float(last.replace(",", "")) and not is_short_year:
        return match[0]
    return f"{first} {to} {last_sign or first_sign}{last}"
