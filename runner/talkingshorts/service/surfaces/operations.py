"""For those who run the service: whether it lives, whether it can work, and what it did."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from ..errors import ServiceError
from .access import Serving, Watcher
from .documents import ErrorAnswer, list_refusals

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

operations_router = APIRouter()


@operations_router.get("/livez")
def tell_life() -> dict[str, str]:
    """Tell that the service answers."""
    return {"status": "ok"}


@operations_router.get("/readyz", responses={503: {"model": ErrorAnswer}})
def tell_readiness(service: Serving) -> dict[str, str]:
    """Tell whether a ComfyUI can work now."""
    if not service.is_ready:
        raise ServiceError("not_ready", "No ComfyUI is ready.", (), 5)
    return {"status": "ok"}


@operations_router.get("/metrics", response_class=PlainTextResponse, responses=list_refusals())
def show_metrics(service: Serving, watcher: Watcher) -> PlainTextResponse:
    """Return what happened here, for Prometheus."""
    return PlainTextResponse(service.metrics.format_all(), media_type=METRICS_TYPE)
