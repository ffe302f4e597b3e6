"""What forwards cost and how fast GPUs are: the node pack's own figures, so that its nodes say the same."""

import json
from functools import cache
from typing import Any

from ..shipped.data import pack_dir


@cache
def load_costs() -> dict[str, Any]:
    """Return the figures, as core/cost/costs.json of the pack has them."""
    return json.loads((pack_dir() / "core" / "cost" / "costs.json").read_text("utf-8"))
