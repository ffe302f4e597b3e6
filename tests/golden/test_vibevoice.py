"""The voice engine gives what Microsoft's original VibeVoice code gives, array by array."""

from __future__ import annotations

import numpy as np
import pytest
from golden.vibevoice_set import VibeVoiceSet, compute, is_close, look_up


def test_vibevoice_array(vibevoice_set: VibeVoiceSet, vibevoice_array: str) -> None:
    got = compute(vibevoice_set, vibevoice_array)
    want, tolerance = look_up(vibevoice_set, vibevoice_array)
    if not is_close(got, want, tolerance):
        differences = np.abs(got.astype(float) - want) if got.shape == want.shape else np.array(np.nan)
        pytest.fail(f"{got.shape} for {want.shape}, largest difference {differences.max()}, allowed {tolerance}")
