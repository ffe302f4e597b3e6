"""Find a job by its id: what is known of it here, and the server that has it."""

from __future__ import annotations

from dataclasses import asdict

from ..comfyui.client import COMPLETED, ComfyClient, Job, read_job
from ..errors import LostJobError
from ..http import public_url
from ..managed.provision import Say
from ..managed.server import ensure_server, find_server, read_ending
from .cancel import ENDED_STATES
from .options import RUN_OUTPUT
from .reach import Server, ServerChoice, server_of
from .records import JobRecord, JobStore


def find_job(
    store: JobStore, job_id: str, choice: ServerChoice, start: Say | None = None, is_noted: bool = False
) -> tuple[JobRecord, Server]:
    """Return what is known of a job, and the server that has it.

    The managed server is started only with `start`, which is told of it, and only for a job of its own. A job that was
    submitted elsewhere gets a record in the store where `is_noted` says so.

    Raises LostJobError for an id that neither this machine nor the server knows.
    """
    record = find_record(store, job_id)
    client = _reach(job_id, record, choice, start)
    if record is None:
        job = client.job(job_id)
        if job is None:
            raise LostJobError(f"Neither this machine nor the server {client.url} knows the job {job_id}.")
        record = _describe_foreign_job(job, client)
        if is_noted:
            store.save(record)
    return record, server_of(record, client)


def find_record(store: JobStore, job_id: str) -> JobRecord | None:
    """Return what is noted of a job, which is led to its end where the managed server told that before its own."""
    record = store.load_latest(job_id)
    if record is not None and record.is_managed and not record.has_ended and (told := read_ending(record.id)):
        job = read_job(told)
        record.ending, record.state = asdict(job), ENDED_STATES[job.status]
        store.save(record)
    return record


def _reach(job_id: str, record: JobRecord | None, choice: ServerChoice, start: Say | None) -> ComfyClient:
    is_its_own = record is not None and bool(choice.url) and public_url(choice.url) == record.server
    if choice.url and (record is None or is_its_own or choice.is_explicit):
        return ComfyClient(choice.url, choice.token)
    if record is not None and not record.is_managed:
        return ComfyClient(record.server, choice.token)
    url = find_server()
    if url is not None:
        return ComfyClient(url)
    if record is None:
        raise LostJobError(f"The job {job_id} is unknown here, and no server is running that might know it.")
    if start is not None:
        return ComfyClient(ensure_server(start))
    if record.ending:
        ended = record.ending["status"]
        files = " Its files are there still: `talkingshorts server start`, then fetch it." * (ended == COMPLETED)
        raise LostJobError(f"The job had ended before its server did: {ended}.{files}")
    raise LostJobError(f"The server that ran the job {job_id} has ended, and its queue with it.")


def _describe_foreign_job(job: Job, client: ComfyClient) -> JobRecord:
    """Return a record for a job that was submitted elsewhere: what it was asked for isn't known here."""
    return JobRecord(
        id=job.id,
        server=client.url,
        is_managed=False,
        workflow_name="job",
        graph={},
        inputs={},
        seed=None,
        output=RUN_OUTPUT,
        server_version=client.version(),
        state="submitted",
    )
