"""What a webhook is told, how that is signed, and when it is tried again."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from support.fakes.webhook_receiver import WebhookReceiver
from talkingshorts.comfyui.client import CANCELLED, COMPLETED, FAILED, Job
from talkingshorts.errors import CancelledError, LostJobError, UsageError
from talkingshorts.jobs.records import JobRecord
from talkingshorts.webhooks.delivery import Clock, WebhookStore, can_sign, deliver
from talkingshorts.webhooks.message import (
    ATTEMPTS,
    Answer,
    Webhook,
    build_event,
    mark_key,
    read_end,
    read_key,
    require_webhook_url,
    send,
    sign,
)

JOB_ID = "0a0b0c0d-0000-4000-8000-000000000000"
KEY = b"sixteen or more!"


@dataclass
class FakeTime:
    """A clock that only sleeping moves on."""

    seconds: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep, lambda: 1.0)


@dataclass
class ScriptedReceiver:
    """Answers one attempt after the other, the last answer for ever."""

    answers: list[Answer]
    keys: list[bytes | None] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def send(self, webhook: Webhook, key: bytes | None, timeout_seconds: float) -> Answer:
        self.keys.append(key)
        self.timeouts.append(timeout_seconds)
        return self.answers[min(len(self.keys), len(self.answers)) - 1]


def webhook_to(url: str = "https://example.com/x", key: bytes | None = KEY) -> Webhook:
    return Webhook(JOB_ID, url, mark_key(key, JOB_ID) if key else None, event={"type": "job.completed"})


def record(**facts: Any) -> JobRecord:
    return JobRecord(
        **{
            "id": JOB_ID,
            "server": "http://127.0.0.1:8188",
            "is_managed": False,
            "workflow_name": "draft.api.json",
            "graph": {"3": {"class_type": "KSampler", "inputs": {}, "_meta": {"title": "Main"}}},
            "inputs": {"script": "Grüße"},
            "seed": 42,
            "output": "out/a.mp4",
            "server_version": "0.30.0",
            **facts,
        }
    )


# The signature


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the specification's own libraries."""
    key = read_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'

    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_base64_after_its_prefix_and_else_its_own_bytes() -> None:
    assert read_key("whsec_" + base64.b64encode(KEY).decode()) == KEY
    assert read_key("pässword") == "pässword".encode()
    assert read_key(os.fsdecode(b"any bytes \xff")) == b"any bytes \xff"


@pytest.mark.parametrize("encoded", ["not base64", ""])
def test_a_secret_that_only_claims_to_be_base64_is_refused_unquoted(encoded: str) -> None:
    with pytest.raises(UsageError, match=r"^[^,]+ begins with whsec_, but no base64 follows: copy it again\.$"):
        read_key(f"whsec_{encoded}")


def test_a_message_is_signed_and_stamped_and_posted_as_json(receiver: WebhookReceiver) -> None:
    assert send(webhook_to(receiver.url), KEY, 5.0) == Answer(200)

    message = receiver.messages[0]
    assert message.path == "/hook/path-secret?key=query-secret"
    assert message.event == {"type": "job.completed"}
    assert message.headers["content-type"] == "application/json"
    assert message.headers["webhook-id"] == f"msg_{JOB_ID}"
    assert message.is_signed_with(KEY)


def test_a_message_without_a_key_is_unsigned(receiver: WebhookReceiver) -> None:
    send(webhook_to(receiver.url), None, 5.0)

    assert "webhook-signature" not in receiver.messages[0].headers


