"""What a check found: one line of JSON each, printed as soon as it is known."""

from __future__ import annotations

import gc
import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TextIO

import torch

_TRACEBACK_LINES = 12


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

    def __init__(self, budget_seconds: float, outputs: list[TextIO]) -> None:
        self._end = time.monotonic() + budget_seconds
        self._outputs = outputs
        self.is_good = True

    def run(self, check: Check) -> None:
        """Run the check and print its line."""
        remaining_seconds = self._end - time.monotonic()
        if remaining_seconds < check.needed_seconds:
            reason = f"it needs {check.needed_seconds:.0f} s, and {remaining_seconds:.0f} s are left"
            self._print({"check": check.name, "ok": None, "skipped": reason})
            return
        findings, line = Findings(), {"check": check.name, "ok": False, "seconds": 0.0}
        start = time.monotonic()
        try:
            with torch.inference_mode():
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
        for output in self._outputs:
            print(json.dumps(line), file=output, flush=True)


def free_memory() -> None:
    """Let go of all models and of PyTorch's cache."""
    import comfy.model_management

    comfy.model_management.unload_all_models()
    gc.collect()
    comfy.model_management.cleanup_models_gc()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def synchronize() -> None:
    """Wait until the GPU, where there is one, has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def time_run(work: Callable[[], Any]) -> float:
    """Return the seconds that the work takes, on the GPU too."""
    synchronize()
    start = time.perf_counter()
    work()
    synchronize()
    return time.perf_counter() - start


def peak_bytes() -> int:
    """Return the most that PyTorch had allocated on the GPU since this was last reset (0 without a GPU)."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0


def relative_error(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the RMS of the difference over that of what was expected."""
    found, expected = found.float().cpu(), expected.float().cpu()
    return float((found - expected).norm() / expected.norm().clamp(min=1e-12))
