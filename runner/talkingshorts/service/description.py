"""An order, as its caller reads it: the same on every surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .orders import Order

if TYPE_CHECKING:
    from .service import Service


def describe_order(service: Service, order: Order) -> dict[str, Any]:
    """Return an order as callers read it."""
    progress = service.board.of(order.id) if order.state in ("running", "canceling") else None
    eta_seconds = service.estimate_seconds(order)
    told = progress.describe() if progress else None
    return {
        "id": order.id,
        "state": order.state,
        "workflow": order.workflow,
        "created": order.created,
        "started": order.started,
        "ended": order.ended,
        "expires": order.expires,
        "queue_position": service.state.count_ahead(order) + 1 if order.state == "queued" else None,
        "eta_seconds": eta_seconds,
        "progress": told,
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
