"""What this home's own videos took replaces what is usual."""

from __future__ import annotations

import json
from typing import Any

import pytest
from talkingshorts.estimate.own import find_own_factors


def tell(seconds: Any, roofline_seconds: Any = 100.0, gpu: str = "NVIDIA GeForce RTX 4090", ended: float = 1) -> Any:
    """Return the outputs of a job whose video node tells what it computed."""
    work = {"seconds": seconds, "roofline_seconds": roofline_seconds, "gpu": gpu, "ended": ended}
    return {"7": {"talkingshorts_work": [json.dumps(work)]}, "8": {"text": ["saved"], "images": []}}


def test_the_median_of_a_gpus_videos_counts() -> None:
    jobs = [tell(160.0, ended=1), tell(180.0, ended=2), tell(900.0, ended=3), tell(250.0, gpu="NVIDIA H200")]

    assert find_own_factors(jobs) == {"4090": 1.8, "H200": 2.5}


def test_a_video_that_came_from_the_cache_counts_once() -> None:
    jobs = [tell(160.0, ended=1), tell(160.0, ended=1), tell(160.0, ended=1), tell(200.0, ended=2)]

    assert find_own_factors(jobs) == {"4090": 1.8}


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"7": None},
        {"7": {"talkingshorts_work": ["text", "[1]", {"seconds": 1}]}},
        tell(0.0),
        tell("long"),
        tell(160.0, None),
        tell(160.0, gpu="NVIDIA GeForce RTX 4090 Laptop GPU"),
        tell(160.0, gpu=""),
    ],
)
def test_what_tells_nothing_of_a_known_gpu_is_passed_over(outputs: Any) -> None:
    assert find_own_factors([outputs]) == {}
