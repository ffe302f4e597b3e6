"""What a check found: one line of JSON each, printed as soon as it is known."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

import torch

from .measure import free_memory

_TRACEBACK_LINES = 12
_PIN_ERROR = "Pin error."  # ComfyUI's words where RAM can't be pinned, and copies to the GPU are slow


@dataclass
class Findings:
    """The figures of a check, and what it found wrong."""

    figures: dict[str, Any] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def note(self, **figures: Any) -> None:
        """Keep figures, whatever happens after."""
        for name, value in figures.items():
            self.figures[name] = float(f"{value:.4g}") if isinstance(value, float) else value

    def require(self, what: str, is_true: bool) -> None:
        """Keep what ought to be true, where it isn't, and go on."""
        if not is_true:
            self.failed.append(what)


@dataclass(frozen=True)
class Check:
    """Something to try on the GPU, and the seconds without which it isn't worth starting."""

    name: str
    run: Callable[[Findings], None]
    needed_seconds: float


class Report:
    """Runs checks within a budget of seconds. One that fails or no longer fits is reported, and the next goes on."""

    def __init__(self, budget_seconds: float, output: TextIO) -> None:
        self._end = time.monotonic() + budget_seconds
        self._output = output
        self.is_good = True

    def run(self, check: Check) -> None:
        """Run the check and print its line."""
        remaining_seconds = self._end - time.monotonic()
        if remaining_seconds < check.needed_seconds:
            reason = f"it needs {check.needed_seconds:.0f} s, and {max(0, remaining_seconds):.0f} s are left"
            self._print({"check": check.name, "ok": None, "skipped": reason})
            return
        findings, line = Findings(), {"check": check.name, "ok": False, "seconds": 0.0}
        start = time.monotonic()
        try:
            with torch.inference_mode(), _count_pin_errors(findings):
                check.run(findings)
            line["ok"] = not findings.failed
        except Exception as error:  # the other checks don't depend on it
            line["error"] = f"{type(error).__name__}: {error}"
            line["traceback"] = traceback.format_exc().splitlines()[-_TRACEBACK_LINES:]
        line["seconds"] = round(time.monotonic() - start, 1)
        self._print(line | findings.figures | ({"failed": findings.failed} if findings.failed else {}))
        self.is_good = self.is_good and bool(line["ok"])
        free_memory()

    def _print(self, line: dict[str, Any]) -> None:
        print(json.dumps(line), file=self._output, flush=True)


class _PinErrors(logging.Handler):
    """Counts how often ComfyUI says that it couldn't pin RAM."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += record.getMessage() == _PIN_ERROR


@contextmanager
def _count_pin_errors(findings: Findings) -> Iterator[None]:
    """Note how often RAM couldn't be pinned while the block lasts."""
    logger, errors = logging.getLogger(), _PinErrors()
    logger.addHandler(errors)
    try:
        yield
    finally:
        logger.removeHandler(errors)
        findings.note(pin_errors=errors.count)