def test_user_and_password_of_the_url_become_a_header(receiver: WebhookReceiver) -> None:
    send(webhook_to(receiver.url.replace("://", "://me:p%40ss@")), KEY, 5.0)

    assert receiver.messages[0].headers["authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()


def test_a_redirect_is_not_followed(receiver: WebhookReceiver) -> None:
    receiver.statuses, receiver.answer_headers = [307], {"Location": receiver.url}

    assert send(webhook_to(receiver.url), KEY, 5.0) == Answer(307, "Temporary Redirect")
    assert len(receiver.messages) == 1


def test_an_error_quotes_nothing_of_the_url(receiver: WebhookReceiver) -> None:
    nobody = receiver.url.replace("127.0.0.1", "nobody.invalid")

    answer = send(webhook_to(nobody), KEY, 5.0)

    assert answer.status is None
    assert answer.error
    assert "secret" not in answer.error


# The URL


@pytest.mark.parametrize("url", ["https://example.com", "http://u:p@127.0.0.1:5678/a?b=c@d", "https://[::1]:8/@me#x"])
def test_http_addresses_are_taken(url: str) -> None:
    assert require_webhook_url(url) == url


@pytest.mark.parametrize("url", ["example.com/secret", "ftp://example.com/secret", "https:///secret", "http://[secret"])
def test_anything_else_is_refused_unquoted(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_webhook_url(url)
    assert "secret" not in str(caught.value)


def test_only_scheme_and_host_are_shown() -> None:
    webhook = webhook_to("https://me:secret@example.com:8443/secret?secret#secret")

    assert webhook.shown_url == "https://example.com:8443"
    assert "secret" not in json.dumps(webhook.describe())
    assert "secret" not in webhook.describe_outcome()


# When it is tried again


@pytest.mark.parametrize("status", [200, 204, 299, 409])
def test_these_answers_mean_delivered(status: int) -> None:
    assert Answer(status).verdict == "delivered"


@pytest.mark.parametrize("status", [None, 408, 425, 429, 500, 502, 503, 504])
def test_these_answers_are_worth_another_attempt(status: int | None) -> None:
    assert Answer(status).verdict == "pending"


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410, 422])
def test_these_answers_are_final(status: int) -> None:
    assert Answer(status).verdict == "given_up"


def test_it_is_tried_ten_times_over_some_hours_and_then_given_up() -> None:
    time, receiver, webhook = FakeTime(), ScriptedReceiver([Answer(503, "Service Unavailable")]), webhook_to()
    saved: list[tuple[str, int]] = []

    deliver(
        webhook, KEY, lambda noted: saved.append((noted.state, noted.attempts)), clock=time.clock, send=receiver.send
    )

    assert time.slept == [0, 5, 15, 45, 135, 405, 1215, 3600, 3600, 3600]
    assert saved == [*(("pending", number) for number in range(1, ATTEMPTS)), ("given_up", ATTEMPTS)]
    assert (webhook.last_status, webhook.last_error) == (503, "Service Unavailable")


def test_it_ends_with_the_first_success() -> None:
    time, receiver, webhook = FakeTime(), ScriptedReceiver([Answer(None, "refused"), Answer(409)]), webhook_to()

    deliver(webhook, KEY, lambda _: None, clock=time.clock, send=receiver.send)

    assert (webhook.state, webhook.attempts, webhook.last_error) == ("delivered", 2, None)


def test_pauses_are_jittered() -> None:
    webhook = webhook_to()
    webhook.note(Answer(503), now=100.0, jitter=0.8)

    assert webhook.next_attempt == 104.0


def test_the_receiver_may_ask_for_a_longer_pause_but_not_a_shorter_one() -> None:
    webhook = webhook_to()
    webhook.note(Answer(429, retry_after_seconds=600.0), now=100.0, jitter=1.0)
    assert webhook.next_attempt == 700.0

    webhook.note(Answer(429, retry_after_seconds=1.0), now=700.0, jitter=1.0)
    assert webhook.next_attempt == 715.0


def test_the_pause_that_the_receiver_asks_for_is_read(receiver: WebhookReceiver) -> None:
    receiver.statuses, receiver.answer_headers = [429], {"Retry-After": "77"}

    assert send(webhook_to(receiver.url), KEY, 5.0).retry_after_seconds == 77.0


def test_bounded_patience_ends_before_a_pause_that_would_not_fit() -> None:
    time, receiver, webhook = FakeTime(), ScriptedReceiver([Answer(503)]), webhook_to()

    deliver(webhook, KEY, lambda _: None, 10.0, time.clock, receiver.send)

    assert (webhook.state, webhook.attempts) == ("pending", 2)
    assert time.slept == [0, 5]
    assert receiver.timeouts == [10.0, 5.0]


def test_whoever_goes_on_waits_for_the_rest_of_the_pause() -> None:
    time, receiver = FakeTime(), ScriptedReceiver([Answer(200)])
    webhook = replace(webhook_to(), attempts=3, next_attempt=time.seconds + 40.0)

    deliver(webhook, KEY, lambda _: None, clock=time.clock, send=receiver.send)

    assert time.slept == [40.0]


def test_what_was_noted_as_unsigned_stays_so() -> None:
    receiver = ScriptedReceiver([Answer(200)])

    deliver(webhook_to(key=None), KEY, lambda _: None, clock=FakeTime().clock, send=receiver.send)

    assert receiver.keys == [None]


