"""`make bench`: print ratios as a table and as JSON. Every number comes from this one run on this machine.

`make bench COMFY_CLI=1` also compares with comfy-cli, installed into a folder that is removed afterwards; a `comfy`
on the PATH is compared with in any case.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from talkingshorts.managed.server import ensure_server, read_state, stop_server

from . import batch, cache, draft, runner, talking, voice
from .ratio import Ratio, compare, take_median, time_command


def measure(folder: Path) -> Iterator[Ratio]:
    """Yield each ratio as soon as it is known."""
    help_seconds = take_median(lambda _: time_command("-m", "talkingshorts", "--help"))
    yield compare("--help, over 0.3 s", help_seconds, 0.3, "s", 1.0)
    yield from voice.measure()
    yield from talking.measure()
    yield from cache.measure(folder)
    yield from batch.measure(folder)
    url = ensure_server(lambda line: print(line, file=sys.stderr))
    folder_of_server = Path(os.environ["TALKINGSHORTS_HOME"]) / "server"
    state = read_state(folder_of_server)
    if state is None:
        raise SystemExit("The managed server left no state.")
    yield from runner.measure(folder, url)
    yield from draft.measure(folder, state, (folder_of_server / "comfyui.log").read_text())


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
