"""The GPUs that an estimate is made for: how fast each computes and reads its memory, by its maker's data sheet."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError
from ..wording import suggest
from .data import load_costs


@dataclass(frozen=True)
class Gpu:
    """Dense TFLOP/s of matrix products in fp16 and in fp8, summed in fp32 as torch does; memory in GB/s and GB.

    A GPU that has no fp8 products computes them in fp16. torch knows it by any of `torch_names`.
    """

    name: str
    architecture: str
    torch_names: tuple[str, ...]
    fp16_tflops: float
    fp8_tflops: float
    gigabytes_per_second: float
    gigabytes: float


GPUS = tuple(Gpu(**{**gpu, "torch_names": tuple(gpu["torch_names"])}) for gpu in load_costs()["gpus"])
"""Source: NVIDIA's architecture papers for GA102, Ada and RTX Blackwell, and the data sheets of L40S, A100 80 GB SXM,
H100 SXM and H200 SXM. The 3060 has 28 of GA102's multiprocessors, at 1.78 GHz."""


def find_gpu(name: str) -> Gpu:
    """Return the GPU of this name, in whatever case. Raises UsageError, with all the names, when there is none."""
    for gpu in GPUS:
        if gpu.name.lower() == name.lower():
            return gpu
    names = [gpu.name for gpu in GPUS]
    raise UsageError(f"No GPU is called {name!r}{suggest(name, names)} These are known: {', '.join(names)}.")
