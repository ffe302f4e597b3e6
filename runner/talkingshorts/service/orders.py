"""An order is what a caller wants made: one job, from the request that was accepted to the files that came of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import (
    CancelledError,
    JobTimeoutError,
    LostJobError,
    OutOfMemoryError,
    RunnerError,
    UnreachableError,
    UsageError,
    ValidationError,
)
from ..webhooks.message import Webhook

OrderState = Literal["queued", "running", "succeeded", "failed", "canceling", "canceled", "expired"]

OPEN_STATES: tuple[OrderState, ...] = ("queued", "running", "canceling")
CLOSED_STATES: tuple[OrderState, ...] = ("succeeded", "failed", "canceled", "expired")
STATES = OPEN_STATES + CLOSED_STATES


@dataclass(frozen=True)
class StoredRequest:
    """What is run, as it is kept: `graph` is the graph's hash; values and files by node id and field."""

    workflow_name: str
    graph: str
    values: list[tuple[str, str, str]]
    files: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Order:
    """One job of a caller. Times are RFC 3339 in UTC.

    `label` is what the caller named: a quality or a workflow. `result` has the facts of each file and a report.
    """

    id: str
    key_id: str
    workflow: str
    request: StoredRequest
    created: str
    state: OrderState = "queued"
    priority: int = 0
    seed: int | None = None
    quality: str | None = None
    why: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    retain_seconds: int | None = None
    started: str | None = None
    ended: str | None = None
    expires: str | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    webhook: Webhook | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it but that its files go."""
        return self.state in CLOSED_STATES


def new_order_id() -> str:
    """Return an id that can't be guessed."""
    return f"job_{secrets.token_urlsafe(16)}"


def describe_failure(error: RunnerError, reason: str) -> dict[str, Any]:
    """Return what a caller is told of an order that failed; `reason` is the error in words, attempts included."""
    codes: dict[type[RunnerError], str] = {
        OutOfMemoryError: "out_of_memory",
        UnreachableError: "server_lost",
        LostJobError: "server_lost",
        JobTimeoutError: "timed_out",
        UsageError: "upload_failed",
        ValidationError: "input_failed",
    }
    code = next((code for kind, code in codes.items() if isinstance(error, kind)), "node_failed")
    return {
        "code": code,
        "message": reason,
        "node_id": error.node_id or None,
        "class_type": error.class_type or None,
        "retryable": code in {"server_lost", "timed_out", "out_of_memory"} or isinstance(error, CancelledError),
    }
