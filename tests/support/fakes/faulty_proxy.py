"""A proxy between the runner and a real ComfyUI that misbehaves on demand, and notes what was asked through it."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from support.waiting import wait_until

CHUNK_BYTES = 1 << 16
SOCKET_LIFE_SECONDS = 0.3
FAILURE = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\nConnection: close\r\n\r\nfailed"
NO_ROUTE = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n"
    b"Connection: close\r\n\r\n404: Not Found"
)
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class FaultyProxy:
    """What goes wrong at the moment; everything else passes through.

    `progress_socket`: what becomes of each WebSocket. "dropped": broken after a moment; "silent": nothing arrives on
    it; "deaf": the first one is dropped, and nothing arrives on the later ones. `missing_route`: paths that begin so
    are answered as by a server that has no such route.
    """

    url: str = ""
    target: str = ""
    progress_socket: Literal["open", "dropped", "silent", "refused", "deaf"] = "open"
    fails_every: int = 0
    lost_answers: Counter[str] = field(default_factory=Counter)
    lost_requests: Counter[str] = field(default_factory=Counter)
    truncated_downloads: int = 0
    missing_route: str = "nothing"
    bytes_per_second: float | None = None
    slow_path: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    def count(self, method: str, path: str) -> int:
        """Return how often the path was asked for."""
        return self.asked.count((method, path))

    def wait_for(self, method: str, path: str, times: int = 1) -> None:
        """Wait until the path was asked for."""
        wait_until(lambda: self.count(method, path) >= times)


@contextlib.contextmanager
def serve_faulty_proxy(target: str) -> Iterator[FaultyProxy]:
    """Serve a proxy to the ComfyUI at `target` on a free loopback port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        proxy = FaultyProxy(f"http://127.0.0.1:{listener.getsockname()[1]}", target)
        threading.Thread(target=_accept, args=(listener, proxy), daemon=True).start()
        try:
            yield proxy
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, proxy: FaultyProxy) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, proxy), daemon=True).start()


def _serve(client: socket.socket, proxy: FaultyProxy) -> None:
    """Serve one request; each one gets a connection of its own."""
    with client, contextlib.suppress(OSError):
        request = _read_request(client)
        if request is None:
            return
        method, path, head, body = request
        proxy.asked.append((method, path))
        proxy.heads.append(head)
        is_socket = path == "/ws"
        if is_socket and proxy.progress_socket == "refused":
            client.sendall(REFUSAL)
        elif not is_socket and proxy.fails_every and len(proxy.asked) % proxy.fails_every == 0:
            client.sendall(FAILURE)
        elif path.startswith(f"/{proxy.missing_route}/"):
            client.sendall(NO_ROUTE)
        elif not _use_up(proxy.lost_requests, f"{method} {path}"):
            parts = urlsplit(proxy.target)
            with socket.create_connection((parts.hostname or "", parts.port or 80)) as server:
                server.sendall(head + body)
                _relay_socket(client, server, proxy) if is_socket else _relay_answer(
                    client, server, proxy, method, path
                )


def _relay_answer(client: socket.socket, server: socket.socket, proxy: FaultyProxy, method: str, path: str) -> None:
    answer = bytearray()
    while chunk := server.recv(CHUNK_BYTES):
        answer += chunk
    if _use_up(proxy.lost_answers, f"{method} {path}"):
        return
    if path == "/view" and proxy.truncated_downloads:
        proxy.truncated_downloads -= 1
        start = answer.index(b"\r\n\r\n") + 4
        del answer[start + (len(answer) - start) // 2 :]
    bytes_per_second = proxy.bytes_per_second
    if bytes_per_second is None or not path.startswith(proxy.slow_path):
        client.sendall(answer)
        return
    for at in range(0, len(answer), 64):
        time.sleep(64 / bytes_per_second)
        client.sendall(answer[at : at + 64])


def _relay_socket(client: socket.socket, server: socket.socket, proxy: FaultyProxy) -> None:
    kind = proxy.progress_socket
    is_first = proxy.count("GET", "/ws") == 1
    breaks = kind == "dropped" or (kind == "deaf" and is_first)
    is_mute = kind == "silent" or (kind == "deaf" and not is_first)
    client.sendall(_read_head(server))
    began = time.monotonic()
    while not breaks or time.monotonic() - began < SOCKET_LIFE_SECONDS:
        for source in select.select([client, server], [], [], 0.1)[0]:
            data = source.recv(CHUNK_BYTES)
            if not data:
                return
            if source is client:
                server.sendall(data)
            elif not is_mute:
                client.sendall(data)


def _use_up(counts: Counter[str], key: str) -> bool:
    if counts[key] <= 0:
        return False
    counts[key] -= 1
    return True


def _read_request(client: socket.socket) -> tuple[str, str, bytes, bytes] | None:
    """Return method, path, head and body, the head such that the server closes the connection after its answer."""
    head = _read_head(client)
    if not head:
        return None
    lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, path, _ = lines[0].split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    body = bytearray()
    while len(body) < int(fields.get("content-length", 0)):
        chunk = client.recv(CHUNK_BYTES)
        if not chunk:
            return None
        body += chunk
    if "upgrade" not in fields:
        kept = [line for line in lines[1:] if not line.lower().startswith("connection:")]
        head = "\r\n".join([lines[0], *kept, "Connection: close", "", ""]).encode("latin-1")
    return method, path.partition("?")[0], head, bytes(body)


def _read_head(source: socket.socket) -> bytes:
    """Return the bytes up to and with the empty line; what comes after it stays unread."""
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        byte = source.recv(1)
        if not byte:
            return b""
        head += byte
    return bytes(head)
