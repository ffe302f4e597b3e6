"""`python -m benchmarks.gpu`: what the engines do on a real GPU, a line of JSON for each check.

It needs no network and no model files: weights are random, in the real models' shapes. What ComfyUI needs that the
machine lacks may lie in .gpu, where `--pack .gpu` puts it on a machine that has it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ..ratio import ROOT
from .pack import pack
from .record import Record

DYNAMIC_SECONDS = 85
"""What is kept for the checks of ComfyUI's DynamicVRAM, which run last: on an H200 they are guessed to take 70."""


def main(arguments: list[str] | None = None) -> int:
    """Run the checks; return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument(
        "--pack",
        type=Path,
        metavar="FOLDER",
        help="run nothing: gather in a folder what a GPU machine without a network lacks",
    )
    parser.add_argument("--tiny", action="store_true", help="tiny models on the CPU, to try the checks themselves")
    parser.add_argument("--seconds", type=float, default=400, help="start no check that doesn't fit (default: 400)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where the lines go, too (default: benchmarks/recorded/GPU.jsonl)"
    )
    parser.add_argument("--only", default="", metavar="WORDS", help="checks with one of these in their names: a,b")
    parser.add_argument(
        "--memory",
        choices=["legacy", "dynamic"],
        help="only the checks of one way in which ComfyUI manages the GPU's memory: as with --disable-dynamic-vram, "
        "or as by itself",
    )
    options = parser.parse_args(arguments)
    if options.pack is not None:
        print(f"{options.pack} holds {pack(options.pack) / 1e6:.0f} MB.")
        return 0
    ways = ["tiny"] if options.tiny else [options.memory] if options.memory else ["legacy", "dynamic"]
    # What is left out would be missing from a record that is whole.
    is_whole = not options.only and options.memory is None
    record = Record(options.out) if options.out or is_whole else None
    is_good = True
    for line in run_checks(ways, options.seconds, options.only):
        print(line, flush=True)
        is_good = is_good and json.loads(line)["ok"] is not False
        if record is not None:
            record.add(line)
    if record is not None and record.path is not None:
        print(f"Recorded in {record.path}.", file=sys.stderr)
    return 0 if is_good else 1


def run_checks(ways: list[str], seconds: float, only: str) -> Iterator[str]:
    """Yield the line of each check. Each way of managing the memory has a process of its own, for it can't be changed.

    A process that dies has a line, too.
    """
    end = time.monotonic() + seconds
    for way in ways:
        left_seconds = end - time.monotonic() - (DYNAMIC_SECONDS if way != ways[-1] else 0)
        command = [sys.executable, "-m", "benchmarks.gpu.checks", way, f"{left_seconds:.0f}", only]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            yield from (line.rstrip("\n") for line in process.stdout)
        if process.returncode not in (0, 1):
            yield json.dumps({"check": f"all with {way} memory", "ok": False, "exit_code": process.returncode})


if __name__ == "__main__":
    sys.exit(main())
