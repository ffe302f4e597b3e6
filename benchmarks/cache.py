"""What a second short with the same speaker costs on a ComfyUI that was just started: with and without kept stages.

The models are tiny, with random weights. Which of their files ComfyUI opens is told in the sizes of the real ones.
`python -m benchmarks.cache FOLDER` makes the base directory for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import struct
import sys
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from talkingshorts.managed.server import ensure_server, stop_server

from .ratio import ROOT, Ratio, compare, time_command, time_process

SCRIPTS = ("My computer says this in another voice.", "And then my computer says something else.")
SIZE_VARIABLE = "TALKINGSHORTS_CACHE_GB"
IN_OPEN, IN_NONBLOCK = 0x20, 0o4000
SETTINGS = {
    "voice_source": "ann.wav",
    "voice_start_seconds": 0,
    "voice_rights": "true",
    "target_seconds": 0,
    "width": 64,
    "height": 96,
    "steps": 4,
}


@dataclass(frozen=True)
class Cost:
    """What making one short took: wall seconds, and the gigabytes of the real models whose files were opened."""

    seconds: float
    gigabytes: float


def measure(folder: Path) -> Iterator[Ratio]:
    """Yield the ratios, measured on servers of their own (Linux)."""
    home = folder / "cache"
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "custom_nodes")])
    time_process(sys.executable, "-m", "benchmarks.cache", home / "base", **{**os.environ, "PYTHONPATH": paths})
    variables = {"TALKINGSHORTS_HOME": str(home), "TALKINGSHORTS_TEST_TINY_ENCODERS": "1", "OMP_NUM_THREADS": "1"}
    with changed_environment(variables):
        with changed_environment({SIZE_VARIABLE: "0"}):
            without = make_short(home, SCRIPTS[1])
        with changed_environment({SIZE_VARIABLE: "4"}):
            make_short(home, SCRIPTS[0])
            second, repeated = (make_short(home, SCRIPTS[1]) for _ in range(2))
    name = "second short of a speaker, over nothing kept"
    yield compare(f"models read, {name}", second.gigabytes, without.gigabytes, "GB", 0.7)
    yield compare(name, second.seconds, without.seconds, "s", 1.0)
    yield compare("the same short after a restart, over nothing kept", repeated.seconds, without.seconds, "s", 0.5)


def make_short(home: Path, script: str) -> Cost:
    """Return what a short costs on a ComfyUI that was just started."""
    stop_server()
    ensure_server(lambda line: print(line, file=sys.stderr))
    settings = (part for name, value in {**SETTINGS, "script": script}.items() for part in ("-s", f"{name}={value}"))
    workflow = ROOT / "workflows" / "talking_short.api.json"
    with watch_opens(home / "base" / "models") as opened:
        seconds = time_command(
            *("-m", "talkingshorts", "run", str(workflow), *settings, "-o", str(home / f"{time.time_ns()}.mp4"))
        )
    return Cost(seconds, sum(map(read_real_bytes, opened)) / 1e9)


def read_real_bytes(name: str) -> int:
    """Return the size of a real model: a file, or a whole folder such as VibeVoice-1.5B."""
    models = json.loads((ROOT / "models.json").read_text())
    return sum(model["bytes"] for model in models if name in (model["name"], model["name"].split("/")[0]))


@contextlib.contextmanager
def watch_opens(models_dir: Path) -> Iterator[set[str]]:
    """Yield a set that, once the block has ended, holds the models that were opened: a file, or a folder with files."""
    opened: set[str] = set()
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(IN_NONBLOCK)
    watched = {
        libc.inotify_add_watch(descriptor, os.fsencode(folder), IN_OPEN): folder
        for folder in models_dir.rglob("*")
        if folder.is_dir()
    }
    try:
        yield opened
        with contextlib.suppress(BlockingIOError):
            while events := os.read(descriptor, 1 << 20):
                opened |= {_name_model(watched[watch], name) for watch, name in _parse_events(events) if name}
    finally:
        os.close(descriptor)


def _parse_events(events: bytes) -> Iterator[tuple[int, str]]:
    while events:
        watch, _, _, length = struct.unpack("iIII", events[:16])
        yield watch, events[16 : 16 + length].rstrip(b"\0").decode()
        events = events[16 + length :]


def _name_model(folder: Path, name: str) -> str:
    return folder.name if folder.parent.name == "vibevoice" and name.endswith(".safetensors") else name


@contextlib.contextmanager
def changed_environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables while the block lasts; a server that was started in it is stopped at its end."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        stop_server()
        os.environ.clear()
        os.environ.update(before)


def main() -> None:
    """Fill the folder that the command line names: with tiny models, and with somebody's voice."""
    from comfyui_talkingshorts.engines.draft.voice import speak_draft

    base = Path(sys.argv[1])
    sys.path.append(str(ROOT / ".comfyui" / "ComfyUI"))
    import comfy.cli_args

    comfy.cli_args.args.cpu = True
    from support.tiny.home import fill_tiny_home

    fill_tiny_home(base, speech_frames=12)
    (base / "input").mkdir()
    speech = speak_draft("I talk for a while so that my voice is heard, and then I go on about the weather.", 1)[0]
    with wave.open(str(base / "input" / "ann.wav"), "wb") as file:
        file.setparams((1, 2, speech.sample_rate_hz, 0, "NONE", ""))
        file.writeframes((speech.samples.T * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
