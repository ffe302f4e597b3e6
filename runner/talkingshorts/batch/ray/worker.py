"""What runs on a node of a Ray cluster: one ComfyUI, and the bytes that go to it and come from it.

Imports nothing of Ray: an actor is made of the class where the batch runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from ... import home
from ...errors import UnreachableError
from ...files import try_lock
from ...managed import server
from ...managed.provision import Say

CHUNK_BYTES = 1 << 16
"""Ray carries what is smaller than 100 kB in the call itself."""

LOOK_SECONDS = 0.3

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ComfyWorker:
    """Owns one ComfyUI on this node, on its loopback. It ends with this process, however that ends.

    Its methods are called from afar, many at once. What ComfyUI's connections can't do is raised as UnreachableError.
    """

    def __init__(self) -> None:
        self._folder, self._claim = claim_folder(home.home_dir() / "ray")
        self._port = 0
        self._streams: dict[int, Streams] = {}
        self._numbers = itertools.count(1)
        _let_torch_choose_threads()

    async def start(self, start: Callable[[Path, Say], str] = server.start_own_server) -> None:
        """Start ComfyUI, unless it runs. Raises UnreachableError when it can't be started."""
        if not self._runs():
            url = await asyncio.to_thread(start, self._folder, lambda line: None)
            self._port = urlsplit(url).port or 0

    async def wait_for_end(self) -> None:
        """Return when ComfyUI has ended."""
        while self._runs():
            await asyncio.sleep(LOOK_SECONDS)

    async def stop(self) -> None:
        """End ComfyUI."""
        await asyncio.to_thread(server.stop_own_server, self._folder)

    async def open(self) -> int:
        """Connect to ComfyUI, and return the connection's number."""
        try:
            streams = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError as error:
            raise UnreachableError(f"ComfyUI takes no connections: {error.strerror}.") from error
        number = next(self._numbers)
        self._streams[number] = streams
        return number

    async def send(self, number: int, data: bytes) -> None:
        """Send bytes on a connection."""
        _, writer = self._require(number)
        try:
            writer.write(data)
            await writer.drain()
        except OSError as error:
            raise UnreachableError(f"ComfyUI closed the connection: {error.strerror}.") from error

    async def receive(self, number: int) -> bytes:
        """Return the next bytes that came on a connection; none when it was closed."""
        reader, _ = self._require(number)
        try:
            return await reader.read(CHUNK_BYTES)
        except OSError as error:
            raise UnreachableError(f"ComfyUI closed the connection: {error.strerror}.") from error

    async def close(self, number: int) -> None:
        """Close a connection."""
        if (streams := self._streams.pop(number, None)) is not None:
            streams[1].close()

    def _runs(self) -> bool:
        return self._port > 0 and server.own_server_runs(self._folder)

    def _require(self, number: int) -> Streams:
        try:
            return self._streams[number]
        except KeyError:
            raise UnreachableError("The connection to ComfyUI was closed.") from None


def claim_folder(parent: Path) -> tuple[Path, IO[str]]:
    """Return the first folder in `parent` that no other process has, and the file that holds it until it is closed."""
    for number in itertools.count(1):
        folder = parent / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        claim = (folder / "claim").open("w")
        if try_lock(claim):
            return folder, claim
        claim.close()
    raise AssertionError("There are always more numbers.")


def _let_torch_choose_threads() -> None:
    """Undo that Ray set one thread for each CPU that was asked for, unless the node's own environment set them."""
    with contextlib.suppress(OSError):
        if b"OMP_NUM_THREADS=" not in Path("/proc/self/environ").read_bytes():
            os.environ.pop("OMP_NUM_THREADS", None)
