"""What a person says about a service that is to run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..batch.options import PlaceOptions

HOST, PORT = "127.0.0.1", 8190
RETAIN_HOURS = 48.0
MAX_QUEUED = 1000


@dataclass(frozen=True)
class ServeOptions(PlaceOptions):
    """Where the service listens, where it keeps its data, and who may come in: anybody, without `keys`."""

    data: Path
    host: str = HOST
    port: int = PORT
    keys: Path | None = None
    retain_hours: float = RETAIN_HOURS
    max_queued: int = MAX_QUEUED
    json_logs: bool = False
    webhook_secret: str | None = field(default=None, repr=False)
