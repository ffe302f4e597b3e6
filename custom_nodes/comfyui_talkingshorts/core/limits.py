"""What every node checks of its numbers: ComfyUI checks only those that come in by value, and lets NaN through."""

from __future__ import annotations

from bisect import bisect

from .errors import InputError

SIZE_STEP, LARGEST_SIDE = 16, 2048
# The short side of the usual short and film, 1080 x 1920. Models compute 1088, of which it is cut out.
USUAL_SIDE = 1080
POSSIBLE_SIDES = sorted([*range(SIZE_STEP, LARGEST_SIDE + 1, SIZE_STEP), USUAL_SIDE])
LARGEST_SEED = 0xFFFFFFFFFFFFFFFF


def require_size(width: int, height: int) -> None:
    """Raise InputError, which names the nearest, unless both sides are multiples of 16 from 16 to 2048, or 1080."""
    for name, side in (("width", width), ("height", height)):
        if side not in POSSIBLE_SIDES:
            place = bisect(POSSIBLE_SIDES, side)
            nearest = " and ".join(str(near) for near in POSSIBLE_SIDES[max(0, place - 1) : place + 1])
            raise InputError(
                f"{name} is {side}: give a multiple of {SIZE_STEP} from {SIZE_STEP} to {LARGEST_SIDE}. "
                f"{'The nearest are' if ' ' in nearest else 'The nearest is'} {nearest}."
            )


def require_seed(seed: int) -> None:
    """Raise InputError unless the seed is from 0 to 2^64 - 1."""
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"seed is {seed}: give a whole number from 0 to {LARGEST_SEED}.")
