"""How engines tell how far they are."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[int, int], None]
"""Called as on_progress(done, total) while work goes on; what it raises ends the work."""


def ignore_progress(done: int, total: int) -> None:
    """Tell nobody."""
