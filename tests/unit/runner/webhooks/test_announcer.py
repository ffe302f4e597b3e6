"""Which command tells a webhook what, and that none of this changes how the command ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.command_line import run
from support.fakes.comfyui import FakeComfyUI, serve_fake_comfyui
from support.fakes.webhook_receiver import WebhookReceiver
from talkingshorts.comfyui import client
from talkingshorts.comfyui.client import COMPLETED, Job
from talkingshorts.errors import UnreachableError, UsageError
from talkingshorts.webhooks import announcer, follower
from talkingshorts.webhooks.delivery import Claim, WebhookStore, open_store

SECRET = "a webhook secret"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"

Followers = list[tuple[str, dict[str, str | None]]]


@pytest.fixture
def fake(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> FakeComfyUI:
    monkeypatch.setattr("talkingshorts.webhooks.message.PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("TALKINGSHORTS_WEBHOOK_SECRET", SECRET)
    return fake


@pytest.fixture
def followers(monkeypatch: pytest.MonkeyPatch) -> Followers:
    """Return the job and the secrets of each follower that would have been left behind."""
    started: Followers = []

    def start(claim: Claim, secrets: dict[str, str | None]) -> None:
        started.append((claim.webhook.job_id, secrets))

    monkeypatch.setattr(announcer, "start_follower", start)
    return started


def follow(job_id: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Do in this process what a follower does, and return its exit code."""
    monkeypatch.setattr(follower, "SERVER_GONE_SECONDS", 0.0)
    monkeypatch.setattr(follower, "SERVER_LOOK_SECONDS", 0.0)
    monkeypatch.setattr("sys.argv", ["webhook_follower", job_id])
    return follower.main()


