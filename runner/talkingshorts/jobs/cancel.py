"""Cancel one job, and no other."""

from __future__ import annotations

import time

from ..comfyui.client import CANCELLED, COMPLETED, FAILED, ComfyClient
from ..errors import UnreachableError
from .records import JobRecord, JobState, RecordStore

CANCEL_PATIENCE_SECONDS = 10.0
CANCEL_ANSWER_SECONDS = 2.0
LATE_ARRIVAL_SECONDS = 1.0
CANCEL_LOOK_SECONDS = 0.05

ENDED_STATES: dict[str, JobState] = {COMPLETED: "completed", FAILED: "failed", CANCELLED: "cancelled"}


def cancel_and_wait(client: ComfyClient, record: JobRecord) -> JobState | None:
    """Cancel this one job, wait until it no longer runs, and return how it ended; None when it runs on for too long.

    Takes CANCEL_PATIENCE_SECONDS at most. Raises UnreachableError when the server stays away that long.
    """
    began = time.monotonic()
    away: UnreachableError | None = None
    while (left := began + CANCEL_PATIENCE_SECONDS - time.monotonic()) > 0:
        # A job whose posting was interrupted may still arrive; any other one that is unknown is off the queue.
        may_arrive = record.state == "created" and time.monotonic() - began < LATE_ARRIVAL_SECONDS
        try:
            client.cancel(record.id, min(CANCEL_ANSWER_SECONDS, left))
            left = max(began + CANCEL_PATIENCE_SECONDS - time.monotonic(), CANCEL_LOOK_SECONDS)
            job, away = client.job(record.id, min(CANCEL_ANSWER_SECONDS, left)), None
        except UnreachableError as error:
            away = error
        else:
            if job is None and not may_arrive:
                return "cancelled"
            if job is not None and job.has_ended:
                return ENDED_STATES[job.status]
        time.sleep(CANCEL_LOOK_SECONDS)
    if away is not None:
        raise away
    return None


def cancel_job(client: ComfyClient, store: RecordStore, record: JobRecord) -> JobState | None:
    """Cancel a job that hasn't ended, and note how it ended; return that, or None when it runs on for too long."""
    before = record.state
    # Noted first: whoever follows a waiting job sees it vanish from the queue, and looks here for the reason.
    _note(store, record, "cancelled")
    ended = cancel_and_wait(client, record)
    _note(store, record, ended or before)
    return ended


def _note(store: RecordStore, record: JobRecord, state: JobState) -> None:
    record.state = state
    store.save(record)
