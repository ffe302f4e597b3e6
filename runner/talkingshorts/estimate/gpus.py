"""The GPUs that an estimate is made for: how fast each computes and reads its memory, by its maker's data sheet."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError
from ..wording import suggest


@dataclass(frozen=True)
class Gpu:
    """Dense TFLOP/s of matrix products in fp16 and in fp8, summed in fp32 as torch does; memory in GB/s and GB.

    A GPU that has no fp8 products computes them in fp16.
    """

    name: str
    fp16_tflops: float
    fp8_tflops: float
    gigabytes_per_second: float
    gigabytes: float


GPUS = (
    Gpu("3060", 25.5, 25.5, 360, 12),
    Gpu("3090", 71, 71, 936, 24),
    Gpu("4090", 165.2, 330.3, 1008, 24),
    Gpu("5090", 209.5, 419, 1792, 32),
    Gpu("L40S", 362, 733, 864, 48),
    Gpu("A100", 312, 312, 2039, 80),
    Gpu("H100", 989, 1979, 3350, 80),
    Gpu("H200", 989, 1979, 4800, 141),
)
"""Source: NVIDIA's architecture papers for GA102, Ada and RTX Blackwell, and the data sheets of L40S, A100 80 GB SXM,
H100 SXM and H200 SXM. The 3060 has 28 of GA102's multiprocessors, at 1.78 GHz."""


def find_gpu(name: str) -> Gpu:
    """Return the GPU of this name, in whatever case. Raises UsageError, with all the names, when there is none."""
    for gpu in GPUS:
        if gpu.name.lower() == name.lower():
            return gpu
    names = [gpu.name for gpu in GPUS]
    raise UsageError(f"No GPU is called {name!r}{suggest(name, names)} These are known: {', '.join(names)}.")
