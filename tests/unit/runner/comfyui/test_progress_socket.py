import base64
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator

from talkingshorts.comfyui.client import ComfyClient
from talkingshorts.comfyui.progress_socket import Message, ProgressSocket

TEXT, BINARY, CLOSE = 1, 2, 8


def frame(opcode: int, payload: bytes) -> bytes:
    return bytes([0x80 | opcode, len(payload)]) + payload


def said(**message: object) -> bytes:
    return frame(TEXT, json.dumps(message).encode())


@contextlib.contextmanager
def serve_progress(*connections: bytes) -> Iterator[tuple[str, list[str]]]:
    """Speak WebSocket (RFC 6455): send each connection its bytes, then drop it; the last one stays open.

    Give the server's address and the requests that arrive.
    """
    requests: list[str] = []
    is_over = threading.Event()

    def answer(listener: socket.socket) -> None:
        for number, sent in enumerate(connections, start=1):
            with listener.accept()[0] as connection:
                request = connection.recv(65536).decode()
                requests.append(request)
                key = next(line for line in request.splitlines() if line.startswith("Sec-WebSocket-Key")).split()[1]
                digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
                upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                accept = f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n\r\n"
                connection.sendall(f"{upgrade}{accept}".encode() + sent)
                if number == len(connections):
                    is_over.wait()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
        finally:
            is_over.set()
            thread.join()


def receive(progress: ProgressSocket, count: int) -> list[Message]:
    messages: list[Message] = []
    while len(messages) < count:
        if (message := progress.receive(5.0)) is not None:
            messages.append(message)
    return messages


def test_messages_arrive_in_order_and_pictures_and_nonsense_are_passed_over() -> None:
    sent = said(type="a") + frame(BINARY, b"\0\1") + frame(TEXT, b"{") + frame(TEXT, b"[1]") + said(type="b")
    with serve_progress(sent) as (url, _):
        progress = ProgressSocket(ComfyClient(url), "me")
        assert receive(progress, 2) == [{"type": "a"}, {"type": "b"}]
        progress.close()


def test_the_client_id_and_the_token_are_sent() -> None:
    with serve_progress(b"") as (url, requests):
        ProgressSocket(ComfyClient(url, "secret"), "me").close()
        assert requests[0].startswith("GET /ws?clientId=me ")
        assert "Authorization: Bearer secret" in requests[0]


def test_a_dropped_connection_is_opened_again() -> None:
    with serve_progress(said(type="a"), said(type="b") + frame(CLOSE, b""), said(type="c")) as (url, requests):
        progress = ProgressSocket(ComfyClient(url), "me")
        assert receive(progress, 3) == [{"type": "a"}, {"type": "b"}, {"type": "c"}]
        assert len(requests) == 3
        progress.close()


def test_a_server_without_a_socket_sends_no_messages() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    assert ProgressSocket(ComfyClient(url), "me").receive(0.0) is None
