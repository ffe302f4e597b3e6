"""What becomes of a job when n8n dies, and when ComfyUI does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests
from support.fakes.webhook_receiver import WebhookReceiver
from support.servers.real_n8n import Answer, RealN8n
from support.waiting import wait_until

from .conftest import Server, wait_for_messages

SMALL = {"width": 128, "height": 224}


@pytest.fixture
def waiting_caller(n8n: RealN8n, server: Server) -> Iterator[Future[Answer]]:
    """A caller who waits for a video while ComfyUI is busy with others."""
    server.block()
    with ThreadPoolExecutor(1) as caller:
        asked = caller.submit(n8n.ask, "talking-short", json={"script": "Somebody waits.", **SMALL})
        server.wait_for_look()
        yield asked


@pytest.fixture
def promised(waiting_caller: Future[Answer], n8n: RealN8n, receiver: WebhookReceiver) -> Answer:
    """What a second caller heard, who wants to be called back."""
    request = {"script": "Nobody waits.", "callback_url": receiver.url, **SMALL}
    return n8n.ask("talking-short-durable", json=request)


def test_a_killed_n8n_keeps_its_promise_after_its_restart_and_posts_nothing_twice(
    n8n: RealN8n, server: Server, receiver: WebhookReceiver, waiting_caller: Future[Answer], promised: Answer
) -> None:
    n8n.kill()
    with pytest.raises(requests.ConnectionError):
        waiting_caller.result()
    server.release()
    n8n.start()
    (told,) = wait_for_messages(receiver)
    queue = f"{server.url}/queue"
    wait_until(lambda: not any(requests.get(queue, timeout=30).json().values()))
    ended = requests.get(f"{server.url}/api/jobs", timeout=30).json()["jobs"]

    assert (told["http_status"], told["job_id"]) == (200, promised.body["job_id"])
    assert n8n.call(promised.body["status_url"]).body == {k: v for k, v in told.items() if k != "http_status"}
    assert len(receiver.messages) == 1
    assert server.proxy.count("POST", "/prompt") == 2
    assert [job["status"] for job in ended if job["outputs_count"]][:2] == ["completed"] * 2
    assert n8n.ask("talking-short", json={"script": "And again.", **SMALL}).status == 200


def test_a_job_that_comfyui_forgot_in_a_restart_is_lost(
    server: Server, receiver: WebhookReceiver, waiting_caller: Future[Answer], promised: Answer
) -> None:
    server.restart()
    answer = waiting_caller.result()
    (told,) = wait_for_messages(receiver)

    assert (answer.status, answer.error["type"]) == (504, "lost")
    assert (told["http_status"], told["error"]["type"]) == (504, "lost")
    assert told["error"]["job_id"] == promised.body["job_id"]
