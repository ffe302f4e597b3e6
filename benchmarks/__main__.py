"""`make bench`: print ratios as a table and as JSON. Every number comes from this one run on this machine."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from talkingshorts.server import ensure_server, read_state, stop_server

ROOT = Path(__file__).parents[1]
SENTENCE = "This sentence is spoken again and again, to find out what a long draft costs. "
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


def time_command(*arguments: str) -> float:
    """Return the wall seconds of a whole process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def take_median(measure: Callable[[int], float]) -> float:
    """Return the median of several runs after one that doesn't count."""
    measure(0)
    return statistics.median(measure(run) for run in range(1, RUNS + 1))


def make_draft(folder: Path, script: str, seed: int, target_seconds: float) -> float:
    """Return the wall seconds of `talkingshorts make`, from the command to the file."""
    return time_command(
        *("-m", "talkingshorts", "make", f"--script={script}", f"--seed={seed}"),
        *(f"--target-seconds={target_seconds}", "-o", str(folder / "draft.mp4")),
    )


def measure_peak_mib(pid: int, work: Callable[[], object]) -> float:
    """Return the server's peak resident memory while the work is done (Linux)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    work()
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def read_pack_seconds(log: str) -> float:
    """Return the seconds that ComfyUI's log says the pack took to load."""
    return float(re.findall(r"([\d.]+) seconds.*: .*comfyui_talkingshorts", log)[-1])


def measure(folder: Path) -> Iterator[Ratio]:
    """Yield each ratio as soon as it is known."""
    help_seconds = take_median(lambda _: time_command("-m", "talkingshorts", "--help"))
    yield compare("--help, over 0.3 s", help_seconds, 0.3, "s", 1.0)
    ensure_server(lambda line: print(line, file=sys.stderr))
    folder_of_server = Path(os.environ["TALKINGSHORTS_HOME"]) / "server"
    state = read_state(folder_of_server)
    if state is None:
        raise SystemExit("The managed server left no state.")
    log = (folder_of_server / "comfyui.log").read_text()
    yield compare("the pack at ComfyUI's start, over 0.2 s", read_pack_seconds(log), 0.2, "s", 1.0)
    draft_seconds = take_median(lambda run: make_draft(folder, SENTENCE * 2, run, 8.0))
    yield compare("8 s draft on a warm server, over its own length", draft_seconds, 8.0, "s", 1.0)
    short_peak = measure_peak_mib(state.pid, lambda: make_draft(folder, SENTENCE * 2, 100, 10.0))
    long_peak = measure_peak_mib(state.pid, lambda: make_draft(folder, SENTENCE * 62, 101, 300.0))
    yield compare("peak memory, 5 min draft over 10 s draft", long_peak, short_peak, "MiB", 1.1)


def read_processor_name() -> str:
    """Return the processor's name where Linux tells it, else its kind."""
    try:
        names = re.findall(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def main() -> None:
    """Measure in a folder that is removed afterwards, on a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TALKINGSHORTS_HOME"] = str(Path(folder) / "home")
        ratios = []
        try:
            print(f"{'ratio':>7} {'aim':>6}  {'measured':>12}  what")
            for ratio in measure(Path(folder)):
                ratios.append(asdict(ratio))
                print(
                    f"{ratio.ratio:7.2f} {ratio.aim:6.2f}  {ratio.measured:8.2f} {ratio.unit:3}  {ratio.name}",
                    flush=True,
                )
        finally:
            stop_server()
    machine = f"{read_processor_name()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps({"machine": machine, "ratios": ratios}))


if __name__ == "__main__":
    main()
