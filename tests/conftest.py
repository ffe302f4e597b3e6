"""What several kinds of tests share: options, ComfyUI's own modules for the engines, and one real ComfyUI."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.on_comfyui import ComfyUI
from talkingshorts.server import ensure_server, stop_server

ROOT = Path(__file__).parents[1]
KEPT_SETS = ROOT / "tests" / "golden" / "sets"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        type=Path,
        default=KEPT_SETS,
        metavar="DIR",
        help="reference data to check the engines against: DIR holds vibevoice/ and/or infinitetalk/ "
        "(default: the sets kept in the tests)",
    )


def pytest_configure() -> None:
    """ComfyUI goes last on the path: its top-level names (server, nodes, utils) must hide none of the tests' own."""
    sys.path.append(os.environ.get("COMFYUI_DIR", str(ROOT / ".comfyui" / "ComfyUI")))
    import comfy.cli_args

    comfy.cli_args.args.cpu = True


@pytest.fixture(scope="session")
def comfyui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyUI]:
    """Return the one real ComfyUI of the whole test run: on the CPU, started the way the runner does it for a user."""
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
