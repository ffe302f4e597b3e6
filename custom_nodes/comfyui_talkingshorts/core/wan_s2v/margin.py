"""Room around a picture, for models that work in blocks larger than the steps of its size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..long_video.size import Size


@dataclass(frozen=True)
class Margin:
    """How many rows and columns are added to a picture on each side."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def inner(self) -> tuple[slice, slice]:
        """The rows and the columns that the picture takes in the larger one."""
        return slice(self.top, -self.bottom or None), slice(self.left, -self.right or None)

    def add(self, picture: np.ndarray) -> np.ndarray:
        """Return a picture [height, width, channels] with the margin around it, which mirrors what is next to it."""
        return np.pad(picture, ((self.top, self.bottom), (self.left, self.right), (0, 0)), mode="symmetric")


def plan_margin(size: Size, block: int) -> Margin:
    """Return the smallest margin that makes both sides multiples of `block`."""
    rows, columns = -size.height % block, -size.width % block
    return Margin(rows // 2, rows - rows // 2, columns // 2, columns - columns // 2)
