"""The command line, for tests on the real ComfyUI."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.servers.on_comfyui import ComfyUI, CommandLine


@pytest.fixture
def talkingshorts(comfyui: ComfyUI, tmp_path: Path) -> CommandLine:
    """Return the command line, to be run in an empty folder with the server at hand."""
    return CommandLine(tmp_path)
