"""`talkingshorts submit`, `status`, `wait`, `cancel` and `fetch`: one job, step by step; `jobs`: all of them."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from typing import TYPE_CHECKING, Any

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
    """Add all six."""
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
    listing = add("jobs", "list the jobs that were started here, oldest first: id, time, state, workflow, files", jobs)
    listing.add_argument("which", nargs="?", choices=("list", "last"), default="list", help="last: only the last id")


def jobs(options: Namespace) -> int:
    """List the jobs that are noted here, or print the id of the last one."""
    from ..jobs.records import open_jobs

    store = open_jobs()
    last = options.which == "last"
    for record in [store.find_last()] if last else store.list_all():
        if options.json:
            print_json(_describe_job(record))
        elif last:
            print(record.id)
        else:
            created = datetime.fromisoformat(record.created).astimezone().strftime("%Y-%m-%d %H:%M")
            print(record.id, created, f"{record.state:9}", record.workflow.stem, *record.files, sep="  ")
    return 0


def _describe_job(record: JobRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "created": record.created,
        "state": record.state,
        "workflow": record.workflow_name,
        "server": record.server,
        "files": record.files,
    }


def submit(options: Namespace) -> int:
    """Start a job and print its id."""
    from ..jobs.request import build_request
    from .running import submit_request

    return submit_request(options, build_request(read_run_options(options, options.output)))


def status(options: Namespace) -> int:
    """Print where a job is: pending, in_progress, completed, failed or cancelled."""
    from ..comfyui.client import PENDING
    from ..jobs.lookup import find_record
    from ..jobs.records import open_jobs
    from .running import open_announcer

    _choose_job(options)
    open_announcer(options).take_up(options.job)
    noted = find_record(open_jobs(), options.job)
    if noted is not None and noted.has_ended:
        _print_status(options, noted, noted.state, 0)
        return 0
    record, server = _find_job(options)
    job = server.client.job(record.id)
    if job is None:
        if options.json:
            _print_status(options, record, "lost", 0)
        raise LostJobError(f"The server doesn't know the job {record.id}: it was restarted, or never received the job.")
    jobs_ahead = server.client.jobs_ahead(record.id) if job.status == PENDING else 0
    _print_status(options, record, job.status, jobs_ahead)
    return 0


def wait(options: Namespace) -> int:
    """Follow a job to its end, and fetch what it made."""
    from ..display.terminal import choose_display, clearing
    from ..jobs.records import open_jobs
    from ..jobs.run import Run
    from .running import open_announcer, require_presignable

    _choose_job(options)
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

    _choose_job(options)
    record, server = _find_job(options)
    job = server.client.job(record.id)
    if job is None and not record.has_ended:
        raise LostJobError(f"The server doesn't know the job {record.id}: there is nothing to cancel.")
    if job is None or job.has_ended:
        print_note(f"The job had already ended: {job.status if job else record.state}.")
        return 0
    ended = cancel_job(server.client, open_jobs(), record)
    if ended is None:
        raise RunnerError(f"The job {record.id} was asked to stop, but is still running.")
    print_note("The job was cancelled." if ended == "cancelled" else f"The job had already ended: {ended}.")
    return 0


def fetch(options: Namespace) -> int:
    """Fetch what an ended job made."""
    from ..display.terminal import choose_display, clearing
    from ..jobs.records import open_jobs
    from ..jobs.run import Run
    from .running import open_announcer, require_presignable

    _choose_job(options)
    open_announcer(options).take_up(options.job)
    record, server = _find_job(options)
    require_presignable(options, record.output)
    with clearing(choose_display(options.json)) as display:
        places = Run(server, open_jobs(), record, display.show).fetch()
    print_paths(places, options.json, options.presign)
    return 0


def _choose_job(options: Namespace) -> None:
    """Let the command be about the last job when it names none. Raises LostJobError when there is none."""
    from ..jobs.records import open_jobs

    if options.job is None:
        options.job = open_jobs().find_last().id
        print_note(f"The last job: {options.job}")


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
