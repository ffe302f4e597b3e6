"""The shape of OpenAI's videos, for its client and what speaks as it does. The prompt is what is said.

See https://github.com/openai/openai-python: src/openai/resources/videos.py and types/video.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError as BodyError
from starlette.concurrency import run_in_threadpool

from ...shorts.request import WORKFLOWS
from ..bodies import JobBody
from ..errors import FieldProblem, ServiceError
from ..keys import Key
from ..orders import STATES, Order
from ..service import Service
from .access import Caller, Serving
from .answers import read_problems
from .jobs import fetch_result
from .reading import find_order, is_form, keep_files, read_json

POLL_MILLISECONDS = "1000"
VIDEO_STATUSES = {
    "queued": "queued",
    "running": "in_progress",
    "canceling": "in_progress",
    "succeeded": "completed",
    "expired": "completed",
    "failed": "failed",
    "canceled": "failed",
}
CANCELLED_ERROR = {"code": "canceled", "message": "The job was cancelled."}
OWN_FIELDS = ("voice", "start", "duration", "voice_rights", "portrait_prompt", "seed", "inputs")
"""What this service takes beside OpenAI's own fields."""

videos_router = APIRouter(prefix="/v1/videos", include_in_schema=False)


@videos_router.post("")
async def create_video(request: Request, service: Serving, caller: Caller) -> JSONResponse:
    """Have a short made."""
    fields = await _read_fields(request, service, caller)
    body = _read_body(fields)
    order, _ = await run_in_threadpool(service.place, body, caller.name, request.headers.get("idempotency-key"))
    return _answer(service, order)


@videos_router.get("")
def list_videos(
    service: Serving,
    caller: Caller,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """List one's own videos, the newest first."""
    if order == "asc":
        raise ServiceError("invalid_input", "order: only desc is known.", [FieldProblem("order", "only desc is known")])
    found = service.state.list_orders(caller.name, STATES, limit + 1, after)
    page = [_describe_video(service, entry) for entry in found[:limit]]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(found) > limit,
    }


@videos_router.get("/{video_id}")
def retrieve_video(video_id: str, service: Serving, caller: Caller) -> JSONResponse:
    """Tell how a video stands."""
    return _answer(service, find_order(service, video_id, caller))


@videos_router.get("/{video_id}/content")
def download_video(video_id: str, service: Serving, caller: Caller, variant: str = "video") -> Response:
    """Fetch a video."""
    if variant != "video":
        raise ServiceError("invalid_input", "variant: only video is made.", [FieldProblem("variant", "only video")])
    return fetch_result(video_id, service, caller)


@videos_router.delete("/{video_id}")
def delete_video(video_id: str, service: Serving, caller: Caller) -> dict[str, Any]:
    """Forget a video that is done, with its file."""
    service.forget(find_order(service, video_id, caller))
    return {"id": video_id, "object": "video.deleted", "deleted": True}


async def _read_fields(request: Request, service: Service, caller: Key) -> dict[str, Any]:
    """Return the fields of the JSON or of the form; a file of the form is an upload by then."""
    if not is_form(request):
        return read_json(await request.body())
    async with request.form(max_files=4, max_fields=50) as form:
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
        return texts | await keep_files(form, service, caller)


def _read_body(fields: Mapping[str, Any]) -> JobBody:
    """Return the job that the fields ask for. Raises ServiceError."""
    model, size, seconds = (fields.get(name) for name in ("model", "size", "seconds"))
    if not fields.get("prompt") and not fields.get("script"):
        raise ServiceError("invalid_input", "prompt: is missing.", [FieldProblem("prompt", "is missing: what is said")])
    short: dict[str, Any] = {"script": fields.get("script") or fields.get("prompt")}
    short |= {name: fields[name] for name in OWN_FIELDS if name in fields}
    if fields.get("script") and fields.get("prompt"):
        short.setdefault("portrait_prompt", fields["prompt"])
    if model in WORKFLOWS:
        short["quality"] = model
    if size:
        short["size"] = size
    if seconds:
        short["target_seconds"] = seconds
    reference = fields.get("input_reference")
    if reference:
        short["portrait"] = reference["image_url"] if isinstance(reference, dict) else reference
    told = {"prompt": fields.get("prompt"), "model": model or "auto", "size": size, "seconds": seconds}
    try:
        return JobBody.model_validate({"short": short, "metadata": told})
    except BodyError as error:
        raise read_problems(error) from error


def _answer(service: Service, order: Order) -> JSONResponse:
    return JSONResponse(_describe_video(service, order), headers={"openai-poll-after-ms": POLL_MILLISECONDS})


def _describe_video(service: Service, order: Order) -> dict[str, Any]:
    """Return an order as OpenAI's client reads it."""
    progress = service.board.of(order.id)
    fraction = 1.0 if order.state in ("succeeded", "expired") else progress.fraction if progress else 0.0
    file = order.result["files"][0] if order.result and order.result["files"] else {}
    size = f"{file['width']}x{file['height']}" if "width" in file else order.metadata.get("size") or ""
    error = {name: order.error[name] for name in ("code", "message")} if order.error else None
    return {
        "id": order.id,
        "object": "video",
        "model": order.metadata.get("model") or order.quality or order.workflow,
        "status": VIDEO_STATUSES[order.state],
        "progress": round(100 * fraction),
        "created_at": _seconds_of(order.created),
        "completed_at": _seconds_of(order.ended),
        "expires_at": _seconds_of(order.expires),
        "prompt": order.metadata.get("prompt"),
        "seconds": str(file.get("seconds") or order.metadata.get("seconds") or ""),
        "size": size,
        "error": CANCELLED_ERROR if order.state == "canceled" else error,
        "remixed_from_video_id": None,
        "polling_url": f"/v1/videos/{order.id}",
    }


def _seconds_of(time: str | None) -> int | None:
    return int(datetime.fromisoformat(time).timestamp()) if time else None
