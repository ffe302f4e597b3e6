"""What the draft and the pack cost on a managed server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from talkingshorts.managed.server import ServerState

from .ratio import Ratio, compare, take_median, time_command

SENTENCE = "This sentence is spoken again and again, to find out what a long draft costs. "


def measure(folder: Path, state: ServerState, log: str) -> Iterator[Ratio]:
    """Yield each ratio as soon as it is known. `log` is what the server wrote when it started."""
    yield compare("the pack at ComfyUI's start, over 0.2 s", read_pack_seconds(log), 0.2, "s", 1.0)
    draft_seconds = take_median(lambda run: make_draft(folder, SENTENCE * 2, run, 8.0))
    yield compare("8 s draft on a warm server, over its own length", draft_seconds, 8.0, "s", 1.0)
    short_peak = measure_peak_mib(state.pid, lambda: make_draft(folder, SENTENCE * 2, 100, 10.0))
    long_peak = measure_peak_mib(state.pid, lambda: make_draft(folder, SENTENCE * 62, 101, 300.0))
    yield compare("peak memory, 5 min draft over 10 s draft", long_peak, short_peak, "MiB", 1.1)


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
