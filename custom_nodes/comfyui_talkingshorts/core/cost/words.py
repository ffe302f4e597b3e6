"""What a long video will cost, in words."""

from __future__ import annotations

from .work import Work, estimate_gpu_seconds, find_gpu


def format_span(seconds: float) -> str:
    """Return a time as people say it: 39 s, 4 min, 1.7 h."""
    if seconds < 89.5:
        return f"{round(seconds)} s"
    minutes = seconds / 60
    return f"{round(minutes)} min" if minutes < 99.5 else f"{minutes / 60:.1f} h"


def explain_cost(work: Work, needed_bytes: float, torch_name: str = "", total_bytes: float = 0) -> str:
    """Return what a video takes: forwards, FLOP, and on a GPU memory, and time where that GPU's speed is known.

    torch calls the GPU `torch_name`, and it has `total_bytes`; "" where there is none. With `needed_bytes` no weight
    has to wait in RAM.
    """
    cost = f"{work.forwards} forward{'s' if work.forwards != 1 else ''}, {work.flops / 1e15:.3g} PFLOP"
    if not torch_name:
        return cost
    lacking_bytes = max(0.0, needed_bytes - total_bytes)
    if gpu := find_gpu(torch_name):
        seconds = estimate_gpu_seconds(work, gpu, lacking_bytes)
        cost += f", about {format_span(seconds)} on this {gpu.name} (estimated)"
    memory = f"{needed_bytes / 1e9:.1f} GB of the GPU's {total_bytes / 1e9:.1f} GB"
    streamed = f", so {lacking_bytes / 1e9:.1f} GB come from RAM in each forward" if lacking_bytes else ""
    return f"{cost}; {memory}{streamed}"
