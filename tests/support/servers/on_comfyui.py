"""What the tests on a real ComfyUI share: the server, the command line, and ways to look into a short."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import requests
from support.checkout import ROOT

PACK = ROOT / "custom_nodes" / "comfyui_talkingshorts"


@dataclass(frozen=True)
class ComfyUI:
    """The server under test: where it answers and where its files are."""

    url: str
    base: Path

    def get(self, path: str) -> Any:
        answer = requests.get(self.url + path, timeout=30)
        answer.raise_for_status()
        return answer.json()


@dataclass(frozen=True)
class Outcome:
    """What a run of the command line gave."""

    code: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def paths(self) -> list[Path]:
        return [self.folder / line for line in self.stdout.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """The `talkingshorts` command, run as a user runs it, in a folder of its own."""

    folder: Path

    def __call__(self, *arguments: str, stdin: str | None = None, **environment: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "talkingshorts", *arguments],
            cwd=self.folder,
            env={**os.environ, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr, self.folder)


def read_result(short: Path) -> dict[str, Any]:
    """Return the result file that stands beside a short."""
    return json.loads(short.with_suffix(".json").read_text())


@dataclass(frozen=True)
class Film:
    """A decoded short: grey frames [frames, height, width] uint8, and its sound [samples] float32."""

    frames: np.ndarray
    fps: float
    sound: np.ndarray
    sample_rate_hz: int
    tags: dict[str, str]

    @property
    def loudness(self) -> np.ndarray:
        """The sound's RMS in each frame: [frames]."""
        step = self.sample_rate_hz / self.fps
        parts = [self.sound[round(i * step) : round((i + 1) * step)] for i in range(len(self.frames))]
        return np.array([np.sqrt(np.mean(part**2)) if part.size else 0.0 for part in parts])


def decode(path: Path) -> Film:
    """Return everything that the short holds."""
    with av.open(str(path)) as container:
        fps = float(container.streams.video[0].average_rate or 0)
        frames = np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)])
        tags = dict(container.metadata)
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].sample_rate
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    return Film(frames, fps, sound.mean(axis=0), rate, tags)


def read_graph_tag(path: Path) -> dict[str, Any]:
    """Return the API graph that a short holds."""
    with av.open(str(path)) as container:
        return json.loads(container.metadata["prompt"])


def run_graph(comfyui: ComfyUI, graph: dict[str, Any]) -> dict[str, Any]:
    """Send a graph as any program would, and return the job when it has ended."""
    job = str(uuid.uuid4())
    answer = requests.post(f"{comfyui.url}/prompt", json={"prompt": graph, "prompt_id": job}, timeout=30)
    assert answer.ok, answer.text
    while (state := comfyui.get(f"/api/jobs/{job}"))["status"] in ("pending", "in_progress"):
        time.sleep(0.05)
    return state
