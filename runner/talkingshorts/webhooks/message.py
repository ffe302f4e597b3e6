"""What a webhook is told of a job's end: a JSON object, signed as the Standard Webhooks specification says.

See https://github.com/standard-webhooks/standard-webhooks: the headers webhook-id, webhook-timestamp and
webhook-signature, the last one an HMAC-SHA256 over "ID.TIMESTAMP.BODY".
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import requests

from .. import __version__
from ..comfyui.client import CANCELLED, COMPLETED, Job, RemoteFile
from ..errors import CancelledError, LostJobError, RunnerError, UsageError
from ..http import CONNECT_SECONDS, find_cause, normalize_url, open_session, read_retry_after, split_credentials
from ..jobs.cancel import ENDED_STATES
from ..jobs.failure import read_failure
from ..jobs.records import JobRecord
from ..jobs.report import read_reports
from ..results.destination import is_url
from ..results.fetch import list_files

ATTEMPTS = 10
PAUSE_SECONDS, PAUSE_FACTOR, PAUSE_LIMIT_SECONDS = 5.0, 3.0, 3600.0
"""Ten attempts, each pause three times the one before but an hour at most: some four hours in all."""


SECRET_PREFIX = "whsec_"
TOLD_OF_A_FILE = ("seconds", "width", "height", "frames", "fps", "has_audio", "sample_rate_hz", "bytes", "sha256")

Connect = Callable[[str, str | None], requests.Session]
"""Opens a session for a URL, with this Authorization header."""

WebhookState = Literal["pending", "delivered", "given_up"]


@dataclass
class Webhook:
    """One job's webhook, and how far its delivery is. Holds no secret but those that the URL itself may hold.

    `job_id` is the id that the user was told; `key_mark` is None where nothing is signed, `event` until the job's end.
    """

    job_id: str
    url: str
    key_mark: str | None
    state: WebhookState = "pending"
    attempts: int = 0
    last_status: int | None = None
    last_error: str | None = None
    next_attempt: float = 0.0
    """Not to be tried before, in seconds since the epoch."""
    event: dict[str, Any] | None = None

    @property
    def shown_url(self) -> str:
        """The part of the URL that holds no secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def describe(self) -> dict[str, Any]:
        """Return what anybody may know of the delivery."""
        return {
            "url": self.shown_url,
            "state": self.state,
            "attempts": self.attempts,
            "last_status": self.last_status,
            "last_error": self.last_error,
        }

    def describe_outcome(self) -> str:
        """Return in a line how far the delivery is."""
        reason = " ".join(str(part) for part in (self.last_status, self.last_error) if part)
        wordings = {
            "delivered": "was told how the job ended",
            "given_up": f"won't be told how the job ended: {reason}",
            "pending": f"doesn't hear yet how the job ended: {reason or 'not tried'}. It is tried again",
        }
        return f"The webhook at {self.shown_url} {wordings[self.state]}."

    def note(self, answer: Answer, now: float, jitter: float) -> None:
        """Note what came of an attempt: `now` in seconds since the epoch, `jitter` a factor for the next pause."""
        self.attempts += 1
        self.last_status, self.last_error = answer.status, answer.error
        self.state = answer.verdict
        if self.state == "pending" and self.attempts >= ATTEMPTS:
            self.state = "given_up"
        pause = min(PAUSE_SECONDS * PAUSE_FACTOR ** (self.attempts - 1), PAUSE_LIMIT_SECONDS) * jitter
        self.next_attempt = now + max(pause, answer.retry_after_seconds)


@dataclass(frozen=True)
class Answer:
    """What came of one attempt: a status, or an error in a few words."""

    status: int | None
    error: str | None = None
    retry_after_seconds: float = 0.0

    @property
    def verdict(self) -> WebhookState:
        """Whether that was the delivery, may be tried again, or is final. Redirects aren't followed, and so final."""
        if self.status is None or self.status in {408, 425, 429} or self.status >= 500:
            return "pending"
        return "delivered" if 200 <= self.status < 300 or self.status == 409 else "given_up"


def require_webhook_url(url: str) -> str:
    """Return the URL. Raises UsageError, which doesn't quote it, when it is no full http or https address."""
    try:
        parts = urlsplit(url)
        normalize_url(f"{parts.scheme}://{parts.netloc}")
    except (UsageError, ValueError):
        raise UsageError("--webhook needs an address to post to, such as https://example.com/done.") from None
    return url


