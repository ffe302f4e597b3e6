"""Options that every kind of test knows, and ComfyUI's own modules for the engines that build on them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

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
