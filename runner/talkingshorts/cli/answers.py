"""What the commands print: answers on stdout, notes for the person at the terminal on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..jobs.follow import Show


def print_note(text: str) -> None:
    """Tell the person at the terminal something that is no answer."""
    print(text, file=sys.stderr, flush=True)


def confirm(question: str) -> bool:
    """Ask the person at the terminal, and return whether the answer is yes."""
    print(question, "[y/N]", end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def open_notices(as_json: bool) -> Show:
    """Return what tells the user notices: as events with --json, else in lines on stderr."""
    from ..display.terminal import choose_display

    return choose_display(as_json).show


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON object in a line."""
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def print_paths(places: Sequence[str], as_json: bool, presign_seconds: int | None) -> None:
    """Print where the results are: paths, URLs, or addresses to download them from. As JSON, events told the paths."""
    from ..results.destination import presign

    answers = [presign(place, presign_seconds) for place in places] if presign_seconds else places
    if as_json and presign_seconds:
        print_json({"event": "presigned", "files": answers})
    elif not as_json:
        print(*answers, sep="\n", end="\n" if answers else "")
