"""One real ComfyUI on the CPU for the whole test run, started the way the runner starts it for a user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.on_comfyui import ComfyUI, CommandLine
from talkingshorts.server import ensure_server, stop_server


@pytest.fixture(scope="session")
def comfyui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyUI]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TALKINGSHORTS_HOME", str(home))
        environment.setenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "1")
        environment.setenv("OMP_NUM_THREADS", "1")
        environment.setenv("TALKINGSHORTS_CACHE_GB", "0")  # what these tests look at is made, not remembered
        for name in ("TALKINGSHORTS_SERVER", "TALKINGSHORTS_TOKEN", "TALKINGSHORTS_COOKIES", "COLUMNS"):
            environment.delenv(name, raising=False)
        try:
            yield ComfyUI(ensure_server(print), home / "base")
        finally:
            stop_server()


@pytest.fixture
def talkingshorts(comfyui: ComfyUI, tmp_path: Path) -> CommandLine:
    """Return the command line, to be run in an empty folder with the server at hand."""
    return CommandLine(tmp_path)
