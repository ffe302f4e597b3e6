"""What each command does. Answers go to stdout, everything else to stderr; every failure is a RunnerError."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import home
from ..comfyui.client import PENDING, ComfyClient, Job, public_url
from ..display.events import Notice
from ..display.terminal import Display, choose_display
from ..errors import CancelledError, LostJobError, RunnerError, UnreachableError, UsageError, ValidationError
from ..jobs.follow import Limits
from ..jobs.records import JobRecord, JobState, JobStore, open_jobs
from ..jobs.run import Run, cancel_and_wait, workflow_stem
from ..jobs.submit import Request, Server, bind_values, prepare
from ..results.destination import is_url, presign, require_writable
from ..shorts.quality import choose_request
from ..shorts.request import build_requests, require_readable, say_uncloned
from ..webhooks.announcer import Announcer
from ..webhooks.delivery import open_store
from ..workflow.binding import ValueReader, list_named_inputs, resolve, split_assignment
from ..workflow.file import load_workflow

RESTART_PATIENCE_SECONDS = 300.0
LOOK_AGAIN_SECONDS = 0.5

DEFAULT_OUTPUT = "out/{workflow}-{id}{ext}"


def make(options: Namespace) -> int:
    """Make a short from a script."""
    _require_output(options.output, "short")
    _require_presignable(options, options.output)
    checkout = home.checkout_dir()
    requests = build_requests(options, checkout / "workflows" if checkout else None)
    announcer = _announcer(options)
    server = _reach_or_start(options)
    request, reason = choose_request(server.client, requests)
    if options.quality is None:
        reason = say_uncloned(options) or reason
    if reason:
        choose_display(options.json).show(Notice(reason))
    return _run(options, request, server, announcer)


def run(options: Namespace) -> int:
    """Run a workflow to its end, or only start it with --detach."""
    request = _read_request(options)
    if options.detach:
        return _submit(options, request)
    _require_presignable(options, request.output)
    announcer = _announcer(options)
    return _run(options, request, _reach_or_start(options), announcer)


def submit(options: Namespace) -> int:
    """Start a job and print its id."""
    return _submit(options, _read_request(options))


def inputs(options: Namespace) -> int:
    """List the named inputs of a workflow."""
    workflow = load_workflow(Path(options.workflow))
    named = list_named_inputs(workflow)
    for entry in named:
        if options.json:
            _answer_json({"name": entry.name, "type": entry.type, "default": entry.default})
        else:
            print(entry.name, entry.type, json.dumps(entry.default, ensure_ascii=False), sep="\t")
    if not named:
        say(f"{workflow.name} names no inputs. Address them as Title.field, ID.field or Class#n.field.")
    return 0


def validate(options: Namespace) -> int:
    """Check a workflow against a server without running it."""
    request = _read_request(options)
    try:
        workflow = bind_values(_reach_or_start(options).client, request)
    except ValidationError as error:
        if options.json:
            _answer_json({"valid": False, "problems": str(error).splitlines()})
        raise
    if options.json:
        _answer_json({"valid": True, "problems": []})
    say(f"{workflow.name} is valid: {len(workflow.graph)} nodes.")
    return 0


def status(options: Namespace) -> int:
    """Print where a job is: pending, in_progress, completed, failed or cancelled."""
    _announcer(options).take_up(options.job)
    noted = _store().load_latest(options.job)
    if noted is not None and noted.has_ended:
        return _answer_status(options, noted, noted.state, 0)
    record, client = _find_job(options)
    job = client.job(record.id)
    if job is None:
        if options.json:
            _answer_status(options, record, "lost", 0)
        raise LostJobError(f"The server doesn't know the job {record.id}: it was restarted, or never took the job.")
    return _answer_status(options, record, job.status, client.jobs_ahead(record.id) if job.status == PENDING else 0)


def wait(options: Namespace) -> int:
    """Follow a job to its end, and fetch what it made."""
    with _announcer(options).announcing(options.job):
        record, client = _find_job(options)
        _require_presignable(options, record.output)
        return _answer_paths(
            options, _watch(options, client, record, choose_display(options.json)).complete(_limits(options))
        )


def fetch(options: Namespace) -> int:
    """Fetch what an ended job made."""
    _announcer(options).take_up(options.job)
    record, client = _find_job(options)
    _require_presignable(options, record.output)
    return _answer_paths(options, Run(client, _store(), record, choose_display(options.json)).fetch())


def cancel(options: Namespace) -> int:
    """Cancel one job."""
    record, client = _find_job(options)
    job = client.job(record.id)
    if job is None and not record.has_ended:
        raise LostJobError(f"The server doesn't know the job {record.id}: there is nothing to cancel.")
    if job is None or job.has_ended:
        say(f"The job had ended before: {job.status if job else record.state}.")
        return 0
    before = record.state
    # Noted first: whoever follows a waiting job sees it vanish from the queue, and looks here for the reason.
    _note(record, "cancelled")
    ended = cancel_and_wait(client, record)
    _note(record, ended or before)
    if ended is None:
        raise RunnerError(f"The job {record.id} was told to stop, but still runs.")
    say("The job was cancelled." if ended == "cancelled" else f"The job had ended before: {ended}.")
    return 0


def batch(options: Namespace) -> int:
    """Run a workflow once for each row of a table."""
    from ..batch.run import run_batch

    return run_batch(options, say)


def server(options: Namespace) -> int:
    """Start, find or stop the managed server."""
    from ..managed import server as managed

    if options.action == "stop":
        say("The server was stopped." if managed.stop_server() else "No managed server is running.")
        return 0
    url = managed.ensure_server(say) if options.action == "start" else managed.find_server()
    if url is None:
        raise UnreachableError("No managed server is running: `talkingshorts server start` starts one.")
    if options.json:
        _answer_json({"url": url})
    else:
        print(url)
    return 0


def models(options: Namespace) -> int:
    """List, download or verify the model files that the shipped workflows need."""
    from . import models as model_commands

    actions = {
        "list": model_commands.list_models,
        "download": model_commands.download_models,
        "verify": model_commands.verify_models,
    }
    return actions[options.action](options, say)


def doctor(options: Namespace) -> int:
    """Check this machine and the server, and say how to mend what is wrong."""
    from ..doctor import run_doctor

    rows = run_doctor(options.server, options.token)
    for row in rows:
        if options.json:
            _answer_json(row)
            continue
        mark = {True: "ok", False: "FAIL", None: "-"}[row["ok"]]
        print(f"{mark:5}{row['check']}: {row['detail']}")
        if row["ok"] is False and row["remedy"]:
            print(f"     {row['remedy']}")
    return 1 if any(row["ok"] is False for row in rows) else 0


def say(text: str) -> None:
    """Tell the person at the terminal something that is no answer."""
    print(text, file=sys.stderr, flush=True)


def _run(options: Namespace, request: Request, server: Server, announcer: Announcer) -> int:
    display = choose_display(options.json)
    record = _prepare(server, request, display)
    run = _watch(options, server.client, record, display)
    with announcer.announcing(record.id):
        return _answer_paths(options, run.submit_and_complete(_limits(options)))


def _submit(options: Namespace, request: Request) -> int:
    announcer = _announcer(options)
    server, display = _reach_or_start(options), choose_display(options.json)
    record = _prepare(server, request, display)
    with announcer.announcing(record.id):
        job_id = Run(server.client, _store(), record, display).submit()
    if not options.json:
        print(job_id)
    say(f"Fetch the result with: talkingshorts wait {job_id}")
    return 0


def _prepare(server: Server, request: Request, display: Display) -> JobRecord:
    try:
        return prepare(server, _store(), request, display.show)
    except KeyboardInterrupt:
        raise CancelledError("Nothing was submitted.") from None
    finally:
        display.close()


def _watch(options: Namespace, client: ComfyClient, record: JobRecord, display: Display) -> Run:
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
    return Run(client, _store(), record, display, recover if may_resubmit else None, has_ended)


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


def _read_request(options: Namespace) -> Request:
    """Return the request that the command line spells out; needs no server."""
    workflow = load_workflow(Path(options.workflow))
    output = _require_output(getattr(options, "output", None) or DEFAULT_OUTPUT, workflow_stem(workflow.name))
    reader = ValueReader()
    values = [split_assignment(text) for text in options.set]
    files = [split_assignment(text) for text in options.input]
    return Request(
        workflow,
        output,
        [(resolve(workflow, address), reader.read(text)) for address, text in values],
        [(resolve(workflow, address), require_readable(Path(name))) for address, name in files],
    )


def _require_output(text: str, workflow: str) -> str:
    require_writable(text, workflow)
    return text


def _require_presignable(options: Namespace, output: str) -> None:
    if options.presign and not is_url(output):
        raise UsageError("--presign is for results on a store: give -o a URL, such as s3://bucket/folder/.")
    if options.presign:
        presign(f"{output.rstrip('/')}/x", options.presign)


def _reach_or_start(options: Namespace) -> Server:
    """Return the server to run on, starting the managed one when none is named."""
    if options.server:
        client = ComfyClient(options.server, options.token)
        return Server(client, client.version())
    from ..managed.server import ensure_server

    client = ComfyClient(ensure_server(say))
    return Server(client, client.version(), is_managed=True)


def _find_job(options: Namespace) -> tuple[JobRecord, ComfyClient]:
    """Return what is known of a job and the server that has it, without starting one.

    Raises LostJobError for an id that neither this machine nor the server knows.
    """
    record = _store().load_latest(options.job)
    client = _reach_for_job(options, record)
    if record is None:
        job = client.job(options.job)
        if job is None:
            raise LostJobError(f"The job {options.job} is known neither here nor to the server {client.url}.")
        record = _foreign_record(job, client)
        if getattr(options, "webhook", None):
            _store().save(record)  # The follower finds the job by its record.
    if getattr(options, "output", None):
        record.output = _require_output(options.output, workflow_stem(record.workflow_name))
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
        url = ensure_server(say)
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


def _note(record: JobRecord, state: JobState) -> None:
    record.state = state
    _store().save(record)


def _store() -> JobStore:
    return open_jobs()


def _announcer(options: Namespace) -> Announcer:
    return Announcer(options, choose_display(options.json))


def _limits(options: Namespace) -> Limits:
    return Limits(options.timeout, options.idle_timeout)


def _answer_paths(options: Namespace, places: Sequence[str]) -> int:
    """Print where the results are: paths, URLs, or addresses to download them from."""
    answers = [presign(place, options.presign) for place in places] if options.presign else places
    if options.json and options.presign:
        _answer_json({"event": "presigned", "files": answers})
    elif not options.json:
        print(*answers, sep="\n", end="\n" if answers else "")
    return 0


def _answer_status(options: Namespace, record: JobRecord, status: str, jobs_ahead: int) -> int:
    if options.json:
        answer = {"id": record.id, "status": status, "jobs_ahead": jobs_ahead}
        webhook = open_store().load(options.job)
        told = {"webhook": webhook.describe()} if webhook else {}
        _answer_json({**answer, "server": record.server, "files": record.files, **told})
    else:
        print(status)
    return 0


def _answer_json(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, ensure_ascii=False), flush=True)
