"""What several kinds of tests share: options, ComfyUI's own modules for the engines, and one real ComfyUI."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

# Tests run side by side: one thread each. NumPy and torch read it when they are loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from support.checkout import ROOT
from support.fakes.webhook_receiver import WebhookReceiver, serve_webhook_receiver
from support.full_disk import limit_file_size
from support.servers.managed_home import managed_home
from support.servers.on_comfyui import ComfyUI
from support.servers.small_graphs import add_hold_node
from talkingshorts.managed.server import ensure_server

KEPT_SETS = ROOT / "tests" / "golden" / "sets"
N8N_TESTS = ROOT / "tests" / "n8n"


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
    # A shell has what it starts in the background ignore Ctrl-C, also in the tests of Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The tests of n8n are run only where they are named: they need what `make test-n8n` installs."""
    named = [Path(word.partition("::")[0]).resolve() for word in config.args]
    is_named = any(path.is_relative_to(N8N_TESTS) for path in named)
    return True if collection_path == N8N_TESTS and not is_named else None


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """Give whoever waits for a webhook, and takes what is posted."""
    with serve_webhook_receiver() as served:
        yield served


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder while no file may pass 4 KiB."""
    with limit_file_size():
        yield tmp_path


@pytest.fixture(scope="session")
def comfyui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyUI]:
    """Return the one real ComfyUI of this process, on the CPU, started the way the runner does it for a user."""
    home = tmp_path_factory.mktemp("home")
    add_hold_node(home / "base")
    # What these tests look at is made, not remembered.
    with managed_home(home, TALKINGSHORTS_CACHE_GB="0", TALKINGSHORTS_ALLOW_PRIVATE_HOSTS="1"):
        yield ComfyUI(ensure_server(print), home / "base")
