"""Times as people write them: 1:30 or 1m30s for 90 seconds."""

from __future__ import annotations

import math
import re

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):([0-5]?\d(?:[.,]\d+)?)")
_UNITS = re.compile(
    r"(?:(\d+)\s*h(?:ours?)?)?\s*(?:(\d+)\s*m(?:in(?:utes?)?)?)?\s*(?:(\d+(?:[.,]\d+)?)\s*(?:s(?:ec(?:onds?)?)?)?)?"
)


def parse_seconds(text: str) -> float | None:
    """Return the seconds of a number, or of a time such as 90s, 1:30, 1:02:03, 1m30s; None for what is neither."""
    try:
        value = float(text)
    except ValueError:
        return _parse_time(text.strip().lower())
    return value if math.isfinite(value) else None


def _parse_time(text: str) -> float | None:
    clock = _CLOCK.fullmatch(text)
    match = clock or _UNITS.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in match.groups())
    return None if clock and clock[1] and minutes >= 60 else 3600 * hours + 60 * minutes + seconds