def read_key(secret: str) -> bytes:
    """Return the key to sign with: what is base64 after "whsec_", else the secret's own bytes.

    Raises UsageError for a secret that only claims to be base64.
    """
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode("utf-8", "surrogateescape")
    with contextlib.suppress(binascii.Error):
        if key := base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True):
            return key
    raise UsageError("The webhook's secret begins with whsec_, but no base64 follows: copy it again.")


def mark_key(key: bytes, job_id: str) -> str:
    """Return 16 bits that tell another key from this one in all but 1 of 65536 cases: too few to find the key by."""
    return hmac.digest(key, f"talkingshorts webhook {job_id}".encode(), hashlib.sha256)[:2].hex()


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the webhook-signature header. `timestamp` is in seconds since the epoch."""
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def send(webhook: Webhook, key: bytes | None, timeout_seconds: float, connect: Connect = open_session) -> Answer:
    """Post the event once, over a session that `connect` opens. Whatever goes wrong is an Answer."""
    now = time.time()
    message_id = f"msg_{webhook.job_id}"
    body = json.dumps(webhook.event, ensure_ascii=False).encode("utf-8", "backslashreplace")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"talkingshorts/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now)),
    }
    if key is not None:
        headers["webhook-signature"] = sign(key, message_id, int(now), body)
    url, authorization = split_credentials(webhook.url)
    timeouts = (min(timeout_seconds, CONNECT_SECONDS), timeout_seconds)
    with connect(url, authorization) as session:
        try:
            with session.post(
                url, data=body, headers=headers, timeout=timeouts, allow_redirects=False, stream=True
            ) as answer:
                reason = answer.reason if answer.status_code >= 300 else None
                return Answer(answer.status_code, reason, read_retry_after(answer))
        except requests.Timeout:
            return Answer(None, f"no answer within {timeout_seconds:.0f} s")
        except requests.RequestException as error:
            cause = find_cause(error)  # Its message may quote the URL, and is kept back.
            return Answer(None, getattr(cause, "strerror", None) or type(cause).__name__)


def read_end(record: JobRecord) -> Job | RunnerError | None:
    """Return how the job ended, as far as that is noted; None while it isn't."""
    if record.ending:
        return Job(**record.ending)
    if record.state == "cancelled":
        return CancelledError("The job was cancelled.")
    if record.state == "lost":
        return LostJobError("The job is lost: its server was restarted or ended, or took it off its queue.")
    return None


def build_event(job_id: str, record: JobRecord, end: Job | RunnerError) -> dict[str, Any]:
    """Return what the webhook is told.

    `job_id` is the id that the user knows, `record` the job's latest record, `end` what the server said of its end, or
    a CancelledError or LostJobError.
    """
    job = end if isinstance(end, Job) else None
    unseen_state = "cancelled" if isinstance(end, CancelledError) else "lost"
    state = ENDED_STATES[job.status] if job else unseen_state
    ended_seconds = job.ended_ms / 1000 if job and job.ended_ms else time.time()
    return {
        "type": f"job.{state}",
        "timestamp": datetime.fromtimestamp(ended_seconds, UTC).isoformat(),
        "data": {
            "job_id": job_id,
            "workflow": record.workflow_name,
            "server": record.server,
            "seed": record.seed,
            "inputs": record.inputs,
            "files": _describe_files(record.server, job) if job else [],
            "results": [place for place in record.files if is_url(place)],
            "error": _describe_error(record, end),
        },
    }


def _describe_files(server: str, job: Job) -> list[dict[str, Any]]:
    """Return each file with its address on the server, and what the node that saved it told of it."""
    reports = read_reports(job.outputs)
    return [
        {"url": _view_url(server, file), "filename": file.filename}
        | {name: value for name, value in reports.get(file.filename, {}).items() if name in TOLD_OF_A_FILE}
        for file in list_files(job.outputs)
    ]


def _view_url(server: str, file: RemoteFile) -> str:
    return f"{server}/view?{urlencode({'filename': file.filename, 'subfolder': file.subfolder, 'type': file.type})}"


def _describe_error(record: JobRecord, end: Job | RunnerError) -> dict[str, Any] | None:
    """Return kind, node and message of what went wrong; None when nothing did."""
    if isinstance(end, RunnerError):
        return {"kind": type(end).__name__, "node": None, "message": str(end)}
    if end.status == COMPLETED:
        return None
    if end.status == CANCELLED:
        return {"kind": CancelledError.__name__, "node": None, "message": "The job was cancelled."}
    details = end.error or {}
    failure = read_failure(record.workflow, details)
    node = record.workflow.describe(str(details.get("node_id", "?")))
    return {"kind": type(failure).__name__, "node": node, "message": str(failure)}
