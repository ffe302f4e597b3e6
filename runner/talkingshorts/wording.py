"""Words that several messages share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `: did you mean X?`, or `.` when nothing known is close to `word`."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)
    return f": did you mean {' or '.join(by_lower[name] for name in close)}?" if close else "."
