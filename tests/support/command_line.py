"""The program as its users have it: a command line in, an exit code out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from talkingshorts.cli.main import main


def run(*arguments: str) -> int:
    """Run a command, and return its exit code."""
    try:
        return main(arguments)
    except SystemExit as error:
        return int(error.code or 0)


def read_jobs(folder: Path) -> list[dict[str, Any]]:
    """Return the records of the jobs in a home below `folder`."""
    return [json.loads(path.read_text()) for path in (folder / "home" / "jobs").glob("*.json")]
