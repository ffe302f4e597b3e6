"""Connections to a ComfyUI on another node, carried by its worker."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from support.fakes.ray_worker import WorkerHere
from support.waiting import wait_until
from talkingshorts.batch.ray.fleet import RaySlot
from talkingshorts.batch.ray.tunnel import Tunnel
from talkingshorts.batch.ray.worker import CHUNK_BYTES


def serve_once(serve: Callable[[socket.socket], None]) -> str:
    """Return the address of a server that `serve`s one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with listener, listener.accept()[0] as connection:
            serve(connection)

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def started_worker(url: str) -> WorkerHere:
    worker = WorkerHere(lambda: url)
    worker.start()
    return worker


def connect(tunnel: Tunnel) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(tunnel.url.rpartition(":")[2])), timeout=10)


def test_bytes_pass_both_ways_whole_and_in_order() -> None:
    sent = bytes(range(256)) * (5 * CHUNK_BYTES // 256) + b"end"

    def echo(connection: socket.socket) -> None:
        while data := connection.recv(CHUNK_BYTES):
            connection.sendall(data)

    tunnel = Tunnel(started_worker(serve_once(echo)))
    came = bytearray()
    with connect(tunnel) as connection:
        threading.Thread(target=connection.sendall, args=(sent,), daemon=True).start()
        while len(came) < len(sent):
            came += connection.recv(CHUNK_BYTES)
    tunnel.close("")

    assert bytes(came) == sent


def test_a_connection_that_comfyui_closes_is_closed_here() -> None:
    tunnel = Tunnel(started_worker(serve_once(lambda connection: connection.sendall(b"bye"))))

    with connect(tunnel) as connection:
        assert connection.makefile("rb").read() == b"bye"
    tunnel.close("")


def test_a_connection_that_is_closed_here_is_closed_at_comfyui() -> None:
    seen: list[bytes] = []
    is_over = threading.Event()

    def read(connection: socket.socket) -> None:
        seen.append(connection.makefile("rb").read())
        is_over.set()

    tunnel = Tunnel(started_worker(serve_once(read)))
    with connect(tunnel) as connection:
        connection.sendall(b"bye")
        wait_until(lambda: tunnel._connections)
    assert is_over.wait(10)
    tunnel.close("")

    assert seen == [b"bye"]


def test_a_killed_worker_ends_the_connections_at_once() -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"x")
        connection.recv(1)

    worker = started_worker(serve_once(greet))
    tunnel = Tunnel(worker)
    threading.Thread(target=RaySlot._watch, args=(worker, tunnel), daemon=True).start()
    with connect(tunnel) as connection:
        assert connection.recv(1) == b"x"
        worker.kill()

        assert connection.recv(1) == b""
    wait_until(lambda: tunnel.ending)
    assert tunnel.ending == "It was killed."
