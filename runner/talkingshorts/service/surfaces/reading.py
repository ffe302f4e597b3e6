"""What the surfaces read alike: callers' orders, JSON, and forms, whose files are kept as uploads."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from ..errors import ServiceError
from ..keys import Key
from ..orders import Order
from ..service import Service
from ..state import StoredUpload


def find_order(service: Service, order_id: str, caller: Key) -> Order:
    """Return the caller's order. Raises ServiceError when it has none with this id."""
    order = service.state.find_order(order_id, caller.name)
    if order is None:
        raise ServiceError("not_found", f"There is no job {order_id[:80]!r}.")
    return order


def read_json(text: bytes | str) -> dict[str, Any]:
    """Return a JSON object. Raises ServiceError when the text is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ServiceError("malformed", "The body isn't JSON.") from error
    if not isinstance(document, dict):
        raise ServiceError("malformed", "The body isn't a JSON object.")
    return document


def is_form(request: Request) -> bool:
    """Tell whether the body is a form, which may bring files."""
    return request.headers.get("content-type", "").startswith("multipart/form-data")


async def keep_files(form: FormData, service: Service, caller: Key) -> dict[str, str]:
    """Keep the files of a form as uploads, and return the reference of each by the name of its field.

    Raises ServiceError for a file that isn't taken.
    """
    references: dict[str, str] = {}
    for name, value in form.items():
        if isinstance(value, UploadFile):
            upload = await run_in_threadpool(keep_upload, name, value, service, caller)
            references[name] = f"upload:{upload.id}"
    return references


def keep_upload(field: str, file: UploadFile, service: Service, caller: Key) -> StoredUpload:
    """Keep a file that a caller sent, and count it. Raises ServiceError when it isn't taken."""
    upload = service.uploads.keep(field, file.file, file.filename or "", caller.name)
    service.metrics.note_upload(upload.bytes)
    return upload
