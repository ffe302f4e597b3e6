from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.infinitetalk.flow_schedule import choose_shift, plan_sigmas
from comfyui_talkingshorts.core.long_video.size import Size


@pytest.mark.parametrize("schedule", ["official", "distilled"])
@pytest.mark.parametrize("steps", [1, 4, 40, 1000])
def test_noise_falls_from_one_to_none(schedule: str, steps: int) -> None:
    sigmas = plan_sigmas(steps, 7, schedule)

    assert (sigmas.shape, sigmas.dtype) == ((steps + 1,), np.float32)
    assert (sigmas[0], sigmas[-1]) == (1, 0)
    assert (np.diff(sigmas) < 0).all()


def test_the_official_schedule_ends_with_a_step_that_hardly_does_anything() -> None:
    assert plan_sigmas(40, 7)[-2] == pytest.approx(0.00696, abs=1e-5)


def test_the_distilled_schedule_is_the_one_that_the_four_step_lora_was_trained_on() -> None:
    assert plan_sigmas(4, 5, "distilled").tolist() == pytest.approx([1, 0.9375, 0.8333, 0.625, 0], abs=4e-5)


@pytest.mark.parametrize("steps", range(1, 51))
def test_the_distilled_schedule_is_comfyuis_simple_one(steps: int) -> None:
    from comfy.model_sampling import ModelSamplingDiscreteFlow
    from comfy.samplers import simple_scheduler

    sampling = ModelSamplingDiscreteFlow()
    sampling.set_parameters(shift=5.0, multiplier=1000)

    assert plan_sigmas(steps, 5, "distilled") == pytest.approx(simple_scheduler(sampling, steps).numpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("size", "shift"),
    [
        (Size(640, 640), 7),
        (Size(1280, 320), 7),
        (Size(832, 480), 7),
        (Size(1024, 576), 7),
        (Size(640, 960), 11),
        (Size(960, 960), 11),
        (Size(448, 2048), 11),
        (Size(1280, 720), 11),
    ],
)
def test_larger_pictures_take_a_larger_shift(size: Size, shift: float) -> None:
    assert choose_shift("official", size) == shift


def test_the_distilled_schedule_has_one_shift() -> None:
    assert choose_shift("distilled", Size(1280, 720)) == 5


@pytest.mark.parametrize(
    ("steps", "shift", "schedule", "told"),
    [
        (0, 7, "official", "steps is 0"),
        (4, 0, "official", "shift is 0"),
        (4, -1, "distilled", "shift is -1"),
        (4, float("nan"), "official", "shift is nan"),
        (4, 7, "karras", "schedule is karras: choose one of official, distilled"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(steps: int, shift: float, schedule: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        plan_sigmas(steps, shift, schedule)
