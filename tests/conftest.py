"""Options that every kind of test knows."""

from __future__ import annotations

from pathlib import Path

import pytest

KEPT_SETS = Path(__file__).parent / "golden" / "sets"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        type=Path,
        default=KEPT_SETS,
        metavar="DIR",
        help="reference data to check the engines against: DIR holds vibevoice/ and/or infinitetalk/ "
        "(default: the sets kept in the tests)",
    )
