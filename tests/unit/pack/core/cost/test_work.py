"""What a forward computes, and how long a GPU takes for it."""

from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.cost.work import (
    Work,
    estimate_gpu_seconds,
    find_gpu,
    find_roofline_seconds,
    measure_forward,
    measure_vae,
)

FORWARD = measure_forward("infinitetalk", 32760)


def test_a_forward_costs_what_was_counted() -> None:
    assert FORWARD.flops / 1e12 == pytest.approx(1825, rel=0.01)
    assert FORWARD.bytes / 1e12 == pytest.approx(1.19, rel=0.03)


def test_work_adds_up() -> None:
    both = FORWARD * 2 + measure_vae("decode", 81, 480 * 832)

    assert both.forwards == 2
    assert both.flops / 1e12 == pytest.approx(2 * 1825 + 273, rel=0.01)


@pytest.mark.parametrize(
    ("torch_name", "name", "factor"),
    [("NVIDIA GeForce RTX 4090", "4090", 1.5), ("NVIDIA H200", "H200", 2.3), ("NVIDIA H100 80GB HBM3", "H100", 2.3)],
)
def test_a_gpu_is_known_by_the_name_that_torch_gives_it(torch_name: str, name: str, factor: float) -> None:
    gpu = find_gpu(torch_name)

    assert gpu is not None
    assert (gpu.name, gpu.factor) == (name, factor)


@pytest.mark.parametrize("torch_name", ["NVIDIA GeForce RTX 4090 Laptop GPU", "NVIDIA GeForce RTX 3060 Ti", ""])
def test_a_slower_gpu_of_nearly_that_name_is_not_taken_for_it(torch_name: str) -> None:
    assert find_gpu(torch_name) is None


def test_a_forward_takes_what_its_products_take() -> None:
    gpu = find_gpu("NVIDIA GeForce RTX 4090")
    assert gpu is not None

    assert find_roofline_seconds(FORWARD, gpu) == pytest.approx(11, rel=0.01)
    assert estimate_gpu_seconds(FORWARD, gpu) == pytest.approx(16.6, rel=0.01)


def test_where_little_is_computed_the_memory_decides() -> None:
    gpu = find_gpu("NVIDIA GeForce RTX 4090")
    assert gpu is not None

    assert find_roofline_seconds(Work(1, bytes=1008e9), gpu) == pytest.approx(1)


def test_weights_that_do_not_fit_come_in_each_forward() -> None:
    gpu = find_gpu("NVIDIA GeForce RTX 4090")
    assert gpu is not None

    extra = estimate_gpu_seconds(FORWARD * 3, gpu, lacking_bytes=5e9) - estimate_gpu_seconds(FORWARD * 3, gpu)
    assert extra == pytest.approx(0.6)
