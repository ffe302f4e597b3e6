"""The n8n workflow that answers at once, and survives the death of n8n and of ComfyUI."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from support.fakes.webhook_receiver import WebhookReceiver
from support.servers.real_n8n import Answer, RealN8n, read_files
from support.waiting import wait_until

from .conftest import TOKEN, Server, wait_for_messages

WEBHOOK = "talking-short-durable"
SMALL = {"width": 128, "height": 224}


def ask(n8n: RealN8n, receiver: WebhookReceiver | None = None, script: str = "Hello there.", **more: Any) -> Answer:
    callback = {"callback_url": receiver.url} if receiver else {}
    return n8n.ask(WEBHOOK, json={"script": script, **SMALL, **callback, **more})


def test_a_job_is_answered_at_once_and_told_when_it_is_done(
    n8n: RealN8n, server: Server, receiver: WebhookReceiver
) -> None:
    server.block()
    asked = ask(n8n, receiver, seed=9)
    meanwhile = n8n.call(asked.body["status_url"])
    server.release()
    (told,) = wait_for_messages(receiver)
    afterwards = n8n.call(asked.body["status_url"])

    assert asked.status == meanwhile.status == 202
    assert asked.body["status"] == "pending"
    assert told["http_status"] == afterwards.status == 200
    assert told == {"http_status": 200, **afterwards.body}
    assert (told["job_id"], told["seed"], told["width"]) == (asked.body["job_id"], 9, 128)
    assert requests.get(told["url"], timeout=30).ok


def test_a_call_to_the_resume_url_wakes_it_but_is_never_believed(n8n: RealN8n, server: Server) -> None:
    server.block()
    asked = ask(n8n)
    lied_to = n8n.call(asked.body["resume_url"], "POST", json={"status": "failed", "exit_code": 4})
    server.release()
    wait_until(lambda: n8n.call(asked.body["resume_url"], "POST", json={}).status == 200)

    assert lied_to.status == 202
    assert n8n.call(asked.body["resume_url"], "POST", json={}).body["job_id"] == asked.body["job_id"]


def test_the_runners_own_webhook_wakes_it(n8n: RealN8n, server: Server, receiver: WebhookReceiver) -> None:
    asked = ask(n8n, receiver)
    command = [sys.executable, "-m", "talkingshorts", "wait", asked.body["job_id"], "--server", server.url]
    done = subprocess.run(
        [*command, "--webhook", asked.body["resume_url"]], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    wait_for_messages(receiver)


def test_a_callback_that_failed_is_made_again(n8n: RealN8n, server: Server, receiver: WebhookReceiver) -> None:
    receiver.statuses = [500, 409]
    asked = ask(n8n, receiver)
    first, second = wait_for_messages(receiver, 2)

    assert first == second
    assert first["job_id"] == asked.body["job_id"]
    assert n8n.call(asked.body["status_url"]).status == 200


def test_a_failed_node_is_told_to_the_callback(n8n: RealN8n, server: Server, receiver: WebhookReceiver) -> None:
    ask(n8n, receiver, youtube_url="http://127.0.0.1:1/voice.mp3")
    (told,) = wait_for_messages(receiver)

    assert (told["http_status"], told["error"]["node"]["title"]) == (502, "Voice reference")


@pytest.mark.parametrize("wrong", [{"script": ""}, {"quality": "best"}, {"callback_url": "file:///etc/passwd"}])
def test_what_is_wrong_is_told_at_once(
    n8n: RealN8n, server: Server, receiver: WebhookReceiver, wrong: dict[str, str]
) -> None:
    answer = n8n.ask(WEBHOOK, json={"script": "Hi.", "callback_url": receiver.url, **wrong})

    assert answer.status == 400
    assert receiver.messages == []


def test_a_job_that_nobody_sent_is_unknown(n8n: RealN8n, server: Server) -> None:
    answer = n8n.call(f"{n8n.url}/webhook/{WEBHOOK}/job?job_id=none")

    assert (answer.status, answer.error["type"]) == (404, "unknown_job")


def test_twelve_at_once_are_told_each_their_own(n8n: RealN8n, server: Server, receiver: WebhookReceiver) -> None:
    with ThreadPoolExecutor(12) as callers:
        answers = list(callers.map(lambda seed: ask(n8n, receiver, f"Number {seed}.", seed=seed), range(12)))
    told = {event["job_id"]: event for event in wait_for_messages(receiver, 12)}

    assert [answer.status for answer in answers] == [202] * 12
    assert [told[answer.body["job_id"]]["seed"] for answer in answers] == list(range(12))
    assert len(receiver.messages) == 12


def test_the_token_goes_to_comfyui_and_nowhere_else(n8n: RealN8n, server: Server, receiver: WebhookReceiver) -> None:
    server.proxy.heads.clear()
    ask(n8n, receiver)
    wait_for_messages(receiver)
    n8n.ask(WEBHOOK, json={})
    header = f"authorization: bearer {TOKEN}".encode()

    assert server.proxy.heads
    assert all(header in head.lower() for head in server.proxy.heads)
    assert "authorization" not in receiver.messages[0].headers
    assert [text for text in n8n.answers if TOKEN in text] == []
    kept = read_files(n8n.folder)
    assert {"database.sqlite", "n8n.log"} <= set(kept)
    assert [name for name, data in kept.items() if TOKEN.encode() in data] == []
