"""Waiting for something to happen, rather than for some time to pass."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], object], limit_seconds: float = 180.0) -> None:
    """Wait for a condition; a test that waits in vain fails."""
    deadline = time.monotonic() + limit_seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
