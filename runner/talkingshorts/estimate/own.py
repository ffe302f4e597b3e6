"""How many times the roofline this home's own videos took: the nodes that made them tell it in their jobs' outputs."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .gpus import GPUS

_KEY = "talkingshorts_work"


def find_own_factors(outputs: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return the median factor of each GPU, by its name, from the outputs of jobs.

    A node that had its video from the cache tells again, word for word, what it took to compute it: that counts once.
    """
    factors: defaultdict[str, list[float]] = defaultdict(list)
    for text in set(_list_texts(outputs)):
        work = _read_work(text)
        factor = _find_factor(work.get("seconds"), work.get("roofline_seconds"))
        name = next((gpu.name for gpu in GPUS if work.get("gpu") in gpu.torch_names), None)
        if factor is not None and name is not None:
            factors[name].append(factor)
    return {name: round(statistics.median(found), 2) for name, found in factors.items()}


def _list_texts(outputs: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for nodes in outputs:
        for entries in nodes.values():
            told = entries.get(_KEY) if isinstance(entries, dict) else None
            yield from (text for text in told or () if isinstance(text, str))


def _read_work(text: str) -> dict[str, Any]:
    """Return what a node tells; nothing of a text that is no object in JSON."""
    try:
        work = json.loads(text)
    except ValueError:
        return {}
    return work if isinstance(work, dict) else {}


def _find_factor(seconds: Any, roofline_seconds: Any) -> float | None:
    """Return how many times the roofline it took; None for what are no times."""
    times = (seconds, roofline_seconds)
    is_told = all(isinstance(time, int | float) and time > 0 for time in times)
    return seconds / roofline_seconds if is_told else None