def read_status(job_id: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    run("status", job_id, "--json")
    return json.loads(capsys.readouterr().out)


def test_a_run_tells_its_webhook_before_it_exits(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "w.api.json", "-s", "width=32", "-o", "x.png", "--webhook", receiver.url) == 0

    assert capsys.readouterr().out == "x.png\n"
    message = receiver.messages[0]
    assert message.is_signed_with(SECRET.encode())
    assert message.event["type"] == "job.completed"
    data = message.event["data"]
    assert data["job_id"] == fake.posted[0]["prompt_id"]
    assert data["inputs"] == {"width": 32}
    assert data["files"] == [
        {
            "url": f"{fake.url}/view?filename=x_00001_.png&subfolder=&type=output",
            "filename": "x_00001_.png",
        }
    ]
    assert (len(receiver.messages), followers) == (1, [])
    assert read_status(data["job_id"], capsys)["webhook"]["state"] == "delivered"


@pytest.mark.parametrize(("status", "kind", "code"), [("failed", "job.failed", 4), ("cancelled", "job.cancelled", 130)])
def test_an_end_without_a_result_is_told_and_keeps_its_exit_code(
    fake: FakeComfyUI,
    receiver: WebhookReceiver,
    followers: Followers,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    kind: str,
    code: int,
) -> None:
    fake.status, fake.error = status, {"node_id": "2", "exception_message": "no luck"}

    assert run("run", "w.api.json", "--webhook", receiver.url) == code
    for job_id, _ in followers:
        follow(job_id, monkeypatch)

    assert [message.event["type"] for message in receiver.messages] == [kind]


def test_a_lost_job_is_told(fake: FakeComfyUI, receiver: WebhookReceiver, capsys: pytest.CaptureFixture[str]) -> None:
    fake.forgets_jobs = True

    assert run("run", "w.api.json", "--webhook", receiver.url) == 7

    assert receiver.messages[0].event["type"] == "job.lost"
    capsys.readouterr()
    assert run("status", fake.posted[0]["prompt_id"], "--json") == 7
    answer, error = map(json.loads, capsys.readouterr().out.splitlines())
    assert (answer["status"], answer["webhook"]["state"], error["exit_code"]) == ("lost", "delivered", 7)


def test_a_job_that_is_submitted_again_is_told_once_under_its_first_id(
    fake: FakeComfyUI, receiver: WebhookReceiver
) -> None:
    fake.loses_jobs = 1

    assert run("run", "w.api.json", "--resubmit", "--webhook", receiver.url) == 0

    assert [message.event["type"] for message in receiver.messages] == ["job.completed"]
    assert receiver.messages[0].event["data"]["job_id"] == fake.posted[0]["prompt_id"]


def test_a_result_that_can_not_be_fetched_is_a_completed_job_all_the_same(
    fake: FakeComfyUI, receiver: WebhookReceiver
) -> None:
    fake.files = {}

    assert run("run", "w.api.json", "--webhook", receiver.url) == 7

    assert receiver.messages[0].event["type"] == "job.completed"


@pytest.mark.parametrize("status", [404, 410, 302])
def test_a_webhook_that_refuses_changes_nothing(
    fake: FakeComfyUI,
    receiver: WebhookReceiver,
    followers: Followers,
    capsys: pytest.CaptureFixture[str],
    status: int,
) -> None:
    receiver.statuses = [status]

    assert run("run", "w.api.json", "-o", "x.png", "--webhook", receiver.url) == 0

    said = capsys.readouterr()
    assert said.out == "x.png\n"
    assert f"won't be told how the job ended: {status}" in said.err
    assert (len(receiver.messages), followers) == (1, [])
    told = read_status(fake.posted[0]["prompt_id"], capsys)["webhook"]
    assert (told["state"], told["attempts"], told["last_status"]) == ("given_up", 1, status)


def test_a_webhook_that_stays_away_is_left_to_a_follower(
    fake: FakeComfyUI,
    receiver: WebhookReceiver,
    followers: Followers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("talkingshorts.webhooks.message.PAUSE_SECONDS", 60.0)
    receiver.statuses = [503, 409]

    assert run("run", "w.api.json", "--webhook", receiver.url) == 0

    job_id = fake.posted[0]["prompt_id"]
    told = read_status(job_id, capsys)["webhook"]
    assert (told["state"], told["attempts"], told["last_status"]) == ("pending", 1, 503)
    assert followers[0][0] == job_id
    assert followers[0][1]["TALKINGSHORTS_WEBHOOK_SECRET"] == SECRET


def test_submit_prints_the_id_and_leaves_a_follower_that_tells_the_end(
    fake: FakeComfyUI,
    receiver: WebhookReceiver,
    followers: Followers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    receiver.statuses = [500, 409]
    assert run("submit", "w.api.json", "--webhook", receiver.url, "--token", "t") == 0

    job_id = capsys.readouterr().out.strip()
    assert receiver.messages == []
    secrets = {
        "TALKINGSHORTS_WEBHOOK_SECRET": SECRET,
        "TALKINGSHORTS_SERVER": fake.url,
        "TALKINGSHORTS_TOKEN": "t",
    }
    assert followers == [(job_id, secrets)]
    follow(job_id, monkeypatch)
    assert [message.event["data"]["job_id"] for message in receiver.messages] == [job_id, job_id]
    assert {message.headers["webhook-id"] for message in receiver.messages} == {f"msg_{job_id}"}
    assert read_status(job_id, capsys)["webhook"]["state"] == "delivered"


def test_a_detached_run_is_a_submission(fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers) -> None:
    assert run("run", "w.api.json", "--detach", "--webhook", receiver.url) == 0

    assert [job_id for job_id, _ in followers] == [fake.posted[0]["prompt_id"]]


def test_a_refused_graph_has_no_webhook(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers, tmp_path: Path
) -> None:
    fake.prompt_status, fake.prompt_answer = 400, {"error": {"type": "x", "message": "no"}, "node_errors": {}}

    assert run("submit", "w.api.json", "--webhook", receiver.url) == 3

    assert (receiver.messages, followers) == ([], [])
    assert list((tmp_path / "home" / "webhooks").iterdir()) == []


@pytest.mark.parametrize("command", [("status",), ("wait",), ("fetch",)])
def test_what_a_killed_follower_left_is_taken_up_by_the_next_command(
    fake: FakeComfyUI,
    receiver: WebhookReceiver,
    followers: Followers,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str],
) -> None:
    run("submit", "w.api.json", "--webhook", receiver.url)
    job_id = capsys.readouterr().out.strip()
    followers.clear()

    assert run(*command, job_id) == 0

    was_told = [message.event["type"] for message in receiver.messages] == ["job.completed"]
    assert was_told is (command == ("wait",))
    assert [left for left, _ in followers] == ([] if was_told else [job_id])


def test_another_submission_takes_it_up_too(fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers) -> None:
    run("submit", "w.api.json", "--webhook", receiver.url)
    followers.clear()

    run("submit", "w.api.json")

    assert [left for left, _ in followers] == [fake.posted[0]["prompt_id"]]


def test_a_token_is_taken_to_no_other_server(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers
) -> None:
    run("submit", "w.api.json", "--webhook", receiver.url, "--token", "first")
    followers.clear()

    with serve_fake_comfyui() as other:
        run("submit", "w.api.json", "--server", other.url, "--token", "second")

    assert followers[0][1]["TALKINGSHORTS_TOKEN"] is None
    assert followers[0][1]["TALKINGSHORTS_SERVER"] is None


@pytest.mark.parametrize("secret", ["", "another"])
def test_a_signed_webhook_waits_for_its_secret(
    fake: FakeComfyUI,
    receiver: WebhookReceiver,
    followers: Followers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    secret: str,
) -> None:
    run("submit", "w.api.json", "--webhook", receiver.url)
    job_id = capsys.readouterr().out.strip()
    followers.clear()
    monkeypatch.setenv("TALKINGSHORTS_WEBHOOK_SECRET", secret)

    assert run("wait", job_id) == 0

    assert "set TALKINGSHORTS_WEBHOOK_SECRET" in capsys.readouterr().err
    assert (receiver.messages, followers) == ([], [])
    assert open_store().list_pending() == [job_id]


def test_unsigned_messages_are_pointed_out_once(
    fake: FakeComfyUI,
    receiver: WebhookReceiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("TALKINGSHORTS_WEBHOOK_SECRET")

    run("run", "w.api.json", "--webhook", receiver.url)

    assert capsys.readouterr().err.count("aren't signed") == 1
    assert "webhook-signature" not in receiver.messages[0].headers


def test_a_job_of_another_client_can_be_waited_for_with_a_webhook(fake: FakeComfyUI, receiver: WebhookReceiver) -> None:
    fake.posted.append({"prompt_id": UNKNOWN_ID})

    assert run("wait", UNKNOWN_ID, "--webhook", receiver.url) == 0

    assert receiver.messages[0].event["data"]["job_id"] == UNKNOWN_ID


def test_an_unknown_job_is_no_webhooks_business(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers
) -> None:
    assert run("wait", UNKNOWN_ID, "--webhook", receiver.url) == 7
    assert run("wait", "../../x", "--webhook", receiver.url) == 7

    assert (receiver.messages, followers, open_store().list_pending()) == ([], [], [])


def test_a_job_has_one_webhook(
    fake: FakeComfyUI, receiver: WebhookReceiver, capsys: pytest.CaptureFixture[str]
) -> None:
    run("run", "w.api.json", "--webhook", receiver.url)
    job_id = fake.posted[0]["prompt_id"]

    assert run("wait", job_id, "--webhook", receiver.url) == 0
    assert run("wait", job_id, "--webhook", receiver.url + "other") == 2
    assert len(receiver.messages) == 1
    assert "path-secret" not in capsys.readouterr().err


def test_a_webhook_that_was_given_up_can_be_asked_for_again(fake: FakeComfyUI, receiver: WebhookReceiver) -> None:
    receiver.statuses = [404, 200]
    run("run", "w.api.json", "--webhook", receiver.url)

    assert run("wait", fake.posted[0]["prompt_id"], "--webhook", receiver.url) == 0

    assert len(receiver.messages) == 2


@pytest.mark.parametrize("arguments", [("--webhook", "example.com"), ("--webhook-secret", "whsec_?")])
@pytest.mark.parametrize("command", [("run", "w.api.json"), ("submit", "w.api.json"), ("wait", UNKNOWN_ID)])
def test_a_malformed_webhook_is_a_usage_error_before_anything_is_submitted(
    fake: FakeComfyUI, command: tuple[str, ...], arguments: tuple[str, ...]
) -> None:
    assert run(*command, *arguments) == 2
    assert fake.posted == []


def test_a_webhook_that_can_not_be_noted_is_found_out_before_anything_is_submitted(
    fake: FakeComfyUI, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "webhooks").write_text("")

    assert run("submit", "w.api.json", "--webhook", receiver.url) == 2
    assert fake.posted == []


def test_a_follower_that_can_not_be_started_is_said_and_no_more(
    fake: FakeComfyUI,
    receiver: WebhookReceiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(announcer, "start_follower", fail)

    assert run("submit", "w.api.json", "--webhook", receiver.url) == 0
    assert "Resource temporarily unavailable" in capsys.readouterr().err
    assert open_store().list_pending() == [fake.posted[0]["prompt_id"]]


def test_a_disk_that_is_full_when_the_webhook_is_told_changes_nothing(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise UsageError("The job can't be noted: No space left on device.")

    fake.on_prompt = lambda: monkeypatch.setattr(WebhookStore, "save", fail)

    assert run("run", "w.api.json", "-o", "x.png", "--webhook", receiver.url) == 0
    assert [left for left, _ in followers] == [fake.posted[0]["prompt_id"]]


def test_ctrl_c_while_the_webhook_is_told_leaves_it_to_a_follower(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(announcer, "deliver", interrupted)

    assert run("run", "w.api.json", "-o", "x.png", "--webhook", receiver.url) == 0
    assert [left for left, _ in followers] == [fake.posted[0]["prompt_id"]]


def test_after_ctrl_c_nobody_waits_for_a_webhook(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def deliver(_: object, __: object, ___: object, patience_seconds: float) -> None:
        asked.append(patience_seconds)

    monkeypatch.setattr(announcer, "deliver", deliver)
    fake.status = "cancelled"

    assert run("run", "w.api.json", "--webhook", receiver.url) == 130
    assert asked == [0.0]
    assert [left for left, _ in followers] == [fake.posted[0]["prompt_id"]]


def test_a_follower_bears_a_server_that_is_away_for_a_while(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("submit", "w.api.json", "--webhook", receiver.url)
    answers = iter([UnreachableError("away"), UnreachableError("away"), Job(followers[0][0], COMPLETED)])

    def answer(*_: object) -> Job:
        if isinstance(given := next(answers), UnreachableError):
            raise given
        return given

    monkeypatch.setattr(client.ComfyClient, "job", answer)
    follow(followers[0][0], monkeypatch)

    assert [message.event["type"] for message in receiver.messages] == ["job.completed"]
    assert list(answers) == []


def test_a_job_whose_server_never_comes_back_is_told_to_be_lost(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("submit", "w.api.json", "--webhook", receiver.url)
    fake.fails_every = 1
    monkeypatch.setattr(follower, "SERVER_PATIENCE_SECONDS", 0.0)
    follow(followers[0][0], monkeypatch)

    assert receiver.messages[0].event["type"] == "job.lost"
    assert "stays away" in receiver.messages[0].event["data"]["error"]["message"]


def test_a_follower_leaves_a_job_alone_whose_server_wants_a_token(
    fake: FakeComfyUI, receiver: WebhookReceiver, followers: Followers, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("submit", "w.api.json", "--webhook", receiver.url)
    fake.token = "wanted"

    assert follow(followers[0][0], monkeypatch) == 5
    assert (receiver.messages, open_store().list_pending()) == ([], [followers[0][0]])


def test_a_webhook_outlives_a_record_that_is_gone_once_the_end_is_known(
    fake: FakeComfyUI,
    receiver: WebhookReceiver,
    followers: Followers,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("talkingshorts.webhooks.message.PAUSE_SECONDS", 60.0)
    receiver.statuses = [503, 200]
    run("run", "w.api.json", "--webhook", receiver.url)
    job_id = followers.pop()[0]
    (tmp_path / "home" / "jobs" / f"{job_id}.json").unlink()

    run("submit", "w.api.json")

    assert [left for left, _ in followers] == [job_id]


def test_only_the_user_can_read_the_record_and_it_knows_nothing_of_the_webhook(
    fake: FakeComfyUI, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    run("run", "w.api.json", "--webhook", receiver.url)

    (record,) = (tmp_path / "home" / "jobs").iterdir()
    assert record.stat().st_mode & 0o777 == 0o600
    assert "path-secret" not in record.read_text()
