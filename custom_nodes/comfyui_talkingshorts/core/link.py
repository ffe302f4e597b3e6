"""Links as people have them: copied with what stood around them, typed without https://, with a time in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LATEST_SECONDS = 360_000.0

_PAIRS = dict(zip("<\"'“„\u2018«([`", ">\"'”“\u2019»)]`", strict=True))
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_NAMED = re.compile(r"\[[^\]]*\]\((\S+)\)")  # [name](link), as in Markdown

# What is typed without https:// is a link when it begins as the addresses of sites do, and goes on behind the name.
_BARE = re.compile(
    r"(?:www\.)?(?:[a-z0-9-]+\.)+(?:com|org|net|tv|be|io|co|me|fm|edu|gov|info|de|uk|fr|es|it|nl|at|ch|jp|kr|cn|tw|in"
    r"|br|mx|ru|ua|pl|se|no|dk|fi|pt|us|ca|au)(?::\d{1,5})?/[^\s\\]+",
    re.IGNORECASE,
)

_START_NAMES, _END_NAMES = ("t", "start", "time_continue"), ("end",)
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):([0-5]?\d(?:[.,]\d+)?)")
_UNITS = re.compile(
    r"(?:(\d+)\s*h(?:ours?)?)?\s*(?:(\d+)\s*m(?:in(?:utes?)?)?)?\s*(?:(\d+(?:[.,]\d+)?)\s*(?:s(?:ec(?:onds?)?)?)?)?"
)


@dataclass(frozen=True)
class LinkTime:
    """The time that a link carries: where it begins, and where it ends if it says that."""

    start_seconds: float
    end_seconds: float | None = None


def unwrap_link(text: str) -> str:
    """Return the text without blanks, brackets or quotes around it, where what is left of it is a link."""
    bare = text.translate(_INVISIBLE).strip()
    if named := _NAMED.fullmatch(bare):
        bare = named[1]
    while len(bare) > 1 and _PAIRS.get(bare[0]) == bare[-1]:
        bare = bare[1:-1].strip()
    return bare if find_link(bare) else text.strip()


def find_link(text: str) -> str | None:
    """Return the address that the text is, with a scheme; None for what may be the name of a file."""
    if re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE):
        return text
    text = text.removeprefix("//")
    return f"https://{text}" if _BARE.fullmatch(text) else None


def read_link_time(url: str) -> LinkTime | None:
    """Return the time that the link carries (?t=90, &t=1m30s, #t=1:30, ?start=90&end=120), or None."""
    address, _, fragment = url.partition("#")
    pairs = re.findall(r"(?:^|[?&])([a-z_]+)=([^&]*)", f"{fragment}&{address.partition('?')[2]}", re.IGNORECASE)
    values = {name.lower(): re.sub("%3a", ":", value, flags=re.IGNORECASE) for name, value in reversed(pairs)}
    start_text = next((values[name] for name in _START_NAMES if name in values), "")
    begin, comma, end = start_text.removeprefix("npt:").partition(",")
    start_seconds = parse_seconds(begin)
    if start_seconds is None or start_seconds > _LATEST_SECONDS:  # such as the time of day, in seconds since 1970
        return None
    end_text = end if comma else next((values[name] for name in _END_NAMES if name in values), "")
    end_seconds = parse_seconds(end_text)
    return LinkTime(start_seconds, end_seconds if end_seconds and end_seconds > start_seconds else None)


def parse_seconds(text: str) -> float | None:
    """Return the seconds of a time such as 90, 90s, 1:30, 1:02:03, 1m30s or 1h2m; None for what is no time."""
    text = text.strip().lower()
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in clock.groups())
        return 3600 * hours + 60 * minutes + seconds if not clock[1] or minutes < 60 else None
    units = _UNITS.fullmatch(text)
    if not units or not any(units.groups()):
        return None
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in units.groups())
    return 3600 * hours + 60 * minutes + seconds
