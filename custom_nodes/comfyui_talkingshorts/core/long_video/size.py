"""The size of a video."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """In pixels."""

    height: int
    width: int
