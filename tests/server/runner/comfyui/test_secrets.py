"""No secret that the runner is given is found in anything that it or ComfyUI prints, writes, posts or embeds."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes.comfyui import GRAPH, FakeComfyUI, serve_fake_comfyui
from support.fakes.webhook_receiver import WebhookReceiver
from support.processes import CommandLine, Outcome
from support.servers.on_comfyui import ComfyUI
from support.waiting import wait_until

TOKEN, SIGNING_SECRET, PASSWORD = "token-5f1c9e", "signing-77aa31", "password-91bd42"
LOGIN = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
KEPT_SECRETS = (TOKEN, SIGNING_SECRET, PASSWORD, LOGIN)
WEBHOOK_PARTS = ("path-secret", "query-secret")
"""Written into the one file that notes the webhook, and shown nowhere."""


@pytest.fixture
def fake() -> Iterator[FakeComfyUI]:
    with serve_fake_comfyui() as served:
        served.token = TOKEN
        yield served


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    (tmp_path / "w.api.json").write_text(json.dumps(GRAPH))
    return CommandLine(tmp_path)


def run_with_secrets(command: CommandLine, receiver: WebhookReceiver, server: str, *arguments: str) -> Outcome:
    """Run a command that knows every secret there is."""
    secrets = ("--server", server.replace("://", f"://user:{PASSWORD}@"), "--webhook", receiver.url)
    return command(
        *(*arguments, *secrets, "-v"),
        TALKINGSHORTS_TOKEN=TOKEN,
        TALKINGSHORTS_WEBHOOK_SECRET=SIGNING_SECRET,
        TALKINGSHORTS_HOME=str(command.folder / "home"),
    )


def find_secrets(done: Outcome) -> list[str]:
    """Return each place with a secret in it: what was printed, and every file of the folder, the home in it."""
    found = [
        f"{secret} was printed" for secret in (*KEPT_SECRETS, *WEBHOOK_PARTS) if secret in done.stdout + done.stderr
    ]
    for path in (path for path in done.folder.rglob("*") if path.is_file()):
        is_webhook = path.parent.name == "webhooks" and path.suffix == ".json"
        secrets = KEPT_SECRETS if is_webhook else (*KEPT_SECRETS, *WEBHOOK_PARTS)
        found += [f"{secret} is in {path}" for secret in secrets if secret.encode() in path.read_bytes()]
    return found


@pytest.mark.parametrize(
    ("case", "code"),
    [("success", 0), ("failed", 4), ("refused", 5), ("unreachable", 5), ("timeout", 6), ("lost", 7)],
)
def test_a_run_keeps_its_secrets(
    fake: FakeComfyUI, receiver: WebhookReceiver, command: CommandLine, case: str, code: int
) -> None:
    fake.error = {"node_id": "2", "exception_message": "no luck", "traceback": ["a line\n"]}
    fake.status = {"failed": "failed", "timeout": "in_progress"}.get(case, "completed")
    fake.forgets_jobs = case == "lost"
    fake.token = "another" if case == "refused" else TOKEN
    server = "http://127.0.0.1:9" if case == "unreachable" else fake.url

    done = run_with_secrets(command, receiver, server, "run", "w.api.json", "--timeout", "1", "-o", "x.png", "--json")

    assert done.code == code, done.stderr
    assert done.stdout or done.stderr
    assert find_secrets(done) == []
    assert not [secret for secret in (*KEPT_SECRETS, *WEBHOOK_PARTS) if secret in json.dumps(fake.posted)]
    assert not [message for message in receiver.messages for secret in KEPT_SECRETS if secret.encode() in message.body]


def test_a_follower_keeps_its_secrets(fake: FakeComfyUI, receiver: WebhookReceiver, command: CommandLine) -> None:
    receiver.statuses = [404]

    done = run_with_secrets(command, receiver, fake.url, "submit", "w.api.json")

    log = command.folder / "home" / "webhooks" / f"{done.stdout.strip()}.log"
    wait_until(lambda: "won't be told" in log.read_text())
    assert receiver.messages[0].is_signed_with(SIGNING_SECRET.encode())
    assert find_secrets(done) == []


def test_a_shorts_file_its_report_and_comfyuis_log_know_no_secret(
    comfyui: ComfyUI, talkingshorts: CommandLine, receiver: WebhookReceiver
) -> None:
    done = run_with_secrets(
        talkingshorts, receiver, comfyui.url, "make", "--script", "Hi", "--size", "64x96", "--quality", "draft"
    )

    assert done.code == 0, done.stderr
    assert done.paths[0].suffix == ".mp4"
    assert find_secrets(done) == []
    log = (comfyui.base.parent / "server" / "comfyui.log").read_text(errors="replace")
    assert not [secret for secret in (*KEPT_SECRETS, *WEBHOOK_PARTS) if secret in log]
