"""Show a batch: a table on a terminal that is drawn over, JSON lines elsewhere; results' paths on stdout."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import Protocol, TextIO

from .batch_events import (
    BatchEvent,
    BatchProgress,
    RowDone,
    RowEvent,
    RowFailed,
    RowKept,
    RowPutBack,
    ServerLost,
    ServerReady,
    batch_to_json,
)
from .events import Created, Downloading, Ended, Event, NodeStarted, Notice, Progress, Queued, Started, Uploading
from .terminal import clip, count_columns, describe, draw_bar, format_clock, make_printable

DRAW_SECONDS = 0.1
STEP_NEWS_SECONDS = 1.0
"""A row's steps are told this often at most."""

WAITING = Created | Queued
WORKING = Uploading | Started | NodeStarted | Progress | Ended | Downloading
"""The events that say what a row's job is at."""

OVERALL_BAR_WIDTH = 30
BAR_COLUMNS = 80
"""On a narrower terminal, the words are worth more than the bar beside them."""
JOB_BAR_WIDTH = 10

CLEAR_BELOW = "\x1b[J"


class BatchDisplay(Protocol):
    """Shows a batch's events as they come, one at a time."""

    def show(self, event: BatchEvent) -> None:
        """Show one event."""
        ...

    def close(self) -> None:
        """Leave the terminal clean for what comes next."""
        ...


def choose_batch_display(as_json: bool, servers: list[str]) -> BatchDisplay:
    """Return JSON lines on stdout when asked for, else paths on stdout and what suits stderr there."""
    if as_json:
        return JsonLines(sys.stdout)
    can_redraw = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return Table(sys.stderr, servers, sys.stdout) if can_redraw else JsonLines(sys.stderr, sys.stdout)


class JsonLines:
    """One JSON object a line; where `answers` is given, the results' paths there."""

    def __init__(
        self, stream: TextIO, answers: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._answers = answers
        self._clock = clock
        self._told: dict[int, float] = {}

    def show(self, event: BatchEvent) -> None:
        """Write the event at once, unless it is one of many about a row's steps."""
        if isinstance(event, RowEvent) and isinstance(event.event, Progress | Downloading):
            if self._clock() - self._told.get(event.row, float("-inf")) < STEP_NEWS_SECONDS:
                return
            self._told[event.row] = self._clock()
        print(json.dumps(batch_to_json(event)), file=self._stream, flush=True)
        if isinstance(event, RowDone | RowKept):
            self._told.pop(event.row, None)
            _write_paths(self._answers, event.files)

    def close(self) -> None:
        """Nothing is left open."""


class Table:
    """One line a server and one for the whole, drawn over; above them stays what the user may want to read again."""

    def __init__(
        self,
        stream: TextIO,
        servers: list[str],
        answers: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._answers = answers
        self._clock = clock
        self._away: dict[str, str] = dict.fromkeys(servers, "connecting")
        self._jobs: dict[str, dict[int, Event]] = {server: {} for server in servers}
        self._progress: BatchProgress | None = None
        self._lines_drawn = 0
        self._last_drawn = float("-inf")

    def show(self, event: BatchEvent) -> None:
        """Take the event into the table, and draw it."""
        is_step = isinstance(event, RowEvent) and isinstance(event.event, Progress | Downloading)
        self._take_in(event)
        news = _format_news(event)
        if is_step and self._clock() - self._last_drawn < DRAW_SECONDS:
            return
        self._erase()
        if news is not None:
            self._stream.write(make_printable(news) + "\n")
        if isinstance(event, RowDone | RowKept):
            self._stream.flush()
            _write_paths(self._answers, event.files)
        self._draw()

    def close(self) -> None:
        """Erase the table, and say how the batch stands."""
        self._erase()
        if self._progress is not None:
            self._stream.write(_format_progress(self._progress, is_over=True) + "\n")
        self._stream.flush()

    def describe(self) -> list[str]:
        """Return the table's lines."""
        width = max(map(len, self._jobs), default=0)
        lines = [f"{server:{width}}  {self._format_server(server)}" for server in self._jobs]
        bar_width = OVERALL_BAR_WIDTH if count_columns(self._stream) >= BAR_COLUMNS else 0
        return [*lines, *([_format_progress(self._progress, bar_width)] if self._progress else [])]

    def _take_in(self, event: BatchEvent) -> None:
        match event:
            case RowEvent(row, server, happened):
                if isinstance(happened, WAITING | WORKING):
                    self._jobs[server][row] = happened
            case RowDone(row, server, _) | RowFailed(row, server, _) | RowPutBack(row, server, _):
                self._jobs[server].pop(row, None)
            case ServerLost(server, reason):
                self._away[server] = f"away: {reason}"
            case ServerReady(server, _):
                self._away.pop(server, None)
                self._jobs.setdefault(server, {})
            case BatchProgress():
                self._progress = event
            case _:
                pass

    def _format_server(self, server: str) -> str:
        jobs = self._jobs[server]
        running = [row for row, event in jobs.items() if isinstance(event, WORKING)]
        row = next(iter([*running, *jobs]), None)
        if row is None:
            return self._away.get(server, "idle")
        behind = [str(other) for other in jobs if other != row]
        wording = describe(jobs[row], JOB_BAR_WIDTH) or "begins" if row in running else "waiting"
        return f"row {row}  {wording}" + (f"  (then row {', '.join(behind)})" if behind else "")

    def _erase(self) -> None:
        if self._lines_drawn:
            self._stream.write(f"\x1b[{self._lines_drawn}F{CLEAR_BELOW}")
            self._lines_drawn = 0

    def _draw(self) -> None:
        width = count_columns(self._stream) - 1
        lines = self.describe()[-max(shutil.get_terminal_size().lines - 1, 1) :]
        for line in lines:
            self._stream.write(clip(make_printable(line), width) + "\n")
        self._stream.flush()
        self._lines_drawn, self._last_drawn = len(lines), self._clock()


def _write_paths(stream: TextIO | None, paths: tuple[str, ...]) -> None:
    for path in paths if stream is not None else ():
        print(path, file=stream, flush=True)


def _format_news(event: BatchEvent) -> str | None:
    """Return what stays to be read of an event; None when the table says it all."""
    match event:
        case RowFailed(row, _, reason):
            return f"row {row} failed: {reason}"
        case RowPutBack(row, server, reason):
            return f"row {row} on {server}: {reason} Running it again."
        case ServerLost(server, reason):
            return f"{server} is away: {reason}"
        case RowEvent(row, _, Notice(text)):
            return f"row {row}: {text}"
        case _:
            return None


def _format_progress(progress: BatchProgress, bar_width: int = 0, is_over: bool = False) -> str:
    total = progress.done + progress.failed + progress.left
    parts = [f"{progress.done} of {total} done"]
    parts += [f"{progress.failed} failed"] if progress.failed else []
    parts += [f"{progress.left} left"] if progress.left else []
    text = ", ".join(parts)
    if is_over:
        return text
    eta = "" if progress.eta_seconds is None else f"  about {format_clock(progress.eta_seconds)} left"
    return f"{draw_bar(progress.done + progress.failed, total, bar_width)}{text}{eta}"
