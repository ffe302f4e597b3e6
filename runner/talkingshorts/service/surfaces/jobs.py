"""The service's own routes: /v1/jobs, /v1/uploads, /v1/workflows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Header, Query, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from pydantic import ValidationError as BodyError
from starlette.concurrency import run_in_threadpool

from ...shipped.workflows import list_workflows
from ...workflow.binding import NamedInput, list_named_inputs
from ...workflow.file import load_workflow
from ..bodies import JobBody
from ..errors import ServiceError
from ..keys import Key
from ..orders import STATES, Order, OrderState
from ..service import Service
from ..state import StoredUpload
from .access import Caller, Serving
from .answers import read_problems
from .documents import JobAnswer, JobPage, UploadAnswer, WorkflowPage, list_refusals
from .reading import find_order, is_form, keep_files, keep_upload, read_json

PAGE = 50
HEARTBEAT_SECONDS = 15.0
UPLOAD_FIELDS = ("voice", "portrait")
SCHEMAS = {"int": "integer", "float": "number", "boolean": "boolean"}


JOB_REQUEST = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/JobBody"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "job": {"type": "string", "description": "the JSON of the body"},
                        **{name: {"type": "string", "format": "binary"} for name in UPLOAD_FIELDS},
                    },
                }
            },
        },
    }
}


jobs_router = APIRouter(prefix="/v1")


@jobs_router.post(
    "/jobs",
    status_code=202,
    response_model=JobAnswer,
    responses=list_refusals(413, 415),
    openapi_extra=JOB_REQUEST,
)
async def place_order(
    request: Request,
    service: Serving,
    caller: Caller,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> JSONResponse:
    """Have a short made, or any shipped workflow run."""
    body = await _read_body(request, service, caller)
    order, is_repeated = await run_in_threadpool(service.place, body, caller.name, idempotency_key)
    headers = {"Location": f"/v1/jobs/{order.id}"} | ({"Idempotency-Replayed": "true"} if is_repeated else {})
    answer = await run_in_threadpool(service.describe, order)
    return JSONResponse(answer, 202, headers)


@jobs_router.get("/jobs", response_model=JobPage, responses=list_refusals())
def list_orders(
    service: Serving,
    caller: Caller,
    state: Annotated[list[OrderState] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> dict[str, Any]:
    """List your jobs, the newest first."""
    orders = service.state.list_orders(caller.name, state or STATES, limit + 1, after)
    page = orders[:limit]
    return {
        "jobs": [service.describe(order) for order in page],
        "next": page[-1].id if len(orders) > limit else None,
    }


@jobs_router.get("/jobs/{job_id}", response_model=JobAnswer, responses=list_refusals(404))
async def show_order(
    job_id: str, service: Serving, caller: Caller, wait: Annotated[float, Query(ge=0, le=60)] = 0.0
) -> dict[str, Any]:
    """Tell how a job stands; with `wait`, as soon as it has ended, or so many seconds have passed."""
    listener = service.board.listen(job_id)
    try:
        deadline = asyncio.get_running_loop().time() + wait
        while True:
            listener.clear()
            order = await run_in_threadpool(find_order, service, job_id, caller)
            left = deadline - asyncio.get_running_loop().time()
            if order.has_ended or left <= 0 or not await _is_set(listener, left):
                return await run_in_threadpool(service.describe, order)
    finally:
        service.board.leave(job_id, listener)


@jobs_router.get("/jobs/{job_id}/events", response_class=StreamingResponse, responses=list_refusals(404))
async def follow_order(
    job_id: str, service: Serving, caller: Caller, last_event_id: Annotated[str | None, Header(max_length=100)] = None
) -> StreamingResponse:
    """Follow a job: one event with the whole job for each change, until it has ended."""
    await run_in_threadpool(find_order, service, job_id, caller)

    def look() -> Order | None:
        return service.state.find_order(job_id, caller.name)

    return StreamingResponse(
        _stream(service, job_id, look, last_event_id or ""),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@jobs_router.get("/jobs/{job_id}/result", response_class=FileResponse, responses=list_refusals(404, 409, 410))
def fetch_result(
    job_id: str, service: Serving, caller: Caller, file: Annotated[int, Query(ge=0, le=1000)] = 0
) -> Response:
    """Fetch what a job made: its first file, or the one that `file` names by its number."""
    path = service.file_of(find_order(service, job_id, caller), file)
    if not path.is_file():
        raise ServiceError("expired", "The file isn't there any more.")
    return FileResponse(path, filename=path.name, content_disposition_type="inline")


@jobs_router.post("/jobs/{job_id}/cancel", response_model=JobAnswer, responses=list_refusals(404))
def cancel_order(job_id: str, service: Serving, caller: Caller) -> dict[str, Any]:
    """Cancel a job. One that has ended stays as it is."""
    service.cancel(find_order(service, job_id, caller))
    return service.describe(find_order(service, job_id, caller))


@jobs_router.delete("/jobs/{job_id}", status_code=204, responses=list_refusals(404, 409))
def forget_order(job_id: str, service: Serving, caller: Caller) -> Response:
    """Remove a job that has ended, with its files."""
    service.forget(find_order(service, job_id, caller))
    return Response(status_code=204)


@jobs_router.post("/uploads", status_code=201, response_model=UploadAnswer, responses=list_refusals(413, 415))
def take_upload(service: Serving, caller: Caller, file: Annotated[UploadFile, File()]) -> dict[str, Any]:
    """Send a file once for many jobs: sound, a picture, or a video."""
    return _describe_upload(keep_upload("file", file, service, caller))


@jobs_router.get("/workflows", response_model=WorkflowPage, responses=list_refusals())
def describe_workflows(service: Serving, caller: Caller) -> dict[str, Any]:
    """List the workflows, with their named inputs."""
    return {"workflows": [_describe_workflow(entry.name, entry.purpose, entry.path) for entry in list_workflows()]}


async def _read_body(request: Request, service: Service, caller: Key) -> JobBody:
    """Return the body, of JSON or of a form whose files are kept as uploads. Raises ServiceError."""
    if is_form(request):
        async with request.form(max_files=16, max_fields=100) as form:
            document = _read_form({name: value for name, value in form.items() if isinstance(value, str)})
            for name, reference in (await keep_files(form, service, caller)).items():
                _section(document)[name] = reference
    else:
        document = read_json(await request.body())
    try:
        return JobBody.model_validate(document)
    except BodyError as error:
        raise read_problems(error) from error


def _read_form(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that a form's texts make: the JSON in `job`, and fields of a short or of a job by their names."""
    document = read_json(texts["job"]) if "job" in texts else {}
    for name, text in texts.items():
        if name in ("metadata", "inputs"):
            document[name] = read_json(text)
        elif name in JobBody.model_fields and name != "short":
            document[name] = text
        elif name != "job":
            _section(document)[name] = text
    return document


