from dataclasses import replace

import pytest
from talkingshorts.estimate.cost import estimate_seconds, find_roofline
from talkingshorts.estimate.gpus import find_gpu
from talkingshorts.estimate.operations import (
    VOICE_SIZES,
    Operations,
    measure_infinitetalk,
    measure_s2v,
    measure_voice_frame,
)
from talkingshorts.estimate.plan import Stage

FORWARD = measure_infinitetalk(32760)


@pytest.mark.parametrize(("gpu", "seconds"), [("4090", 11), ("5090", 8.7), ("L40S", 5.0)])
def test_a_forward_takes_what_its_products_take(gpu: str, seconds: float) -> None:
    assert find_roofline(FORWARD, find_gpu(gpu)) == pytest.approx(seconds, rel=0.01)


@pytest.mark.parametrize(("gpu", "seconds"), [("4090", 396), ("5090", 312), ("L40S", 180)])
def test_s2v_is_faster_where_a_gpu_multiplies_in_fp8(gpu: str, seconds: float) -> None:
    window = measure_s2v(480, 832, 20, has_motion=True) * 2 * 20

    assert find_roofline(window, find_gpu(gpu)) == pytest.approx(seconds, rel=0.01)


@pytest.mark.parametrize(
    ("name", "gpu", "seconds"), [("7B", "4090", 0.024), ("7B", "L40S", 0.028), ("1.5B", "H200", 0.012)]
)
def test_a_frame_of_speech_takes_what_memory_or_launches_take(name: str, gpu: str, seconds: float) -> None:
    frame = measure_voice_frame(VOICE_SIZES[f"VibeVoice-{name}"], 1, 10, 2)

    assert find_roofline(frame, find_gpu(gpu)) == pytest.approx(seconds, rel=0.03)


def test_weights_that_do_not_fit_are_streamed_in_for_each_forward() -> None:
    small = replace(find_gpu("4090"), gigabytes=12)
    stage = Stage("talking", 1, 40, FORWARD * 40, Operations(), weight_bytes=21.8e9, peak_bytes=3.4e9)

    extra = estimate_seconds(stage, small) - estimate_seconds(stage, find_gpu("5090"), factor=1.5 * 209.5 / 165.2)

    assert extra / 40 == pytest.approx(0.53, abs=0.01)


def test_the_factor_multiplies_the_roofline() -> None:
    stage = Stage("talking", 1, 1, FORWARD, FORWARD, 0, 0)

    assert estimate_seconds(stage, find_gpu("4090"), 2) == pytest.approx(4 * find_roofline(FORWARD, find_gpu("4090")))
