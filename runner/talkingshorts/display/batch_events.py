"""What happens to a batch, as its displays show it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from . import events


@dataclass(frozen=True)
class RowEvent:
    """Something happened to a row's job on its server."""

    row: int
    server: str
    event: events.Event


@dataclass(frozen=True)
class RowDone:
    """The row's files are on this machine."""

    row: int
    server: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class RowKept:
    """The row was done by an earlier run, and its files are still there."""

    row: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class RowPutBack:
    """The row's job ended without a result, and will be run once more."""

    row: int
    server: str
    reason: str


@dataclass(frozen=True)
class RowFailed:
    """The row failed for good."""

    row: int
    server: str
    reason: str


@dataclass(frozen=True)
class RowWithdrawn:
    """The row was taken back before it was done; `server` is "" when it was on none."""

    row: int
    server: str


@dataclass(frozen=True)
class ServerReady:
    """The server runs jobs from now on."""

    server: str
    url: str


@dataclass(frozen=True)
class ServerLost:
    """The server can't be reached, and is tried again; its jobs go to the others."""

    server: str
    reason: str


@dataclass(frozen=True)
class BatchProgress:
    """How many rows are done, failed for good, and left; `eta_seconds` once there is a pace to tell from."""

    done: int
    failed: int
    left: int
    eta_seconds: float | None


BatchEvent = (
    RowEvent | RowDone | RowKept | RowPutBack | RowFailed | RowWithdrawn | ServerReady | ServerLost | BatchProgress
)


def batch_to_json(event: BatchEvent) -> dict[str, Any]:
    """Return the event as one flat JSON object; what happens to a job has its usual fields, and the row."""
    if isinstance(event, RowEvent):
        return events.to_json(event.event) | {"row": event.row, "server": event.server}
    return {"event": events.name_of(event), **asdict(event)}
