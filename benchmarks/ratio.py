"""What a benchmark yields, and how it is timed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 5


@dataclass(frozen=True)
class Ratio:
    """One measured ratio, and what it should be at most."""

    name: str
    measured: float
    reference: float
    unit: str
    ratio: float
    aim: float


def compare(name: str, measured: float, reference: float, unit: str, aim: float) -> Ratio:
    return Ratio(name, round(measured, 3), round(reference, 3), unit, round(measured / reference, 3), aim)


def time_process(*command: str | Path, **environment: str) -> float:
    """Return the wall seconds of a whole process."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment or None)
    return time.perf_counter() - start


def time_command(*arguments: str) -> float:
    """Return the wall seconds of a whole Python process."""
    return time_process(sys.executable, *arguments)


def take_median(measure: Callable[[int], float]) -> float:
    """Return the median of several runs after one that doesn't count."""
    measure(0)
    return statistics.median(measure(run) for run in range(1, RUNS + 1))


def run_module(*arguments: str) -> str:
    """Return what a Python module prints, run in a process of its own."""
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout
