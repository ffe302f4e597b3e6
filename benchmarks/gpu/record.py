"""Keeps what the checks found on a machine, under the name of its GPU."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ..ratio import ROOT

FOLDER = ROOT / "benchmarks" / "recorded"


class Record:
    """Writes lines of JSON into a file: the one that is named, else that of the GPU which a line names.

    Where no GPU is named, nothing is kept: such a machine has none.
    """

    def __init__(self, path: Path | None = None, folder: Path = FOLDER) -> None:
        self.path = path
        self._folder = folder
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        """Keep a line, and write all of them, as soon as it is known where."""
        self._lines.append(line)
        self.path = self.path or _choose_path(self._folder, line)
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text("".join(f"{kept}\n" for kept in self._lines))


def _choose_path(folder: Path, line: str) -> Path | None:
    gpu = json.loads(line).get("gpu")
    return folder / f"{re.sub('[^a-z0-9]+', '-', gpu.lower()).strip('-')}.jsonl" if gpu else None
