"""What a webhook is told, how that is signed, and what an answer means."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import pytest
from support.fakes.webhook_receiver import WebhookReceiver
from support.webhooks import JOB_ID, KEY, webhook_to
from talkingshorts.comfyui.client import CANCELLED, COMPLETED, FAILED, Job
from talkingshorts.errors import CancelledError, LostJobError, UsageError
from talkingshorts.jobs.records import JobRecord
from talkingshorts.webhooks.message import (
    Answer,
    build_event,
    read_end,
    read_key,
    require_webhook_url,
    send,
    sign,
)


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
