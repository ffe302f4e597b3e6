"""What a long video computes, and how long a GPU takes for it: the roofline, times a factor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_COSTS = Path(__file__).with_name("costs.json")


@dataclass(frozen=True)
class Work:
    """Forwards of a network, with what else belongs to them: FLOP in fp16 and in fp8, bytes through the memory."""

    forwards: int = 0
    fp16_flops: float = 0.0
    fp8_flops: float = 0.0
    bytes: float = 0.0

    @property
    def flops(self) -> float:
        return self.fp16_flops + self.fp8_flops

    def __add__(self, other: Work) -> Work:
        return Work(
            self.forwards + other.forwards,
            self.fp16_flops + other.fp16_flops,
            self.fp8_flops + other.fp8_flops,
            self.bytes + other.bytes,
        )

    def __mul__(self, count: int) -> Work:
        return Work(self.forwards * count, self.fp16_flops * count, self.fp8_flops * count, self.bytes * count)


@dataclass(frozen=True)
class Gpu:
    """A GPU whose speed is known. `factor`: how many times the roofline real runs take on it."""

    name: str
    fp16_tflops: float
    fp8_tflops: float
    gigabytes_per_second: float
    factor: float


def measure_forward(network: str, tokens: int, sound_tokens: int = 0) -> Work:
    """Return what one forward takes for one branch; `network` is infinitetalk or wan_s2v."""
    costs = _load_costs()["networks"][network]
    return Work(
        forwards=1,
        fp16_flops=_sum_powers(costs["fp16_flops"], tokens),
        fp8_flops=_sum_powers(costs["fp8_flops"], tokens) + costs["fp8_flops_a_sound_token"] * sound_tokens,
        bytes=_sum_powers(costs["bytes"], tokens),
    )


def measure_vae(work: str, frames: int, pixels: int) -> Work:
    """Return what the video VAE takes to `encode` or `decode` frames of so many pixels. The first costs half."""
    costs = _load_costs()["vae"]
    amount = (frames - costs["first_frame_saves"]) * pixels
    return Work(fp16_flops=amount * costs[work]["flops"], bytes=amount * costs[work]["bytes"])


def measure_peak_bytes(tokens: int) -> float:
    """Return the GPU memory that one forward for one branch takes beside the weights."""
    return tokens * _load_costs()["peak_bytes_a_token"]


def find_gpu(torch_name: str) -> Gpu | None:
    """Return the GPU that torch calls so; None for one whose speed isn't known."""
    costs = _load_costs()
    for gpu in costs["gpus"]:
        if torch_name in gpu["torch_names"]:
            factor = costs["measured_factors"].get(gpu["architecture"], costs["usual_factor"])
            speeds = (gpu["fp16_tflops"], gpu["fp8_tflops"], gpu["gigabytes_per_second"])
            return Gpu(gpu["name"], *speeds, factor)
    return None


def find_roofline_seconds(work: Work, gpu: Gpu) -> float:
    """Return the seconds that no run can beat: those of the products, or of the memory, whichever is longer."""
    products = work.fp16_flops / gpu.fp16_tflops + work.fp8_flops / gpu.fp8_tflops
    return max(products / 1e12, work.bytes / (gpu.gigabytes_per_second * 1e9))


def estimate_gpu_seconds(work: Work, gpu: Gpu, lacking_bytes: float = 0) -> float:
    """Return the seconds that it takes, if so many bytes of weights don't fit the GPU: each forward fetches them."""
    streaming_seconds = work.forwards * lacking_bytes / _load_costs()["streamed_bytes_per_second"]
    return gpu.factor * find_roofline_seconds(work, gpu) + streaming_seconds


def _sum_powers(coefficients: Sequence[float], tokens: int) -> float:
    return sum(coefficient * tokens**power for power, coefficient in enumerate(coefficients))


@cache
def _load_costs() -> dict[str, Any]:
    return json.loads(_COSTS.read_text("utf-8"))
