"""Sees to the webhooks of a command: notes the one of its job, tells it, and takes up what others left."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..display.events import Notice
from ..errors import CancelledError, RunnerError, UsageError
from ..http import public_url
from ..jobs.follow import Show
from ..jobs.reach import ServerChoice
from ..jobs.records import canonical_id, open_jobs
from .delivery import Claim, can_sign, deliver, open_store, start_follower
from .message import Webhook, build_event, mark_key, read_end, read_key, require_webhook_url

PATIENCE_SECONDS = 10.0
"""A command that followed its job to the end tries for so long by itself; after that, a follower does."""


@dataclass(frozen=True)
class WebhookOptions:
    """Where to tell how a job ends, if anywhere, and the secret to sign that with."""

    url: str | None = None
    secret: str | None = field(default=None, repr=False)


class Announcer:
    """Nothing that goes wrong with a webhook changes how the command ends.

    Raises UsageError at once for a malformed --webhook or secret.
    """

    def __init__(self, options: WebhookOptions, server: ServerChoice, show: Show) -> None:
        self._url = require_webhook_url(options.url) if options.url else None
        self._secret = options.secret
        self._key = read_key(self._secret) if self._secret else None
        self._server, self._token = server.url, server.token
        self._show = show
        self._jobs, self._webhooks = open_jobs(), open_store()

    @contextlib.contextmanager
    def announcing(self, job: str) -> Iterator[None]:
        """Note the job's webhook, and see to it when the block ends, however it ends. `job` may be no id at all.

        Raises UsageError when the job has another webhook.
        """
        job_id = canonical_id(job) or ""
        if self._url and job_id:
            self._note(self._url, job_id)
        with self._webhooks.claim(job_id) as claim:
            self.take_up()
            try:
                yield
            finally:
                is_hurried = isinstance(sys.exception(), CancelledError | KeyboardInterrupt)
                if claim is not None:
                    self._tell_or_hand_over(claim, 0.0 if is_hurried else PATIENCE_SECONDS, is_own=True)

    def take_up(self, own_job: str = "") -> None:
        """Leave a follower behind for each webhook of this home that no process sees to.

        The command's token may be meant for the server of `own_job`, the job that the command is about.
        """
        for job_id in self._webhooks.list_pending():
            with self._webhooks.claim(job_id) as claim:
                if claim is not None:
                    self._hand_over(claim, is_own=job_id == canonical_id(own_job))

    def _note(self, url: str, job_id: str) -> None:
        noted = self._webhooks.load(job_id)
        if noted is not None and noted.state != "given_up":
            if noted.url != url:
                raise UsageError(f"The job {job_id} has another webhook already, at {noted.shown_url}.")
            return
        self._webhooks.save(Webhook(job_id, url, mark_key(self._key, job_id) if self._key else None))
        if self._key is None:
            self._notify(
                "The webhook's messages aren't signed: --webhook-secret or TALKINGSHORTS_WEBHOOK_SECRET signs them."
            )

    def _tell_or_hand_over(self, claim: Claim, patience_seconds: float, is_own: bool) -> None:
        with contextlib.suppress(KeyboardInterrupt, RunnerError):
            self._tell(claim.webhook, patience_seconds)
        if claim.webhook.state == "pending":
            self._hand_over(claim, is_own)

    def _tell(self, webhook: Webhook, patience_seconds: float) -> None:
        """Tell the webhook, if the job has ended."""
        record = self._jobs.load_latest(webhook.job_id)
        end = read_end(record) if record else None
        if record is None or end is None or not can_sign(webhook, self._key):
            return
        webhook.event = build_event(webhook.job_id, record, end)
        self._webhooks.save(webhook)
        deliver(webhook, self._key, self._webhooks.save, patience_seconds)
        self._notify(webhook.describe_outcome())

    def _hand_over(self, claim: Claim, is_own: bool) -> None:
        webhook = claim.webhook
        if webhook.event is None and self._jobs.load(webhook.job_id) is None:
            self._webhooks.forget(webhook.job_id)
            return
        if not can_sign(webhook, self._key):
            self._notify(
                f"The webhook of the job {webhook.job_id} needs the secret that it was created with: "
                "set TALKINGSHORTS_WEBHOOK_SECRET."
            )
            return
        try:
            start_follower(claim, self._secrets_for(webhook, is_own))
        except OSError as error:
            self._notify(f"The webhook can't be called: {error.strerror}. The next `talkingshorts status` tries again.")

    def _secrets_for(self, webhook: Webhook, is_own: bool) -> dict[str, str | None]:
        """Return what a follower may know: this command's server and token are for the jobs on that server alone."""
        record = self._jobs.load_latest(webhook.job_id)
        is_named = bool(record and self._server and public_url(self._server) == record.server)
        return {
            "TALKINGSHORTS_WEBHOOK_SECRET": self._secret,
            "TALKINGSHORTS_SERVER": self._server if is_named else None,
            "TALKINGSHORTS_TOKEN": self._token if is_named or is_own else None,
        }

    def _notify(self, text: str) -> None:
        self._show(Notice(text))
