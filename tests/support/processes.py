"""The command line in a process of its own, as a user runs it: to its end, or while the test goes on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.waiting import wait_until

EXIT_SECONDS = 300.0


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
