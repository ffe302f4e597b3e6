"""Have a node's inputs computed in an order, so that what is most often refused comes before gigabytes are loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def list_next_inputs(order: Sequence[Sequence[str]], inputs: Mapping[str, Any]) -> list[str]:
    """Return the names in the first stage of `order` of the lazy inputs that aren't there yet; none when all are.

    `inputs` is what ComfyUI gives to check_lazy_status: None is an input not yet computed, a missing one isn't linked.
    """
    missing = ([name for name in stage if inputs.get(name, "unlinked") is None] for stage in order)
    return next(filter(None, missing), [])
