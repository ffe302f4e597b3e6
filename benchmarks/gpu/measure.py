"""Time, memory, launches and agreement of what a check runs, on the GPU where there is one."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import torch
from torch.profiler import ProfilerActivity, profile


@dataclass
class Stopwatch:
    """Of each forward of a network its seconds, its branches, the bytes that it took beside what was there, its result.

    `launches` are the kernels of the first, which the profiler slows down a little.
    """

    seconds: list[float] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    results: list[torch.Tensor] = field(default_factory=list)
    launches: int = 0


@contextmanager
def watch_forwards(network: torch.nn.Module) -> Iterator[Stopwatch]:
    """Yield what is measured of the network's forwards while the block lasts."""
    watch, forward = Stopwatch(), network.forward

    def measure(x: torch.Tensor, *arguments: Any, **options: Any) -> Any:
        before_bytes = reset_peak_bytes()

        def work() -> None:
            watch.results.append(forward(x, *arguments, **options))

        def run() -> None:
            if watch.seconds:
                work()
            else:
                watch.launches = count_launches(work)

        watch.seconds.append(time_run(run))
        watch.branches.append(x.shape[0])
        watch.peaks.append(peak_bytes() - before_bytes)
        return watch.results[-1]

    with patch.object(network, "forward", measure):
        yield watch


def time_run(work: Callable[[], Any]) -> float:
    """Return the seconds that the work takes, on the GPU too."""
    synchronize()
    start = time.perf_counter()
    work()
    synchronize()
    return time.perf_counter() - start


def time_often(work: Callable[[], Any], times: int = 5) -> float:
    """Return the seconds of one run of several, after one that doesn't count."""
    work()
    return time_run(lambda: [work() for _ in range(times)]) / times


def count_launches(work: Callable[[], Any]) -> int:
    """Return how many kernels the work runs on the GPU (0 without one)."""
    if not torch.cuda.is_available():
        work()
        return 0
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
        work()
        synchronize()
    return count_kernels(profiled.events() or ())


def count_kernels(events: Iterable[Any]) -> int:
    """Return how many of the profiler's events are kernels: on the GPU, and no copy or fill of memory."""
    return sum(event.device_type.name == "CUDA" and not event.name.startswith(("Mem", "mem")) for event in events)


def synchronize() -> None:
    """Wait until the GPU, where there is one, has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_bytes() -> int:
    """Return the most that PyTorch had allocated on the GPU since this was last reset (0 without a GPU)."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0


def reset_peak_bytes() -> int:
    """Forget the peak so far, and return the bytes that are allocated on the GPU (0 without one)."""
    if not torch.cuda.is_available():
        return 0
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def free_bytes() -> int:
    """Return the bytes of the GPU that nobody has (0 without one)."""
    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else 0


def free_memory() -> None:
    """Let go of all models and of PyTorch's cache."""
    import comfy.model_management

    comfy.model_management.unload_all_models()
    gc.collect()
    comfy.model_management.cleanup_models_gc()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


@contextmanager
def leave_memory(gigabytes: float | None) -> Iterator[None]:
    """Let the GPU, where there is one, have so many GB free and no more: the rest is taken. None: all that there is."""
    ballast = None
    if gigabytes is not None and torch.cuda.is_available():
        ballast = torch.empty(max(0, free_bytes() - int(gigabytes * 1e9)), dtype=torch.uint8, device="cuda")
    try:
        yield
    finally:
        del ballast


def relative_error(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the RMS of the difference over that of what was expected."""
    found, expected = found.float().cpu(), expected.float().cpu()
    return float((found - expected).norm() / expected.norm().clamp(min=1e-12))
