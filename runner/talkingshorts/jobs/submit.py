"""Note a job on disk and post it to its server, so that the server has it once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..comfyui.client import ComfyClient, FailedServerError, NotSentError
from ..display.events import Created, Uploading
from ..errors import UnreachableError, ValidationError
from ..workflow.binding import list_named_inputs
from ..workflow.file import Workflow
from ..workflow.rejection import describe_rejection
from .follow import Show
from .reach import Server
from .records import JobRecord, RecordStore, new_job_id
from .request import Request, describe_nodes, find_seed

POST_PAUSES_SECONDS = (0.3, 1.0)
"""Before a job that didn't reach the server is posted again."""

ARRIVAL_SECONDS = 3.0
"""A server that read a request whose connection then broke may take this long to file the job."""

LOOK_UP_ANSWER_SECONDS = 5.0
LOOK_UP_PATIENCE_SECONDS = 30.0
ARRIVAL_LOOK_SECONDS = 0.1

Upload = Callable[[Path], str]
"""Puts a file on the server, and returns the name that it has there."""


def note_job(
    server: Server,
    store: RecordStore,
    request: Request,
    workflow: Workflow,
    show: Show,
    upload: Upload,
) -> JobRecord:
    """Upload the files of a request that is bound to `workflow`, and note the job; return its record.

    Raises ValidationError when a file is refused, UnreachableError when the server is away.
    """
    for target, path in request.files:
        show(Uploading(str(path), path.stat().st_size))
        workflow.graph[target.node_id]["inputs"][target.field] = upload(path)
    inputs = {named.name: named.default for named in list_named_inputs(workflow)}
    for target in [target for target, _ in (*request.values, *request.files)]:
        inputs[target.address] = workflow.graph[target.node_id]["inputs"][target.field]
    record = JobRecord(
        id=new_job_id(),
        server=server.client.url,
        is_managed=server.is_managed,
        workflow_name=workflow.name,
        graph=workflow.graph,
        inputs=inputs,
        seed=find_seed(workflow, inputs),
        output=request.output,
        server_version=server.version,
        uploads=[str(path.absolute()) for _, path in request.files],
    )
    store.save(record)
    show(Created(record.id, record.server))
    return record


def post(client: ComfyClient, store: RecordStore, record: JobRecord) -> None:
    """Post a prepared job, so that the server has it once.

    Raises ValidationError when the graph is refused in whole or in part; the job is then forgotten. Raises
    UnreachableError when the server is away.
    """
    try:
        answer = _deliver(client, record)
    except FailedServerError as error:
        store.forget(record)
        raise ValidationError(f"The server fails on this graph every time: {error}") from error
    except ValidationError:
        store.forget(record)
        raise
    if answer.get("error") or answer.get("node_errors"):
        client.cancel(record.id)
        store.forget(record)
        raise ValidationError(_explain(client, record.workflow, answer))
    record.state = "submitted"
    store.save(record)


def _explain(client: ComfyClient, workflow: Workflow, answer: dict[str, Any]) -> str:
    """Return the refusal in words, with the names near a wrong one as long as the server still answers."""
    try:
        nodes = describe_nodes(client, workflow)
    except UnreachableError:
        nodes = {}
    return describe_rejection(workflow, answer, nodes)


def _deliver(client: ComfyClient, record: JobRecord) -> dict[str, Any]:
    """Return the server's answer to the posted graph; {} when the answer was lost, but not the job."""
    for pause in (*POST_PAUSES_SECONDS, None):
        try:
            return client.submit(record.graph, record.id, client_id=record.id)
        except UnreachableError as error:
            settling_seconds = ARRIVAL_LOOK_SECONDS if isinstance(error, FailedServerError) else ARRIVAL_SECONDS
            if not isinstance(error, NotSentError) and was_taken(client, record, settling_seconds):
                return {}
            if pause is None:
                raise
            time.sleep(pause)
    raise AssertionError("The last attempt returns or raises.")


def was_taken(client: ComfyClient, record: JobRecord, settling_seconds: float = ARRIVAL_SECONDS) -> bool:
    """Tell whether the server has a job whose posting went wrong.

    Only a server that answers, and doesn't file the job for `settling_seconds`, hasn't taken it. Raises
    UnreachableError when it stays away: what became of the job is unknown then.
    """
    deadline = time.monotonic() + LOOK_UP_PATIENCE_SECONDS
    unknown_since: float | None = None
    while True:
        try:
            if client.job(record.id, LOOK_UP_ANSWER_SECONDS) is not None:
                return True
            now = time.monotonic()
            unknown_since = now if unknown_since is None else unknown_since
            if now - unknown_since >= settling_seconds:
                return False
        except UnreachableError as error:
            unknown_since = None
            if time.monotonic() >= deadline:
                raise UnreachableError(
                    f"{error} Whether it took the job is unknown: `talkingshorts wait {record.id}` finds out."
                ) from error
        time.sleep(ARRIVAL_LOOK_SECONDS)
