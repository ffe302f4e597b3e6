"""How long the stages of a plan take on a GPU: the roofline, times a factor for what no machine reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .data import load_costs
from .gpus import Gpu
from .operations import Operations
from .plan import Plan, Stage

USUAL_FACTOR: float = load_costs()["usual_factor"]
"""How many times the roofline real runs of such networks take: 1.3 to 1.6 is usual."""

MEASURED_FACTORS: Mapping[str, float] = load_costs()["measured_factors"]
"""What was measured instead, by architecture: a forward of InfiniteTalk on an H200."""

_LAUNCH_SECONDS = 6.5e-6


@dataclass(frozen=True)
class Factor:
    """How many times the roofline it takes, and how that is known.

    usual: of such networks; measured: on a GPU of this architecture; own: by the videos of this home on such a GPU,
    with all that they waited for weights from RAM; given: on the command line.
    """

    value: float
    source: Literal["usual", "measured", "own", "given"]


def choose_factor(gpu: Gpu, given: float | None = None, own_factors: Mapping[str, float] | None = None) -> Factor:
    """Return the factor that is known best for a GPU. `own_factors` go by GPUs' names."""
    if given is not None:
        return Factor(given, "given")
    if own_factors and gpu.name in own_factors:
        return Factor(own_factors[gpu.name], "own")
    if gpu.architecture in MEASURED_FACTORS:
        return Factor(MEASURED_FACTORS[gpu.architecture], "measured")
    return Factor(USUAL_FACTOR, "usual")


def estimate_seconds(stage: Stage, gpu: Gpu, factor: Factor) -> float:
    """Return the seconds that a stage takes, with the weights streamed in from RAM that don't fit the GPU."""
    lacking = max(0.0, stage.gpu_bytes - gpu.gigabytes * 1e9)
    streaming = stage.forwards * lacking / load_costs()["streamed_bytes_per_second"]
    computing = factor.value * (find_roofline(stage.network, gpu) + find_roofline(stage.vae, gpu))
    return computing if factor.source == "own" else computing + streaming


def estimate_total(plan: Plan, gpu: Gpu, factor: Factor) -> float:
    """Return the seconds that all stages take, one after the other; loading the models comes on top."""
    return sum(estimate_seconds(stage, gpu, factor) for stage in plan.stages)


def find_roofline(operations: Operations, gpu: Gpu) -> float:
    """Return the seconds that no run can beat: those of the slowest of products, memory, and launches of kernels."""
    products = operations.fp16_flops / gpu.fp16_tflops + operations.fp8_flops / gpu.fp8_tflops
    memory = operations.bytes / (gpu.gigabytes_per_second * 1e9)
    return max(products / 1e12, memory, operations.launches * _LAUNCH_SECONDS)
