"""Follows one job to its end and delivers its webhook: `python -m talkingshorts.webhooks.follower ID`.

Runs detached. Secrets come through the environment; what it says goes to HOME/webhooks/ID.log.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from ..comfyui.client import AccessRefusedError, ComfyClient, Job
from ..display.events import Notice
from ..display.terminal import PlainDisplay
from ..errors import CancelledError, LostJobError, RunnerError, UnreachableError
from ..jobs.follow import Limits, Show
from ..jobs.reach import server_of
from ..jobs.records import JobRecord, open_jobs
from ..jobs.run import Run
from .delivery import deliver, open_store
from .message import build_event, read_key

SERVER_PATIENCE_SECONDS = 6 * 3600.0
"""After a server has been away for so long, its job is reported as lost."""

SERVER_GONE_SECONDS = 10.0
SERVER_LOOK_SECONDS = 30.0


def main() -> int:
    """Do both. Whoever started this process has claimed the webhook for it."""
    job_id = sys.argv[1]
    show, webhooks = PlainDisplay(sys.stderr).show, open_store()
    webhook = webhooks.load(job_id)
    if webhook is None:
        return 1
    if webhook.event is None:
        try:
            webhook.event = await_event(job_id, show)
        except RunnerError as error:
            show(Notice(str(error)))
            return error.exit_code
        webhooks.save(webhook)
    secret = os.environ.get("TALKINGSHORTS_WEBHOOK_SECRET")
    deliver(webhook, read_key(secret) if secret else None, webhooks.save)
    show(Notice(webhook.describe_outcome()))
    return 0


def await_event(job_id: str, show: Show) -> dict[str, Any]:
    """Return what is to be told, once the job has ended.

    Raises AccessRefusedError when the server wants a token, LostJobError when this home has forgotten the job.
    """
    while True:
        record = open_jobs().load_latest(job_id)
        if record is None:
            raise LostJobError(f"The job {job_id} isn't noted here.")
        client = ComfyClient(
            os.environ.get("TALKINGSHORTS_SERVER") or record.server, os.environ.get("TALKINGSHORTS_TOKEN")
        )
        try:
            return build_event(job_id, record, _await_end(client, record, show))
        except AccessRefusedError:
            raise
        except UnreachableError as error:
            show(Notice(str(error)))
            if _stays_away(client):
                return build_event(job_id, record, LostJobError(f"The job is lost: its server stays away. {error}"))


def _await_end(client: ComfyClient, record: JobRecord, show: Show) -> Job | RunnerError:
    """Return how the job ended: what the server says, or a CancelledError or LostJobError. Raises UnreachableError."""
    run = Run(server_of(record, client), open_jobs(), record, show)
    try:
        return run.await_end(Limits(gone_seconds=SERVER_GONE_SECONDS))
    except (LostJobError, CancelledError) as error:
        return error


def _stays_away(client: ComfyClient) -> bool:
    """Wait for the server to answer again, and tell whether that was in vain."""
    deadline = time.monotonic() + SERVER_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(SERVER_LOOK_SECONDS)
        try:
            client.version()
            return False
        except AccessRefusedError:
            raise
        except UnreachableError:
            continue
    return True


if __name__ == "__main__":
    sys.exit(main())
