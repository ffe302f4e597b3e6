"""What the runner itself costs, with a graph that takes no time, and against comfy-cli where that is at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from .ratio import Ratio, compare, take_median, time_command, time_process

COMFY_CLI = "comfy-cli==1.23.*"


def measure(folder: Path, url: str) -> Iterator[Ratio]:
    """Yield each ratio as soon as it is known."""
    ends: list[float] = []

    def run(number: int) -> float:
        seconds = time_command(*_talkingshorts(folder, write_graph(folder, number), url))
        ends.append(time.time() - read_end(folder / "trivial.json"))
        return seconds

    own_seconds = take_median(run)
    yield compare("job's end to file and exit, over 0.3 s", sorted(ends)[len(ends) // 2], 0.3, "s", 1.0)
    comfy = find_comfy_cli(folder)
    if comfy is None:
        return
    # Its own home, so that it leaves nothing behind and asks nobody whether it may report how it is used.
    environment = {**os.environ, "HOME": str(folder), "DO_NOT_TRACK": "1", "NO_COLOR": "1"}
    time_process(comfy, "--skip-prompt", "tracking", "disable", **environment)
    server = urlsplit(url)
    address = ("--host", server.hostname or "", "--port", str(server.port))

    def run_comfy_cli(number: int) -> float:
        graph = write_graph(folder, 1000 + number)
        return time_process(comfy, "--skip-prompt", "run", "--wait", "--workflow", graph, *address, **environment)

    yield compare("trivial graph, whole process, over comfy-cli's", own_seconds, take_median(run_comfy_cli), "s", 0.6)


def write_graph(folder: Path, color: int) -> Path:
    """Return a file with a graph that saves a small picture of this colour, which no cache holds yet."""
    picture = {"width": 64, "height": 64, "batch_size": 1, "color": color}
    save = {"images": ["1", 0], "filename_prefix": "trivial"}
    path = folder / f"trivial-{color}.api.json"
    graph = {"1": {"class_type": "EmptyImage", "inputs": picture}, "2": {"class_type": "SaveImage", "inputs": save}}
    path.write_text(json.dumps(graph))
    return path


def read_end(report: Path) -> float:
    """Return when the server says that the job ended, in seconds since 1970."""
    return datetime.fromisoformat(json.loads(report.read_text())["ended"]).timestamp()


def find_comfy_cli(folder: Path) -> str | None:
    """Return comfy-cli's command: the one on the PATH, or one installed into `folder` when COMFY_CLI asks for it."""
    found = shutil.which("comfy")
    if found or not os.environ.get("COMFY_CLI"):
        return found
    venv = folder / "comfy-cli"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin" / "python", "-m", "pip", "install", "-qq", COMFY_CLI], check=True, stdout=2)
    return str(venv / "bin" / "comfy")


def _talkingshorts(folder: Path, graph: Path, url: str) -> tuple[str, ...]:
    return ("-m", "talkingshorts", "run", str(graph), "-o", str(folder / "trivial.png"), "--server", url)
