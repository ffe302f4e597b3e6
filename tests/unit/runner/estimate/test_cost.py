from dataclasses import replace

import pytest
from talkingshorts.estimate.cost import Factor, choose_factor, estimate_seconds, find_roofline
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

    of_5090 = Factor(1.5 * 209.5 / 165.2, "usual")
    extra = estimate_seconds(stage, small, Factor(1.5, "usual")) - estimate_seconds(stage, find_gpu("5090"), of_5090)

    assert extra / 40 == pytest.approx(0.53, abs=0.01)


def test_the_factor_multiplies_the_roofline() -> None:
    stage, gpu = Stage("talking", 1, 1, FORWARD, FORWARD, 0, 0), find_gpu("4090")

    assert estimate_seconds(stage, gpu, Factor(2, "given")) == pytest.approx(4 * find_roofline(FORWARD, gpu))


def test_own_videos_have_waited_for_their_weights_already() -> None:
    small = replace(find_gpu("4090"), gigabytes=12)
    stage = Stage("talking", 1, 40, FORWARD * 40, Operations(), weight_bytes=21.8e9, peak_bytes=3.4e9)

    assert estimate_seconds(stage, small, Factor(2, "own")) == pytest.approx(80 * find_roofline(FORWARD, small))


def test_the_factor_is_the_one_that_is_known_best() -> None:
    own = {"H200": 2.5}

    assert choose_factor(find_gpu("4090"), None, own) == Factor(1.5, "usual")
    assert choose_factor(find_gpu("H100"), None, own) == Factor(2.3, "measured")
    assert choose_factor(find_gpu("H200"), None, own) == Factor(2.5, "own")
    assert choose_factor(find_gpu("H200"), 1, own) == Factor(1, "given")


def test_an_h200_takes_what_was_measured() -> None:
    """4.28 s for a forward: benchmarks/recorded/nvidia-h200.jsonl."""
    gpu = find_gpu("H200")

    seconds = estimate_seconds(Stage("talking", 1, 1, FORWARD, Operations(), 0, 0), gpu, choose_factor(gpu))

    assert seconds == pytest.approx(4.28, rel=0.02)
