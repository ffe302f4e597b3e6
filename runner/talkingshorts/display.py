"""Show a job's events: one changing line on a terminal, plain lines elsewhere, or JSON lines for programs."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Protocol, TextIO

from .events import Cached, Ended, Event, NodeStarted, Notice, Progress, Queued, Result, Started, Submitted, to_json


class Display(Protocol):
    """Shows events as they come."""

    def show(self, event: Event) -> None:
        """Show one event."""
        ...

    def close(self) -> None:
        """Leave the terminal clean for what comes next."""
        ...


def choose_display(as_json: bool) -> Display:
    """Return JSON lines on stdout when asked for, else what suits stderr."""
    if as_json:
        return JsonDisplay(sys.stdout)
    return TerminalDisplay(sys.stderr) if sys.stderr.isatty() else PlainDisplay(sys.stderr)


class JsonDisplay:
    """One JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Write the event at once."""
        print(json.dumps(to_json(event), ensure_ascii=False), file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing is left open."""


class PlainDisplay:
    """One line a node, for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Write a line, except for the steps within a node."""
        line = None if isinstance(event, Progress) else describe(event)
        if line:
            print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing is left open."""


class TerminalDisplay:
    """One line that is drawn over, and stays only for what the user may want to read again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._cached = ""

    def show(self, event: Event) -> None:
        """Draw the line anew."""
        if isinstance(event, Cached):
            self._cached = f"  ({len(event.titles)} cached)"
            return
        line = describe(event)
        if line is None:
            return
        if isinstance(event, Notice | Ended | Submitted):
            self._draw(line, "\n")
        else:
            self._draw(f"{line}{self._cached}", "")

    def close(self) -> None:
        """Clear the line."""
        self._draw("", "")

    def _draw(self, line: str, end: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(f"\r\x1b[2K{line if end else line[:width]}{end}")
        self._stream.flush()


def describe(event: Event) -> str | None:
    """Return the event in words; None for one that says nothing to a reader."""
    match event:
        case Submitted(job_id, server):
            return f"Job {job_id} on {server}"
        case Queued(jobs_ahead):
            return "Next in the queue" if jobs_ahead == 0 else f"In the queue: {jobs_ahead} ahead"
        case Cached(titles):
            return f"Unchanged since the last run: {', '.join(titles)}"
        case NodeStarted(_, title):
            return title
        case Progress(_, title, step, total, eta_seconds):
            eta = "" if eta_seconds is None else f"  {_clock(eta_seconds)} left"
            return f"{title}  {_bar(step, total)} {step}/{total}{eta}"
        case Ended("completed", seconds):
            return f"Done in {seconds:.1f} s"
        case Notice(text):
            return text
        case Started() | Ended() | Result():
            return None


def _bar(step: int, total: int, width: int = 20) -> str:
    filled = min(width * step // total, width)
    return "█" * filled + "░" * (width - filled)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
