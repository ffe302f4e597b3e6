"""A submitted job's webhook is told by a process of its own, which may be killed at any time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
from support.fakes.webhook_receiver import WebhookReceiver
from support.processes import CommandLine
from support.servers.on_comfyui import ComfyUI
from support.servers.small_graphs import held_graph, write_graph
from support.waiting import wait_until
from talkingshorts.managed.server import command_line
from talkingshorts.webhooks.delivery import open_store

SECRET = "signing-secret"


def find_follower(job_id: str) -> int | None:
    """Return the process id of the job's follower while it runs."""
    running = psutil.process_iter(["cmdline"])
    return next((process.pid for process in running if job_id in (process.info["cmdline"] or ())), None)


def wait_until_settled(job_id: str) -> str:
    """Return how the delivery of the job's webhook ended."""
    wait_until(lambda: job_id not in open_store().list_pending() and find_follower(job_id) is None)
    webhook = open_store().load(job_id)
    assert webhook is not None
    return webhook.state


def submit(talkingshorts: CommandLine, graph: str, receiver: WebhookReceiver) -> str:
    done = talkingshorts(*("submit", graph, "--webhook", receiver.url), TALKINGSHORTS_WEBHOOK_SECRET=SECRET)
    assert done.code == 0, done.stderr
    return done.stdout.strip()


def test_the_end_of_a_job_that_another_command_cancels_is_told(
    comfyui: ComfyUI, talkingshorts: CommandLine, receiver: WebhookReceiver, gate: Path
) -> None:
    job_id = submit(talkingshorts, write_graph(talkingshorts.folder, held_graph("webhook-cancel", gate)), receiver)

    assert talkingshorts("cancel", job_id).code == 0

    assert wait_until_settled(job_id) == "delivered"
    assert [message.event["type"] for message in receiver.messages] == ["job.cancelled"]


def test_a_killed_followers_webhook_is_told_by_the_next_one_and_only_by_that(
    comfyui: ComfyUI, talkingshorts: CommandLine, receiver: WebhookReceiver, gate: Path
) -> None:
    job_id = submit(talkingshorts, write_graph(talkingshorts.folder, held_graph("webhook-kill", gate)), receiver)
    assert receiver.messages == []
    killed = find_follower(job_id)
    assert killed is not None
    assert SECRET not in command_line(killed)
    assert "path-secret" not in command_line(killed)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: find_follower(job_id) is None)

    for _ in range(2):
        talkingshorts("status", job_id, TALKINGSHORTS_WEBHOOK_SECRET=SECRET)
    gate.touch()

    assert wait_until_settled(job_id) == "delivered"
    (message,) = receiver.messages
    assert message.is_signed_with(SECRET.encode())
    assert (message.event["type"], message.event["data"]["job_id"]) == ("job.completed", job_id)
    assert message.event["data"]["files"][0]["url"].startswith(f"{comfyui.url}/view?filename=webhook-kill_")