def _section(document: dict[str, Any]) -> dict[str, Any]:
    """Return where a form's fields go: to the inputs of the workflow, or to the short."""
    section = document.setdefault("inputs" if "workflow" in document else "short", {})
    if not isinstance(section, dict):
        raise ServiceError("malformed", "The form's field job doesn't hold a job.")
    return section


async def _is_set(listener: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(listener.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _stream(service: Service, job_id: str, look: Callable[[], Order | None], seen: str) -> AsyncIterator[str]:
    listener = service.board.listen(job_id)
    try:
        while True:
            listener.clear()
            order = await run_in_threadpool(look)
            if order is None:
                return
            mark = order.state if order.has_ended else service.board.mark(job_id)
            if mark != seen:
                seen = mark
                data = json.dumps(await run_in_threadpool(service.describe, order), ensure_ascii=False)
                yield f"id: {mark}\nevent: job\ndata: {data}\n\n"
            if order.has_ended:
                return
            if not await _is_set(listener, HEARTBEAT_SECONDS):
                yield ": still here\n\n"
    finally:
        service.board.leave(job_id, listener)


def _describe_upload(upload: StoredUpload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "reference": f"upload:{upload.id}",
        "name": upload.name,
        "kind": upload.kind,
        "bytes": upload.bytes,
        "sha256": upload.sha256,
        "created": upload.created,
    }


def _describe_workflow(name: str, purpose: str, path: Path) -> dict[str, Any]:
    inputs = list_named_inputs(load_workflow(path))
    return {
        "name": name,
        "purpose": purpose,
        "inputs": [
            {"name": entry.name, "type": entry.type, "default": entry.default, "schema": _schema_of(entry)}
            for entry in inputs
        ],
    }


def _schema_of(entry: NamedInput) -> dict[str, Any]:
    return {"type": SCHEMAS.get(entry.type, "string"), "default": entry.default}