def test_another_secret_is_noticed() -> None:
    assert can_sign(webhook_to(), KEY)
    assert not can_sign(webhook_to(), b"another")
    assert not can_sign(webhook_to(), None)
    assert can_sign(webhook_to(key=None), None)


# What is noted


def test_a_webhook_is_found_again_as_it_was_saved_and_only_its_user_can_read_it(tmp_path: Path) -> None:
    store = WebhookStore(tmp_path / "webhooks")
    store.save(webhook_to())

    assert store.load(JOB_ID.upper()) == webhook_to()
    assert store.list_pending() == [JOB_ID]
    assert (tmp_path / "webhooks" / f"{JOB_ID}.json").stat().st_mode & 0o777 == 0o600


def test_one_process_at_a_time_sees_to_a_webhook(tmp_path: Path) -> None:
    store = WebhookStore(tmp_path)
    store.save(webhook_to())

    with store.claim(JOB_ID) as claim, store.claim(JOB_ID) as second:
        assert claim is not None
        assert second is None
    with store.claim(JOB_ID) as claim:
        assert claim is not None


@pytest.mark.parametrize("state", ["delivered", "given_up"])
def test_a_settled_webhook_is_nobodys_task(tmp_path: Path, state: Any) -> None:
    store = WebhookStore(tmp_path)
    store.save(webhook_to())
    store.save(replace(webhook_to(), state=state))

    assert store.list_pending() == []
    with store.claim(JOB_ID) as claim:
        assert claim is None


# What is told


def test_a_completed_job_tells_where_its_files_are_and_what_they_hold() -> None:
    report = {"file": "a.mp4", "seconds": 8.0, "frames": 200, "sha256": "ab", "pack_version": "1"}
    files = [{"filename": "a.mp4", "subfolder": "s s", "type": "output"}]
    job = Job(JOB_ID, COMPLETED, {"9": {"images": files, "text": [json.dumps(report)]}}, None, 1000, 3500)

    assert build_event(JOB_ID, record(), job) == {
        "type": "job.completed",
        "timestamp": "1970-01-01T00:00:03.500000+00:00",
        "data": {
            "job_id": JOB_ID,
            "workflow": "draft.api.json",
            "server": "http://127.0.0.1:8188",
            "seed": 42,
            "inputs": {"script": "Grüße"},
            "files": [
                {
                    "url": "http://127.0.0.1:8188/view?filename=a.mp4&subfolder=s+s&type=output",
                    "filename": "a.mp4",
                    "seconds": 8.0,
                    "frames": 200,
                    "sha256": "ab",
                }
            ],
            "results": [],
            "error": None,
        },
    }


def test_a_failed_job_tells_which_node_failed_and_why() -> None:
    error = {"node_id": "3", "exception_message": "no luck", "exception_type": "RuntimeError", "traceback": ["x"]}
    event = build_event(JOB_ID, record(), Job(JOB_ID, FAILED, error=error))

    assert event["type"] == "job.failed"
    assert event["data"]["error"] == {
        "kind": "NodeFailedError",
        "node": "KSampler 'Main' (#3)",
        "message": "KSampler 'Main' (#3): no luck",
    }


@pytest.mark.parametrize("end", [Job(JOB_ID, CANCELLED), CancelledError("The job was cancelled.")])
def test_a_cancelled_job_says_so(end: Job | CancelledError) -> None:
    event = build_event(JOB_ID, record(), end)

    assert (event["type"], event["data"]["error"]["kind"]) == ("job.cancelled", "CancelledError")


def test_a_lost_job_says_why() -> None:
    event = build_event(JOB_ID, record(), LostJobError("The job is lost: why."))

    assert event["type"] == "job.lost"
    assert event["data"]["error"] == {"kind": "LostJobError", "node": None, "message": "The job is lost: why."}


def test_a_job_that_was_submitted_again_keeps_the_id_that_the_user_knows() -> None:
    event = build_event("first", record(id="second"), Job("second", COMPLETED))

    assert event["data"]["job_id"] == "first"


def test_a_jobs_end_is_known_from_its_record() -> None:
    ending = {"id": JOB_ID, "status": COMPLETED, "outputs": {}, "error": None, "started_ms": 1, "ended_ms": 2}

    assert read_end(record(ending=ending, state="completed")) == Job(JOB_ID, COMPLETED, {}, None, 1, 2)
    assert isinstance(read_end(record(state="cancelled")), CancelledError)
    assert isinstance(read_end(record(state="lost")), LostJobError)
    assert read_end(record(state="submitted")) is None
