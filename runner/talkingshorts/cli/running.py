"""What the commands that run jobs share."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path

from ..comfyui.client import ComfyClient, Job
from ..display.events import Notice
from ..display.terminal import Display, choose_display
from ..errors import CancelledError, LostJobError, UnreachableError, UsageError
from ..http import public_url
from ..jobs.follow import Limits
from ..jobs.records import JobRecord, open_jobs
from ..jobs.run import Run, workflow_stem
from ..jobs.submit import Request, Server, prepare
from ..results.destination import is_url, presign, require_writable
from ..shorts.request import require_readable
from ..webhooks.announcer import Announcer
from ..workflow.binding import ValueReader, resolve, split_assignment
from ..workflow.file import load_workflow
from .answers import print_note, print_paths

RESTART_PATIENCE_SECONDS = 300.0
LOOK_AGAIN_SECONDS = 0.5

DEFAULT_OUTPUT = "out/{workflow}-{id}{ext}"


def run_to_its_end(options: Namespace, request: Request, server: Server, announcer: Announcer) -> int:
    """Run the request, and print where its results are."""
    display = choose_display(options.json)
    record = _prepare(server, request, display)
    run = watch(options, server.client, record, display)
    with announcer.announcing(record.id):
        print_paths(run.submit_and_complete(read_limits(options)), options.json, options.presign)
    return 0


def submit_request(options: Namespace, request: Request) -> int:
    """Start the request, and print its job's id."""
    announcer = open_announcer(options)
    server, display = reach_or_start(options), choose_display(options.json)
    record = _prepare(server, request, display)
    with announcer.announcing(record.id):
        job_id = Run(server.client, open_jobs(), record, display).submit()
    if not options.json:
        print(job_id)
    print_note(f"Fetch the result with: talkingshorts wait {job_id}")
    return 0


def _prepare(server: Server, request: Request, display: Display) -> JobRecord:
    try:
        return prepare(server, open_jobs(), request, display.show)
    except KeyboardInterrupt:
        raise CancelledError("Nothing was submitted.") from None
    finally:
        display.close()


def watch(options: Namespace, client: ComfyClient, record: JobRecord, display: Display) -> Run:
    """Return the job as this command sees it through, with a server to go back to when it is lost."""

    def recover() -> ComfyClient:
        if not record.is_managed:
            return _await_server(client)
        from ..managed.server import ensure_server

        return ComfyClient(ensure_server(lambda text: display.show(Notice(text))))

    def has_ended(server: ComfyClient) -> bool:
        if not record.is_managed:
            return False
        from ..managed.server import find_server

        return find_server() != server.url

    may_resubmit = options.resubmit and bool(record.graph)
    return Run(client, open_jobs(), record, display, recover if may_resubmit else None, has_ended)


def _await_server(client: ComfyClient) -> ComfyClient:
    """Return the client once its server answers again. Raises UnreachableError when it stays away."""
    deadline = time.monotonic() + RESTART_PATIENCE_SECONDS
    while True:
        try:
            client.version()
            return client
        except UnreachableError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(LOOK_AGAIN_SECONDS)


def read_request(options: Namespace) -> Request:
    """Return the request that the command line spells out; needs no server."""
    workflow = load_workflow(Path(options.workflow))
    output = require_output(getattr(options, "output", None) or DEFAULT_OUTPUT, workflow_stem(workflow.name))
    reader = ValueReader()
    values = [split_assignment(text) for text in options.set]
    files = [split_assignment(text) for text in options.input]
    return Request(
        workflow,
        output,
        [(resolve(workflow, address), reader.read(text)) for address, text in values],
        [(resolve(workflow, address), require_readable(Path(name))) for address, name in files],
    )


def require_output(text: str, workflow: str) -> str:
    require_writable(text, workflow)
    return text


def require_presignable(options: Namespace, output: str) -> None:
    if options.presign and not is_url(output):
        raise UsageError("--presign is for results on a store: give -o a URL, such as s3://bucket/folder/.")
    if options.presign:
        presign(f"{output.rstrip('/')}/x", options.presign)


def reach_or_start(options: Namespace) -> Server:
    """Return the server to run on, starting the managed one when none is named."""
    if options.server:
        client = ComfyClient(options.server, options.token)
        return Server(client, client.version())
    from ..managed.server import ensure_server

    client = ComfyClient(ensure_server(print_note))
    return Server(client, client.version(), is_managed=True)


def find_job(options: Namespace) -> tuple[JobRecord, ComfyClient]:
    """Return what is known of a job and the server that has it, without starting one.

    Raises LostJobError for an id that neither this machine nor the server knows.
    """
    record = open_jobs().load_latest(options.job)
    client = _reach_for_job(options, record)
    if record is None:
        job = client.job(options.job)
        if job is None:
            raise LostJobError(f"The job {options.job} is known neither here nor to the server {client.url}.")
        record = _foreign_record(job, client)
        if getattr(options, "webhook", None):
            open_jobs().save(record)  # The follower finds the job by its record.
    if getattr(options, "output", None):
        record.output = require_output(options.output, workflow_stem(record.workflow_name))
    return record, client


def _reach_for_job(options: Namespace, record: JobRecord | None) -> ComfyClient:
    is_named = record is not None and bool(options.server) and public_url(options.server) == record.server
    if options.server and (record is None or is_named or options.is_server_explicit):
        return ComfyClient(options.server, options.token)
    if record is not None and not record.is_managed:
        return ComfyClient(record.server, options.token)
    from ..managed.server import ensure_server, find_server

    url = find_server()
    if url is None and record is None:
        raise LostJobError(f"The job {options.job} is unknown here, and no server is running that might know it.")
    if url is None and record is not None and getattr(options, "resubmit", False):
        url = ensure_server(print_note)
    if url is None and record is not None and record.ending:
        raise LostJobError("The job's server has ended. Its files are there still: start it with `server start`.")
    if url is None:
        raise LostJobError(f"The server that ran the job {options.job} has ended, and its queue with it.")
    return ComfyClient(url)


def _foreign_record(job: Job, client: ComfyClient) -> JobRecord:
    """Return a record for a job that was submitted elsewhere: what it was asked for isn't known here."""
    return JobRecord(
        id=job.id,
        server=client.url,
        is_managed=False,
        workflow_name="job",
        graph={},
        inputs={},
        seed=None,
        output=DEFAULT_OUTPUT,
        server_version=client.version(),
        state="submitted",
    )


def open_announcer(options: Namespace) -> Announcer:
    return Announcer(options, choose_display(options.json))


def read_limits(options: Namespace) -> Limits:
    return Limits(options.timeout, options.idle_timeout)
