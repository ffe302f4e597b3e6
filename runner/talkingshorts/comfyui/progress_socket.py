"""The WebSocket on which ComfyUI tells a job's progress. It is for display and as a trigger; /api/jobs is the truth."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any, Self

import websocket

from ..errors import UnreachableError
from .client import ComfyClient, Job

HANDSHAKE_SECONDS = 3.0
RECONNECT_SECONDS = 1.0
RECONNECT_LIMIT_SECONDS = 30.0
PING_SECONDS = 15.0
POLL_ANSWER_SECONDS = 5.0
"""A server that takes longer is asked again later, so that limits and messages aren't kept waiting."""

Message = dict[str, Any]


class ProgressSocket:
    """Receives the messages for one client id, and reconnects by itself when the connection drops.

    The server sends to one socket per client id, so the old one is closed before a new one is opened. It sends no
    heartbeat: a connection on which neither a message nor the answer to a ping arrived for two ping intervals is dead.
    """

    def __init__(self, client: ComfyClient, client_id: str) -> None:
        self._address, self._headers = client.websocket_address(client_id)
        self._socket: websocket.WebSocket | None = None
        self._next_attempt = 0.0
        self._pause = RECONNECT_SECONDS
        self._last_sign = 0.0
        self._last_ping = 0.0
        self._connect()

    def receive(self, timeout_seconds: float) -> Message | None:
        """Return the next message; None when `timeout_seconds` passed without one, or on a reconnect."""
        if self._socket is None:
            pause = self._next_attempt - time.monotonic()
            if pause > timeout_seconds:
                time.sleep(timeout_seconds)
                return None
            time.sleep(max(pause, 0.0))
            self._connect()
            return None
        self._keep_alive()
        try:
            self._socket.settimeout(max(timeout_seconds, 0.001))
            opcode, data = self._socket.recv_data(control_frame=True)
        except websocket.WebSocketTimeoutException:
            return None
        except (OSError, websocket.WebSocketException):
            self._drop()
            return None
        self._last_sign = time.monotonic()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self._drop()
        return _parse(data) if opcode == websocket.ABNF.OPCODE_TEXT else None

    def close(self) -> None:
        """Close the connection; a client that stays connected without reading would stop the server's messages."""
        if self._socket is not None:
            with contextlib.suppress(OSError, websocket.WebSocketException):
                self._socket.close(timeout=0)
            self._socket = None

    def _connect(self) -> None:
        """Connect, or wait twice as long before the next attempt: each one keeps the job's other duties waiting."""
        self.close()
        with contextlib.suppress(OSError, websocket.WebSocketException):
            self._socket = websocket.create_connection(
                self._address, timeout=HANDSHAKE_SECONDS, header=self._headers, suppress_origin=True
            )
            self._last_sign = self._last_ping = time.monotonic()
        self._pause = min(2 * self._pause, RECONNECT_LIMIT_SECONDS) if self._socket is None else RECONNECT_SECONDS
        self._next_attempt = time.monotonic() + self._pause

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if self._socket is None or now - self._last_ping < PING_SECONDS:
            return
        if now - self._last_sign > 2 * PING_SECONDS:
            self._drop()
            return
        self._last_ping = now
        try:
            self._socket.ping()
        except (OSError, websocket.WebSocketException):
            self._drop()

    def _drop(self) -> None:
        # The server forgets a client id when it notices that a connection broke: also one that came back before that.
        self.close()
        self._next_attempt = time.monotonic() + self._pause


class JobWatch:
    """One job as `follow` sees it: its progress socket, and its state on the server.

    `has_ended` tells whether the server's process is gone, where that can be known.
    """

    def __init__(self, client: ComfyClient, job_id: str, has_ended: Callable[[], bool] = lambda: False) -> None:
        self._client = client
        self._job_id = job_id
        self._has_ended = has_ended
        self._socket = ProgressSocket(client, client_id=job_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def receive(self, timeout_seconds: float) -> Message | None:
        """Return the next progress message, or None after at most `timeout_seconds`."""
        return self._socket.receive(timeout_seconds)

    def job(self) -> Job | None:
        """Return the job as the server knows it; None as well when the server is known to have ended."""
        try:
            return self._client.job(self._job_id, POLL_ANSWER_SECONDS)
        except UnreachableError:
            if self._has_ended():
                return None
            raise

    def jobs_ahead(self) -> int:
        """Return how many jobs run before this one."""
        return self._client.jobs_ahead(self._job_id, POLL_ANSWER_SECONDS)


def _parse(data: bytes) -> Message | None:
    try:
        message = json.loads(data)
    except (UnicodeDecodeError, json.JSONDecodeError):
        return None
    return message if isinstance(message, dict) else None
