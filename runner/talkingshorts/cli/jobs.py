"""`talkingshorts submit`, `status`, `wait`, `cancel` and `fetch`: one job, step by step."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from ..errors import LostJobError, RunnerError
from .answers import print_json, print_note, print_paths
from .options import AddCommand, add_job, add_limits, add_output, add_presign, add_values, add_webhook

if TYPE_CHECKING:
    from ..jobs.records import JobRecord, JobState


def add_commands(add: AddCommand) -> None:
    """Add all five."""
    submitting = add("submit", "submit a workflow and print the job id", submit)
    add_values(submitting)
    add_output(submitting)
    add_webhook(submitting)
    add_job(add("status", "print where a job is", status))
    waiting = add("wait", "follow a job to its end, and fetch what it made", wait)
    add_job(waiting)
    add_output(waiting)
    add_presign(waiting)
    add_limits(waiting)
    add_webhook(waiting)
    add_job(add("cancel", "cancel this one job", cancel))
    fetching = add("fetch", "fetch what an ended job made", fetch)
    add_job(fetching)
    add_output(fetching)
    add_presign(fetching)


def submit(options: Namespace) -> int:
    """Start a job and print its id."""
    from .running import read_request, submit_request

    return submit_request(options, read_request(options))


def status(options: Namespace) -> int:
    """Print where a job is: pending, in_progress, completed, failed or cancelled."""
    from ..comfyui.client import PENDING
    from ..jobs.records import open_jobs
    from .running import find_job, open_announcer

    open_announcer(options).take_up(options.job)
    noted = open_jobs().load_latest(options.job)
    if noted is not None and noted.has_ended:
        _print_status(options, noted, noted.state, 0)
        return 0
    record, client = find_job(options)
    job = client.job(record.id)
    if job is None:
        if options.json:
            _print_status(options, record, "lost", 0)
        raise LostJobError(f"The server doesn't know the job {record.id}: it was restarted, or never took the job.")
    _print_status(options, record, job.status, client.jobs_ahead(record.id) if job.status == PENDING else 0)
    return 0


def wait(options: Namespace) -> int:
    """Follow a job to its end, and fetch what it made."""
    from ..display.terminal import choose_display
    from .running import find_job, open_announcer, read_limits, require_presignable, watch

    with open_announcer(options).announcing(options.job):
        record, client = find_job(options)
        require_presignable(options, record.output)
        places = watch(options, client, record, choose_display(options.json)).complete(read_limits(options))
        print_paths(places, options.json, options.presign)
    return 0


def cancel(options: Namespace) -> int:
    """Cancel one job."""
    from ..jobs.run import cancel_and_wait
    from .running import find_job

    record, client = find_job(options)
    job = client.job(record.id)
    if job is None and not record.has_ended:
        raise LostJobError(f"The server doesn't know the job {record.id}: there is nothing to cancel.")
    if job is None or job.has_ended:
        print_note(f"The job had ended before: {job.status if job else record.state}.")
        return 0
    before = record.state
    # Noted first: whoever follows a waiting job sees it vanish from the queue, and looks here for the reason.
    _note(record, "cancelled")
    ended = cancel_and_wait(client, record)
    _note(record, ended or before)
    if ended is None:
        raise RunnerError(f"The job {record.id} was told to stop, but still runs.")
    print_note("The job was cancelled." if ended == "cancelled" else f"The job had ended before: {ended}.")
    return 0


def fetch(options: Namespace) -> int:
    """Fetch what an ended job made."""
    from ..display.terminal import choose_display
    from ..jobs.records import open_jobs
    from ..jobs.run import Run
    from .running import find_job, open_announcer, require_presignable

    open_announcer(options).take_up(options.job)
    record, client = find_job(options)
    require_presignable(options, record.output)
    places = Run(client, open_jobs(), record, choose_display(options.json)).fetch()
    print_paths(places, options.json, options.presign)
    return 0


def _note(record: JobRecord, state: JobState) -> None:
    from ..jobs.records import open_jobs

    record.state = state
    open_jobs().save(record)


def _print_status(options: Namespace, record: JobRecord, status: str, jobs_ahead: int) -> None:
    from ..webhooks.delivery import open_store

    if not options.json:
        print(status)
        return
    answer = {"id": record.id, "status": status, "jobs_ahead": jobs_ahead}
    webhook = open_store().load(options.job)
    told = {"webhook": webhook.describe()} if webhook else {}
    print_json({**answer, "server": record.server, "files": record.files, **told})
