"""What a person or a program says about a batch that is to run, and about the places where its jobs may run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """Where jobs run: on `servers`, on the managed one, or on Ray's actors.

    `are_servers_explicit` tells that they are named for these jobs, and not just by the environment. `ray` is the
    address of a cluster, as `ray.init` takes it. A job that takes longer than `timeout_seconds` is cancelled. A server
    that takes connections and hasn't answered for `idle_seconds` is left to itself.
    """

    servers: Sequence[str] = ()
    are_servers_explicit: bool = False
    token: str | None = field(default=None, repr=False)
    ray: str | None = None
    ray_workers: int | None = None
    timeout_seconds: float | None = None
    idle_seconds: float | None = None


@dataclass(frozen=True)
class BatchOptions(PlaceOptions):
    """A workflow, and the table of its jobs."""

    workflow: Path
    table: Path
    output: str | None = None
    state: Path | None = None
    overwrite: bool = False
    keep_going: bool = False
