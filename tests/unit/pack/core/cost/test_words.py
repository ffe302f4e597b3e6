"""What a video will cost, in words."""

from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.cost.words import explain_cost, format_span
from comfyui_talkingshorts.core.cost.work import measure_forward

WORK = measure_forward("infinitetalk", 32760) * 12


def test_without_a_gpu_it_is_forwards_and_flop() -> None:
    assert explain_cost(WORK, 25.2e9) == "12 forwards, 21.9 PFLOP"


def test_on_a_known_gpu_it_is_time_and_memory_too() -> None:
    assert explain_cost(WORK, 25.2e9, "NVIDIA GeForce RTX 5090", 34e9) == (
        "12 forwards, 21.9 PFLOP, about 3 min on this 5090 (estimated); 25.2 GB of the GPU's 34.0 GB"
    )


def test_weights_that_do_not_fit_are_told() -> None:
    assert explain_cost(WORK, 25.2e9, "NVIDIA GeForce RTX 4090", 24e9).endswith(
        "; 25.2 GB of the GPU's 24.0 GB, so 1.2 GB come from RAM in each forward"
    )


def test_the_time_on_an_unknown_gpu_is_not_guessed() -> None:
    assert explain_cost(WORK * 2, 10e9, "Some GPU", 24e9) == ("24 forwards, 43.8 PFLOP; 10.0 GB of the GPU's 24.0 GB")


@pytest.mark.parametrize(
    ("seconds", "text"), [(39.2, "39 s"), (89, "89 s"), (90, "2 min"), (240, "4 min"), (6012, "1.7 h")]
)
def test_a_time_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert format_span(seconds) == text
