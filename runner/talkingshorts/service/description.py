"""An order, as its caller reads it: the same on every surface."""

from __future__ import annotations

from typing import Any

from .orders import Order
from .progress import OrderProgress


def describe_order(
    order: Order, progress: OrderProgress | None, queue_position: int | None, eta_seconds: float | None
) -> dict[str, Any]:
    """Return an order as callers read it, with what is known of it at the moment."""
    return {
        "id": order.id,
        "state": order.state,
        "workflow": order.workflow,
        "created": order.created,
        "started": order.started,
        "ended": order.ended,
        "expires": order.expires,
        "queue_position": queue_position,
        "eta_seconds": eta_seconds,
        "progress": progress.describe() if progress else None,
        "result": _describe_result(order),
        "error": order.error,
        "metadata": order.metadata,
        "seed": order.seed,
        "quality": order.quality,
        "why": order.why,
    }


def _describe_result(order: Order) -> dict[str, Any] | None:
    if order.state != "succeeded" or order.result is None:
        return None
    base = f"/v1/jobs/{order.id}/result"
    files = [
        {"url": base if number == 0 else f"{base}?file={number}", **file}
        for number, file in enumerate(order.result["files"])
    ]
    return {"files": files, "report": order.result["report"], "checks": {}}
