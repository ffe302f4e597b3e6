"""Where jobs may run: named servers, the managed one, or the actors of a Ray cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import urlsplit

from ..comfyui.client import ComfyClient
from ..errors import UsageError
from ..jobs.follow import BUSY_PATIENCE_SECONDS, GONE_PATIENCE_SECONDS, Limits
from ..jobs.reach import reach_named_server, start_managed_server
from ..managed.provision import Say
from .connections import FindSlots
from .options import PlaceOptions
from .slot import ServerSlot, Slot

GONE_SECONDS = 5.0
"""A server that takes no connections for so long is left to itself when there are others."""


@contextlib.contextmanager
def open_slots(options: PlaceOptions, say: Say) -> Iterator[tuple[Sequence[Slot], FindSlots | None]]:
    """Give where the jobs may run, and what finds more such places later, if anything does: servers, or Ray's actors.

    The actors end with the block.
    """
    if options.ray is None:
        yield list_slots(options, say), None
        return
    if options.are_servers_explicit:
        raise UsageError("--ray and --server don't go together: with --ray, the program starts its own ComfyUIs.")
    from .ray.fleet import open_fleet

    with open_fleet(options.ray, options.ray_workers, _set_limits(options, 0.0)) as fleet:
        yield fleet.slots, fleet.find_slots


def list_slots(options: PlaceOptions, say: Say) -> list[Slot]:
    """Return where the jobs may run: the servers that are named, or else the managed one."""
    clients = {client.url: client for client in (ComfyClient(url, options.token) for url in options.servers)}
    gone_seconds = GONE_SECONDS if len(clients) > 1 else GONE_PATIENCE_SECONDS
    limits = _set_limits(options, gone_seconds)
    if not clients:
        return [ServerSlot("managed", partial(start_managed_server, say), limits)]
    return [
        ServerSlot(url.removeprefix(f"{urlsplit(url).scheme}://"), partial(reach_named_server, client), limits)
        for url, client in clients.items()
    ]


def _set_limits(options: PlaceOptions, gone_seconds: float) -> Limits:
    """Return how long to wait; a server that stays silent is lost, and no reason to give up the row that it has."""
    busy_seconds = options.idle_seconds or BUSY_PATIENCE_SECONDS
    return Limits(options.timeout_seconds, None, min(gone_seconds, busy_seconds), busy_seconds)
