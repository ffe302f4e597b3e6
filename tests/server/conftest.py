"""The command line, and what lets a held job go on, for tests on the real ComfyUI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import CommandLine
from support.servers.on_comfyui import ComfyUI


@pytest.fixture
def talkingshorts(comfyui: ComfyUI, tmp_path: Path) -> CommandLine:
    """Return the command line, to be run in an empty folder with the server at hand."""
    return CommandLine(tmp_path)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """Give the file that a `held_graph` waits for. It is there at the end of the test at the latest."""
    yield tmp_path / "gate"
    (tmp_path / "gate").touch()
