"""`talkingshorts submit`, `status`, `wait`, `cancel` and `fetch`: one job, step by step."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from ..errors import LostJobError, RunnerError
from .answers import print_json, print_note, print_paths
from .options import (
    AddCommand,
    add_job,
    add_limits,
    add_output,
    add_presign,
    add_values,
    add_webhook,
    read_limits,
    read_run_options,
    read_server,
)

if TYPE_CHECKING:
    from ..jobs.reach import Server
    from ..jobs.records import JobRecord


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
    from ..jobs.request import build_request
    from .running import submit_request

    return submit_request(options, build_request(read_run_options(options, options.output)))


def status(options: Namespace) -> int:
    """Print where a job is: pending, in_progress, completed, failed or cancelled."""
    from ..comfyui.client import PENDING
    from ..jobs.records import open_jobs
    from .running import open_announcer

    open_announcer(options).take_up(options.job)
    noted = open_jobs().load_latest(options.job)
    if noted is not None and noted.has_ended:
        _print_status(options, noted, noted.state, 0)
        return 0
    record, server = _find_job(options)
    job = server.client.job(record.id)
    if job is None:
        if options.json:
            _print_status(options, record, "lost", 0)
        raise LostJobError(f"The server doesn't know the job {record.id}: it was restarted, or never took the job.")
    jobs_ahead = server.client.jobs_ahead(record.id) if job.status == PENDING else 0
    _print_status(options, record, job.status, jobs_ahead)
    return 0


def wait(options: Namespace) -> int:
    """Follow a job to its end, and fetch what it made."""
    from ..display.terminal import choose_display, clearing
    from ..jobs.records import open_jobs
    from ..jobs.run import Run
    from .running import open_announcer, require_presignable

    with open_announcer(options).announcing(options.job):
        record, server = _find_job(options)
        require_presignable(options, record.output)
        with clearing(choose_display(options.json)) as display:
            run = Run(server, open_jobs(), record, display.show, options.resubmit)
            places = run.complete(read_limits(options))
        print_paths(places, options.json, options.presign)
    return 0


def cancel(options: Namespace) -> int:
    """Cancel one job."""
    from ..jobs.cancel import cancel_job
    from ..jobs.records import open_jobs

    record, server = _find_job(options)
    job = server.client.job(record.id)
    if job is None and not record.has_ended:
        raise LostJobError(f"The server doesn't know the job {record.id}: there is nothing to cancel.")
    if job is None or job.has_ended:
        print_note(f"The job had ended before: {job.status if job else record.state}.")
        return 0
    ended = cancel_job(server.client, open_jobs(), record)
    if ended is None:
        raise RunnerError(f"The job {record.id} was told to stop, but still runs.")
    print_note("The job was cancelled." if ended == "cancelled" else f"The job had ended before: {ended}.")
    return 0


def fetch(options: Namespace) -> int:
    """Fetch what an ended job made."""
    from ..display.terminal import choose_display, clearing
    from ..jobs.records import open_jobs
    from ..jobs.run import Run
    from .running import open_announcer, require_presignable

    open_announcer(options).take_up(options.job)
    record, server = _find_job(options)
    require_presignable(options, record.output)
    with clearing(choose_display(options.json)) as display:
        places = Run(server, open_jobs(), record, display.show).fetch()
    print_paths(places, options.json, options.presign)
    return 0


def _find_job(options: Namespace) -> tuple[JobRecord, Server]:
    """Return what is known of the job that the command is about, with the output that the command names."""
    from ..jobs.lookup import find_job
    from ..jobs.records import open_jobs
    from ..results.destination import require_writable

    given = vars(options)
    start = print_note if given.get("resubmit") else None
    # The follower of a webhook finds the job by its record.
    is_noted = bool(given.get("webhook"))
    record, server = find_job(open_jobs(), options.job, read_server(options), start, is_noted)
    if given.get("output"):
        require_writable(options.output, record.workflow.stem)
        record.output = options.output
    return record, server


def _print_status(options: Namespace, record: JobRecord, status: str, jobs_ahead: int) -> None:
    from ..webhooks.delivery import open_store

    if not options.json:
        print(status)
        return
    answer = {"id": record.id, "status": status, "jobs_ahead": jobs_ahead}
    webhook = open_store().load(options.job)
    told = {"webhook": webhook.describe()} if webhook else {}
    print_json({**answer, "server": record.server, "files": record.files, **told})
