"""What every node checks of its numbers: ComfyUI checks only those that come in by value, and lets NaN through."""

from __future__ import annotations

from .errors import InputError

SIZE_STEP, LARGEST_SIDE = 16, 2048
LARGEST_SEED = 0xFFFFFFFFFFFFFFFF


def require_size(width: int, height: int) -> None:
    """Raise InputError unless both sides are multiples of 16 from 16 to 2048."""
    for name, side in (("width", width), ("height", height)):
        if side % SIZE_STEP or not SIZE_STEP <= side <= LARGEST_SIDE:
            raise InputError(f"{name} is {side}: give a multiple of {SIZE_STEP} from {SIZE_STEP} to {LARGEST_SIDE}.")


def require_seed(seed: int) -> None:
    """Raise InputError unless the seed is from 0 to 2^64 - 1."""
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"seed is {seed}: give a whole number from 0 to {LARGEST_SEED}.")
