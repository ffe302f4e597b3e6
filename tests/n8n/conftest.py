"""One real n8n and one real ComfyUI for all tests, and between them a proxy that misbehaves when it is told to."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from support.fakes.faulty_proxy import FaultyProxy, serve_faulty_proxy
from support.fakes.webhook_receiver import WebhookReceiver, serve_webhook_receiver
from support.servers.on_comfyui import ComfyUI
from support.servers.real_n8n import RealN8n, serve_n8n
from support.servers.small_graphs import slow_graph
from support.servers.talking_jobs import kill_comfyui
from support.waiting import wait_until
from talkingshorts.managed.server import ensure_server

TOKEN = "the-token-that-nobody-sees"


@dataclass
class Server:
    """The ComfyUI behind the proxy. Its address outlives a restart, as behind a real reverse proxy."""

    proxy: FaultyProxy
    comfyui: ComfyUI
    _blockers: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.proxy.url

    def block(self) -> None:
        """Keep ComfyUI busy: what comes next waits in its queue until `release`."""
        for _ in range(6):
            job = str(uuid.uuid4())
            body = {"prompt": slow_graph("blocker", steps=200), "prompt_id": job}
            requests.post(f"{self.proxy.target}/prompt", json=body, timeout=30).raise_for_status()
            self._blockers.append(job)

    def release(self) -> None:
        while self._blockers:
            requests.post(f"{self.proxy.target}/api/jobs/{self._blockers.pop()}/cancel", timeout=30)

    def restart(self) -> None:
        """Kill ComfyUI, and start it again: it has forgotten its jobs."""
        kill_comfyui(self.comfyui.base.parent)
        self.proxy.target = ensure_server(print)
        self._blockers.clear()

    def wait_for_look(self) -> None:
        """Wait until n8n looks at a job: ComfyUI has taken it."""
        wait_until(lambda: any(path.startswith("/api/jobs/") for _, path in self.proxy.asked))


@pytest.fixture(scope="session")
def _server(comfyui: ComfyUI) -> Iterator[Server]:
    with serve_faulty_proxy(comfyui.url) as proxy:
        yield Server(proxy, comfyui)


@pytest.fixture
def server(_server: Server) -> Iterator[Server]:
    _server.proxy.asked.clear()
    yield _server
    _server.release()


@pytest.fixture(scope="session")
def n8n(_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealN8n]:
    with serve_n8n(
        tmp_path_factory.mktemp("n8n"),
        N8N_BLOCK_ENV_ACCESS_IN_NODE="false",
        TALKINGSHORTS_SERVER=_server.url,
        TALKINGSHORTS_PUBLIC_URL=f"{_server.url}/",
        TALKINGSHORTS_TOKEN=TOKEN,
    ) as n8n:
        yield n8n


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with serve_webhook_receiver() as receiver:
        yield receiver


def wait_for_messages(receiver: WebhookReceiver, count: int = 1) -> list[dict[str, Any]]:
    """Return what was posted to the receiver, when it is so much."""
    wait_until(lambda: len(receiver.messages) >= count, 120)
    return [message.event for message in receiver.messages]
