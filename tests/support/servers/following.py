"""A run of the command line that goes on while the test does, and what it leads to on the server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from ..fakes.faulty_proxy import wait_until
from .on_comfyui import ComfyUI

EXIT_SECONDS = 300.0


@dataclass
class Runner:
    """One `talkingshorts ... --json` in the background."""

    process: subprocess.Popen[str]
    events: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    def wait_for_event(self, kind: str, **facts: Any) -> dict[str, Any]:
        """Return the first event of that kind that tells these facts, once it is there."""
        wait_until(lambda: self._find(kind, facts) or self._has_said_all())
        event = self._find(kind, facts)
        assert event is not None, f"ended without {kind}: {self.stderr}"
        return event

    @property
    def job_id(self) -> str:
        return self.wait_for_event("created")["job_id"]

    @property
    def stderr(self) -> str:
        return "".join(self.said)

    @property
    def error(self) -> str:
        """The one line that says why the run failed."""
        lines = [line for line in self.said if line.startswith("talkingshorts: ")]
        assert len(lines) == 1, self.stderr
        return lines[0]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Return the exit code."""
        code = self.process.wait(EXIT_SECONDS)
        for reader in self.readers:
            reader.join()
        assert "Traceback" not in self.stderr, self.stderr
        return code

    def _has_said_all(self) -> bool:
        """Tell whether it ended, and everything that it wrote was read."""
        return not any(reader.is_alive() for reader in self.readers)

    def _find(self, kind: str, facts: dict[str, Any]) -> dict[str, Any] | None:
        wanted = {"event": kind, **facts}.items()
        return next((event for event in self.events if wanted <= event.items()), None)


@contextlib.contextmanager
def start_runner(folder: Path, *arguments: str, **environment: str) -> Iterator[Runner]:
    """Run the command line in `folder` for the length of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "talkingshorts", *arguments, "--json"],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    runner = Runner(process)

    def read_events() -> None:
        for line in process.stdout or ():
            runner.events.append(json.loads(line))

    def read_said() -> None:
        for line in process.stderr or ():
            runner.said.append(line)

    runner.readers = [threading.Thread(target=read, daemon=True) for read in (read_events, read_said)]
    for reader in runner.readers:
        reader.start()
    try:
        yield runner
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for reader in runner.readers:
            reader.join()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def post_as_another(comfyui: ComfyUI, graph: dict[str, Any]) -> str:
    """Post a graph as another client does, and return the job's id."""
    body = {"prompt": graph, "client_id": uuid.uuid4().hex}
    answer = requests.post(f"{comfyui.url}/prompt", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()["prompt_id"]


def read_status(comfyui: ComfyUI, job_id: str) -> str | None:
    """Return where the job is; None when the server doesn't know it."""
    answer = requests.get(f"{comfyui.url}/api/jobs/{job_id}", timeout=30)
    return answer.json()["status"] if answer.ok else None


def wait_for_status(comfyui: ComfyUI, job_id: str, status: str) -> None:
    wait_until(lambda: read_status(comfyui, job_id) == status)


def count_posts(comfyui: ComfyUI) -> int:
    """Return how many graphs the server was ever sent, by its own log."""
    return (comfyui.base.parent / "server" / "comfyui.log").read_text(errors="replace").count("got prompt")


def saved_files(comfyui: ComfyUI, prefix: str) -> list[Path]:
    """Return the files that the server saved under this name."""
    return sorted((comfyui.base / "output").glob(f"{prefix}_*"))
