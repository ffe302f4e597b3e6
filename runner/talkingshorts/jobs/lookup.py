"""Find a job by its id: what is known of it here, and the server that has it."""

from __future__ import annotations

from ..comfyui.client import ComfyClient, Job
from ..errors import LostJobError
from ..http import public_url
from ..managed.provision import Say
from ..managed.server import ensure_server, find_server
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
    record = store.load_latest(job_id)
    client = _reach(job_id, record, choice, start)
    if record is None:
        job = client.job(job_id)
        if job is None:
            raise LostJobError(f"The job {job_id} is known neither here nor to the server {client.url}.")
        record = _describe_foreign_job(job, client)
        if is_noted:
            store.save(record)
    return record, server_of(record, client)


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
        raise LostJobError("The job's server has ended. Its files are there still: start it with `server start`.")
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
