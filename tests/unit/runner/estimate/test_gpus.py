import pytest
from talkingshorts.errors import UsageError
from talkingshorts.estimate.gpus import GPUS, Gpu, find_gpu


@pytest.mark.parametrize("name", ["h200", "H200"])
def test_a_gpu_is_found_by_its_name(name: str) -> None:
    assert find_gpu(name).gigabytes == 141


def test_an_unknown_one_ends_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match=r"No GPU is called 'H20': did you mean H200\? .*: 3060, 3090, "):
        find_gpu("H20")


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: gpu.name)
def test_fp8_is_never_slower_than_fp16(gpu: Gpu) -> None:
    assert gpu.fp8_tflops >= gpu.fp16_tflops
