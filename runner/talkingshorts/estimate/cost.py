"""How long the stages of a plan take on a GPU: the roofline, times a factor for what no machine reaches."""

from __future__ import annotations

from .gpus import Gpu
from .operations import Operations
from .plan import Plan, Stage

USUAL_FACTOR = 1.5
"""How many times the roofline real runs of such networks take: 1.3 to 1.6 is usual, and an H200 was measured at 2.3."""

_LAUNCH_SECONDS = 6.5e-6
_STREAMED_BYTES_PER_SECOND = 25e9
"""From RAM over PCIe 4.0 with 16 lanes."""


def estimate_seconds(stage: Stage, gpu: Gpu, factor: float = USUAL_FACTOR) -> float:
    """Return the seconds that a stage takes, with the weights streamed in from RAM that don't fit the GPU."""
    lacking = max(0.0, stage.gpu_bytes - gpu.gigabytes * 1e9)
    streaming = stage.forwards * lacking / _STREAMED_BYTES_PER_SECOND
    return factor * (find_roofline(stage.network, gpu) + find_roofline(stage.vae, gpu)) + streaming


def estimate_total(plan: Plan, gpu: Gpu, factor: float = USUAL_FACTOR) -> float:
    """Return the seconds that all stages take, one after the other; loading the models comes on top."""
    return sum(estimate_seconds(stage, gpu, factor) for stage in plan.stages)


def find_roofline(operations: Operations, gpu: Gpu) -> float:
    """Return the seconds that no run can beat: those of the slowest of products, memory, and launches of kernels."""
    products = operations.fp16_flops / gpu.fp16_tflops + operations.fp8_flops / gpu.fp8_tflops
    memory = operations.bytes / (gpu.gigabytes_per_second * 1e9)
    return max(products / 1e12, memory, operations.launches * _LAUNCH_SECONDS)
