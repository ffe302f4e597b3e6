"""What a batch costs beside its jobs: on servers whose jobs take a fixed time, since real ones share the cores.

The table is 1,000 rows for a graph that saves a small picture.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .ratio import ROOT, Ratio, compare
from .runner import write_graph

JOB_SECONDS = 0.1
ROWS, ROWS_OF_ONE = 1000, 200
SETTLED_ROWS = 100
"""Rows after which the memory is looked at for the first time."""


@dataclass(frozen=True)
class Cost:
    """What a batch took: seconds from its first result to its last, processor seconds, and MB after so many rows."""

    seconds: float
    cpu_seconds: float
    settled_mb: float
    final_mb: float


def measure(folder: Path) -> Iterator[Ratio]:
    """Yield each ratio as soon as it is known (Linux)."""
    one = run_batch(folder / "one", servers=1, rows=ROWS_OF_ONE)
    two = run_batch(folder / "two", servers=2, rows=ROWS)
    yield compare("batch: runner's processor time a job, over 20 ms", 1000 * two.cpu_seconds / ROWS, 20, "ms", 1.0)
    yield compare("batch: memory after 1,000 rows, over 100", two.final_mb, two.settled_mb, "MB", 1.05)
    pace_of_one, pace_of_two = (ROWS_OF_ONE - 1) / one.seconds, (ROWS - 1) / two.seconds
    yield compare(
        "batch: twice the rows a second of one server, over two's", 2 * pace_of_one, pace_of_two, "/s", 1 / 0.95
    )


def run_batch(folder: Path, servers: int, rows: int) -> Cost:
    """Run a table of so many rows on so many servers, and return what that took."""
    folder.mkdir()
    graph = write_graph(folder, 0)
    (folder / "jobs.csv").write_text("EmptyImage#1.color\n" + "".join(f"{row}\n" for row in range(1, rows + 1)))
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(serve_timed()) for _ in range(servers)]
        named = [word for url in urls for word in ("--server", url)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        batch = subprocess.Popen(
            [sys.executable, "-m", "talkingshorts", "batch", graph, "jobs.csv", *named],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT / "runner")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        ends, settled_mb, final_mb = _watch(batch, rows)
        if batch.wait() != 0:
            raise SystemExit("The batch failed.")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(ends[-1] - ends[0], cpu_seconds, settled_mb, final_mb)


@contextlib.contextmanager
def serve_timed() -> Iterator[str]:
    """Give the address of a server whose jobs each take JOB_SECONDS."""
    command = [sys.executable, "-m", "benchmarks.timed_comfyui", str(JOB_SECONDS)]
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield (server.stdout.readline() if server.stdout else "").strip()
    finally:
        server.communicate()


def _watch(batch: subprocess.Popen[str], rows: int) -> tuple[list[float], float, float]:
    """Return when each row was done, and the process's memory after SETTLED_ROWS rows and after all."""
    ends: list[float] = []
    settled_mb = final_mb = 0.0
    for line in batch.stderr or ():
        if json.loads(line)["event"] == "row_done":
            ends.append(time.perf_counter())
            settled_mb = read_memory_mb(batch.pid) if len(ends) == SETTLED_ROWS else settled_mb
            final_mb = read_memory_mb(batch.pid) if len(ends) == rows else final_mb
    return ends, settled_mb, final_mb


def read_memory_mb(pid: int) -> float:
    """Return the memory that the process holds now, in MB."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) / 1000 if match else 0.0
