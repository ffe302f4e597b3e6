"""The size of a video."""

from __future__ import annotations

from typing import NamedTuple

from ..limits import SIZE_STEP


class Size(NamedTuple):
    """In pixels."""

    height: int
    width: int


def round_up_to_step(size: Size) -> Size:
    """Return the smallest size that has room for this one and that models can compute: of multiples of 16."""
    return Size(*(side + -side % SIZE_STEP for side in size))
