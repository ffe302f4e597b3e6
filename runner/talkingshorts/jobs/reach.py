"""The ComfyUI that a job runs on: how it is reached, waited for after a restart, and found to have ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ..comfyui.client import ComfyClient
from ..errors import UnreachableError
from ..managed.provision import Say
from ..managed.server import ensure_server, find_server
from .records import JobRecord

RESTART_PATIENCE_SECONDS = 300.0
RESTART_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class ServerChoice:
    """The server that is asked for: an address with its token, or the managed one.

    `is_explicit` tells that the address was given for this very job, and isn't just what the environment names.
    """

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    is_explicit: bool = False


@dataclass(frozen=True)
class Server:
    """A ComfyUI that answered, and that others start and end."""

    client: ComfyClient
    version: str

    @property
    def is_managed(self) -> bool:
        """Whether this program starts and ends it."""
        return False

    def has_ended(self) -> bool:
        """Tell whether its process is known to be gone."""
        return False

    def recover(self, say: Say) -> Server:
        """Return the server once it answers again. Raises UnreachableError when it stays away for too long."""
        deadline = time.monotonic() + RESTART_PATIENCE_SECONDS
        while True:
            try:
                self.client.version()
                return self
            except UnreachableError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(RESTART_LOOK_SECONDS)


class ManagedServer(Server):
    """The ComfyUI of this home, which this program starts when it is needed."""

    @property
    def is_managed(self) -> bool:
        """Whether this program starts and ends it."""
        return True

    def has_ended(self) -> bool:
        """Tell whether its process is gone, or another one is in its place."""
        return find_server() != self.client.url

    def recover(self, say: Say) -> Server:
        """Return the server, started again if need be. Raises UnreachableError when it can't be started."""
        return start_managed_server(say)


def reach_server(choice: ServerChoice, say: Say) -> Server:
    """Return the server that is asked for; the managed one is started if need be. Raises UnreachableError."""
    return reach_named_server(ComfyClient(choice.url, choice.token)) if choice.url else start_managed_server(say)


def reach_named_server(client: ComfyClient) -> Server:
    """Return the server behind an address, once it has told its version. Raises UnreachableError."""
    return Server(client, client.version())


def start_managed_server(say: Say) -> ManagedServer:
    """Return the managed server, started if need be. Raises UnreachableError."""
    client = ComfyClient(ensure_server(say))
    return ManagedServer(client, client.version())


def server_of(record: JobRecord, client: ComfyClient) -> Server:
    """Return the server that has the record's job, without asking it."""
    return (ManagedServer if record.is_managed else Server)(client, record.server_version)
