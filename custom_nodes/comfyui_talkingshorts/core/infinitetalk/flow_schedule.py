"""How much noise is left after each step of sampling a flow model."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np

from ..errors import InputError
from ..long_video.size import Size

Schedule = Literal["official", "distilled"]
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)

_TRAINING_STEPS = 1000
_SMALL_SHIFT, _LARGE_SHIFT, _DISTILLED_SHIFT = 7.0, 11.0, 5.0
# Halfway, by ratio, between a bucket of 480 (640 x 640) and one of 720 (960 x 960).
_LARGE_PIXELS = 640 * 960


def choose_shift(schedule: str, size: Size) -> float:
    """Return the shift that InfiniteTalk recommends: 7 for the sizes of bucket_480, 11 for larger ones.

    Every bucket lies on its own side of the border, 614,400 pixels; so do 832 x 480 and 1280 x 720, while 1024 x 576
    counts as small. The 4-step LoRA was trained on 5, whatever the size.
    """
    if schedule == "distilled":
        return _DISTILLED_SHIFT
    return _SMALL_SHIFT if size.height * size.width < _LARGE_PIXELS else _LARGE_SHIFT


def plan_sigmas(steps: int, shift: float, schedule: str = "official") -> np.ndarray:
    """Return the noise level before each step, and the final 0: [steps + 1] float32, from 1 down.

    official: evenly spaced from 1 to 0.001, then shifted, so that the last step hardly does anything (MeiGen-AI/
    InfiniteTalk, wan/multitalk.py). distilled: evenly spaced down to 0, what the 4-step LoRA knows: 1, 0.9375, 0.8333,
    0.625, 0 at shift 5, and what ComfyUI calls "simple".
    Raises InputError for fewer than 1 step, or a shift that isn't above 0.
    """
    if schedule not in SCHEDULES:
        raise InputError(f"schedule is {schedule}: choose one of {', '.join(SCHEDULES)}.")
    if steps < 1:
        raise InputError(f"steps is {steps}: give 1 or more, such as 40, or 4 with the 4-step LoRA.")
    if not (shift > 0 and math.isfinite(shift)):
        raise InputError(f"shift is {shift:g}: give a number above 0, or 0 for the recommended one.")
    times = _official_times(steps) if schedule == "official" else _distilled_times(steps)
    return np.append(shift * times / (1 + (shift - 1) * times), 0.0).astype(np.float32)


def _official_times(steps: int) -> np.ndarray:
    return np.linspace(_TRAINING_STEPS, 1, steps) / _TRAINING_STEPS


def _distilled_times(steps: int) -> np.ndarray:
    """Return the training steps that ComfyUI's simple_scheduler picks (comfy/samplers.py)."""
    return 1 - (np.arange(steps) * (_TRAINING_STEPS / steps)).astype(int) / _TRAINING_STEPS
