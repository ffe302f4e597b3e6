"""What can be heard in a sound of one or many channels."""

from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.sound import Sound, require_audible

VOICE = np.random.default_rng(3).uniform(-0.5, 0.5, 8000).astype(np.float32)


def mix(*gains: float) -> Sound:
    return Sound(np.outer(np.array(gains, np.float32), VOICE), 8000)


@pytest.mark.parametrize("gains", [(1,), (1, 1), (0, 1), (1, 0.001), (0, 0, 1, 0, 0, 0), (1, *[0] * 31), (-1,)])
def test_a_voice_is_heard_in_whichever_channel_it_is(gains: tuple[float, ...]) -> None:
    require_audible(mix(*gains), "speech")


@pytest.mark.parametrize(
    ("gains", "gain"),
    [((1,), 1), ((1, 1), 1), ((1, 0.5), 0.75), ((0, 1), 1), ((0, 0, 1, 0, 0, 0), 1), ((1, 0.001), 1), ((0, 0), 0)],
)
def test_a_voice_is_as_loud_in_one_channel_as_in_its_own(gains: tuple[float, ...], gain: float) -> None:
    np.testing.assert_allclose(mix(*gains).mono, gain * VOICE, atol=1e-6)


@pytest.mark.parametrize("gains", [(1, -1), (1, -1, 0, 0, 0, 0), (1, -0.99), (0.5, 0.5, -1)])
def test_channels_that_cancel_each_other_out_are_told(gains: tuple[float, ...]) -> None:
    with pytest.raises(SourceError, match=f"speech's {len(gains)} channels cancel each other out"):
        require_audible(mix(*gains), "speech")


@pytest.mark.parametrize("gains", [(0,), (0, 0), (1e-5,), (1e-5, -1e-5)])
def test_silence_is_told_as_such(gains: tuple[float, ...]) -> None:
    with pytest.raises(SourceError, match="speech is silent"):
        require_audible(mix(*gains), "speech")
