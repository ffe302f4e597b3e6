"""Show a job's events: one changing line on a terminal, plain lines elsewhere, or JSON lines for programs.

Nothing that is written has to be undone, as hiding the cursor would: a killed program leaves its terminal as it was.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Protocol, TextIO

from .events import (
    Cached,
    Created,
    Downloading,
    Ended,
    Event,
    ModelFailed,
    ModelReady,
    ModelsProgress,
    NodeStarted,
    Notice,
    Progress,
    Queued,
    Submitted,
    Uploading,
    to_json,
)

LOG_SECONDS = 30.0
"""A log gets a line about steps this often at most."""

CLEAR_LINE = "\r\x1b[2K"
BAR_WIDTHS = (20, 10, 0)
UNSAFE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
UNSAFE_DIRECTIONS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


class Display(Protocol):
    """Shows events as they come."""

    def show(self, event: Event) -> None:
        """Show one event."""
        ...

    def clear(self) -> None:
        """Leave the terminal clean for what others write; further events may follow."""
        ...


@contextlib.contextmanager
def clearing(display: Display) -> Iterator[Display]:
    """Give the display, and clear it when the block ends, however it ends."""
    try:
        yield display
    finally:
        display.clear()


def choose_display(as_json: bool) -> Display:
    """Return JSON lines on stdout when asked for, else what suits stderr."""
    if as_json:
        return JsonDisplay(sys.stdout)
    can_redraw = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return TerminalDisplay(sys.stderr) if can_redraw else PlainDisplay(sys.stderr)


class JsonDisplay:
    """One JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Write the event at once."""
        print(json.dumps(to_json(event)), file=self._stream, flush=True)

    def clear(self) -> None:
        """Nothing is drawn over."""


class PlainDisplay:
    """One line a node, for logs, and one now and then about its steps."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._last_line = clock()
        self._listed: set[str] = set()

    def show(self, event: Event) -> None:
        """Write a line, if the event is worth one. A node that comes back for more inputs has had its own."""
        if isinstance(event, Created):
            self._listed.clear()
        if isinstance(event, NodeStarted):
            if event.node_id in self._listed:
                return
            self._listed.add(event.node_id)
        is_step = isinstance(event, Progress | Downloading | ModelsProgress)
        if is_step and self._clock() - self._last_line < LOG_SECONDS:
            return
        line = describe(event)
        if line:
            self._last_line = self._clock()
            print(make_printable(line), file=self._stream, flush=True)

    def clear(self) -> None:
        """Nothing is drawn over."""


class TerminalDisplay:
    """One line that is drawn over, and stays only for what the user may want to read again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._cached = ""
        self._is_drawn = False

    def show(self, event: Event) -> None:
        """Draw the line anew."""
        if isinstance(event, Cached):
            self._cached = f"  ({len(event.titles)} cached)"
            return
        line = describe(event)
        if line is None:
            return
        self._stream.write(CLEAR_LINE)
        if isinstance(event, Notice | Ended | Submitted | ModelReady | ModelFailed):
            self._stream.write(make_printable(line) + "\n")
            self._is_drawn = False
        else:
            self._stream.write(self._fit(event, line))
            self._is_drawn = True
        self._stream.flush()

    def clear(self) -> None:
        """Clear the line that is drawn over, if there is one."""
        if self._is_drawn:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()
            self._is_drawn = False

    def _fit(self, event: Event, line: str) -> str:
        """Return the event in as many words as the line takes."""
        width = count_columns(self._stream) - 1
        wordings = [line + self._cached, *(describe(event, bar_width) or "" for bar_width in BAR_WIDTHS)]
        printable = [make_printable(wording) for wording in wordings]
        return next((wording for wording in printable if count_cells(wording) <= width), clip(printable[-1], width))


def describe(event: Event, bar_width: int = 20) -> str | None:
    """Return the event in words; None for one that says nothing to a reader."""
    match event:
        case Uploading(file, size):
            return f"Uploading {file} ({format_size(size)})"
        case Submitted(job_id, server):
            return f"Job {job_id} on {server}"
        case Queued(jobs_ahead):
            return "Next in the queue" if jobs_ahead == 0 else f"In the queue: {jobs_ahead} ahead"
        case Cached(titles):
            return f"Kept from an earlier run: {', '.join(titles)}"
        case NodeStarted(_, title):
            return title
        case Progress(_, title, step, total, eta_seconds):
            return f"{title}  {draw_bar(step, total, bar_width)}{step}/{total}{_left(eta_seconds)}"
        case Downloading(file, received, None):
            return f"Downloading {file}  {format_size(received)}"
        case Downloading(file, received, int(total)):
            bar = draw_bar(received, total, bar_width)
            return f"Downloading {file}  {bar}{format_size(received)} of {format_size(total)}"
        case ModelsProgress(action, files, done, total, eta_seconds):
            more = f" and {len(files) - 1} more" if len(files) > 1 else ""
            sizes = f"{format_size(done)} of {format_size(total)} {action}"
            return f"{files[0]}{more}  {draw_bar(done, total, bar_width)}{sizes}{_left(eta_seconds)}" if files else None
        case ModelReady(file, _, size, _):
            return f"{file} is there ({format_size(size)})"
        case ModelFailed(_, message):
            return message
        case Ended("completed", seconds):
            return f"Done in {seconds:.1f} s"
        case Notice(text):
            return text
        case _:
            return None


def make_printable(text: str) -> str:
    """Return the text without what would steer a terminal: titles and messages come from workflows and servers."""
    return "".join(
        " "
        if unicodedata.category(char) in UNSAFE_CATEGORIES or unicodedata.bidirectional(char) in UNSAFE_DIRECTIONS
        else char
        for char in text
    )


def count_cells(text: str) -> int:
    """Return how many columns of a terminal the text takes: Chinese characters and emoji take two."""
    return sum(map(_count_cells_of, text))


def clip(text: str, width: int) -> str:
    """Return the text, cut to `width` columns with an ellipsis at its end when it is longer."""
    if count_cells(text) <= width:
        return text
    while text and count_cells(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _count_cells_of(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def count_columns(stream: TextIO) -> int:
    """Return the width of the terminal that the stream goes to."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or shutil.get_terminal_size().columns
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns


def draw_bar(done: int, total: int, width: int) -> str:
    """Return a bar with a space behind it; nothing for a width of 0."""
    filled = min(width * done // max(total, 1), width)
    return "█" * filled + "░" * (width - filled) + " " * bool(width)


def format_size(number: int) -> str:
    """Return a number of bytes in words."""
    if number >= 1e9:
        return f"{number / 1e9:.1f} GB"
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{math.ceil(number / 1e3)} kB"


def _left(eta_seconds: float | None) -> str:
    return "" if eta_seconds is None else f"  {format_clock(eta_seconds)} left"


def format_clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
