"""A loopback port on this machine whose connections end at a ComfyUI elsewhere, whatever carries their bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Protocol

from ...errors import UnreachableError
from .worker import CHUNK_BYTES


class Carrier(Protocol):
    """Carries bytes to a ComfyUI and back, on numbered connections. Every method raises UnreachableError."""

    def open(self) -> int:
        """Connect to ComfyUI, and return the connection's number."""
        ...

    def send(self, number: int, data: bytes) -> None:
        """Send bytes on a connection."""
        ...

    def receive(self, number: int) -> bytes:
        """Return the next bytes that came on a connection, once there are any; none when it was closed."""
        ...

    def close(self, number: int) -> None:
        """Close a connection; whoever waits to receive on it gets none."""
        ...


class Tunnel:
    """Listens on a free loopback port until it is closed, and takes each connection to the carrier's ComfyUI.

    `ending` tells why it was closed; "" as long as it wasn't.
    """

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self.ending = ""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self, ending: str) -> None:
        """Take no more connections, and break those that there are."""
        with self._lock:
            self.ending = self.ending or ending
            for end in (self._listener, *self._connections):
                _shut(end)
            self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, self._known(connection), contextlib.suppress(OSError, UnreachableError):
            number = self._carrier.open()
            back = threading.Thread(target=self._bring_back, args=(connection, number), daemon=True)
            back.start()
            try:
                while data := connection.recv(CHUNK_BYTES):
                    self._carrier.send(number, data)
            finally:
                with contextlib.suppress(UnreachableError):
                    self._carrier.close(number)
                _shut(connection)
                back.join()

    def _bring_back(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, UnreachableError):
            while data := self._carrier.receive(number):
                connection.sendall(data)
        _shut(connection)

    @contextlib.contextmanager
    def _known(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
