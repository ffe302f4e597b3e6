"""The voice engine gives what Microsoft's original VibeVoice code gives, array by array."""

from __future__ import annotations

import numpy as np
import pytest
from golden.vibevoice_set import VibeVoiceSet, compute, compute_from_stereo, is_close


def test_vibevoice_array(vibevoice_set: VibeVoiceSet, vibevoice_array: str) -> None:
    got = compute(vibevoice_set, vibevoice_array)
    _require_close(vibevoice_set, vibevoice_array, got, "tolerance")


def test_vibevoice_array_from_a_stereo_recording(vibevoice_set: VibeVoiceSet, array_from_stereo: str) -> None:
    got = compute_from_stereo(vibevoice_set, array_from_stereo)
    _require_close(vibevoice_set, array_from_stereo, got, "tolerance_from_stereo_file")


def _require_close(golden: VibeVoiceSet, name: str, got: np.ndarray, tolerance_name: str) -> None:
    want, tolerance = golden.arrays[name], golden.facts["arrays"][name][tolerance_name]
    if not is_close(got, want, tolerance):
        length = min(len(got), len(want))
        largest = np.abs(got[:length].astype(float) - want[:length]).max() if got.shape[1:] == want.shape[1:] else None
        pytest.fail(f"{name}: {got.shape} instead of {want.shape}, largest difference {largest}, allowed {tolerance}")
