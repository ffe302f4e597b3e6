"""Who comes in, with how much, and what every answer carries."""

from __future__ import annotations

import secrets
import time
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ServiceError
from ..keys import LOCAL_KEY, Key, KeyFile
from ..service import Service

JSON_LIMIT_BYTES = 1 << 20
FORM_LIMIT_BYTES = 520 << 20
SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}


class Envelope:
    """Gives each request an id, bounds its body, and sets the headers that every answer has, also that to a fault."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req_{secrets.token_hex(8)}"
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", request_id.encode())]
                message = {**message, "headers": [*headers, *SECURITY_HEADERS.items()]}
            await send(message)

        try:
            await self._app(scope, _bound(scope, receive), send_with_headers)
        except Exception as error:
            if status is not None:
                raise
            scope["app"].state.service.log.error("request_broke", id=request_id, exc_info=error)
            refusal = ServiceError("internal_error", "The service failed on this request: see its log.")
            await JSONResponse(refusal.describe(request_id), refusal.status)(scope, receive, send_with_headers)
        finally:
            _note_request(scope, request_id, status or 500, time.perf_counter() - started)


def _bound(scope: Scope, receive: Receive) -> Receive:
    """Return what receives the body, and raises ServiceError when it is too large."""
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    is_form = any(kind.startswith(b"multipart/") for kind in kinds) or scope["path"] == "/v1/uploads"
    limit = FORM_LIMIT_BYTES if is_form else JSON_LIMIT_BYTES
    received = 0

    async def receive_bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise ServiceError("too_large", f"The request is over {limit >> 20} MB.")
        return message

    return receive_bounded


def _note_request(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    """Count a request that was answered, and log it."""
    route = getattr(scope.get("route"), "path", "none")
    service: Service = scope["app"].state.service
    service.metrics.note_request(route, scope["method"], status, seconds)
    service.log.info(
        "request",
        id=request_id,
        method=scope["method"],
        route=route,
        job=scope.get("path_params", {}).get("job_id"),
        status=status,
        seconds=round(seconds, 4),
    )


def find_service(request: Request) -> Service:
    """Return the service that the application serves."""
    return request.app.state.service


def find_key(request: Request) -> Key:
    """Return whose request it is. Raises ServiceError for a key that is missing, or that nobody has."""
    keys: KeyFile | None = request.app.state.keys
    if keys is None:
        return LOCAL_KEY
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    key = keys.find(shown.strip()) if kind.lower() == "bearer" else None
    if key is None:
        raise ServiceError("unauthorized", "A key is required: send Authorization: Bearer KEY.")
    return key


def find_caller(request: Request) -> Key:
    """Return whose request it is. Raises ServiceError for a key that may not have shorts made."""
    return _find_key_for("shorts", request)


def find_watcher(request: Request) -> Key:
    """Return whose request it is. Raises ServiceError for a key that may not read metrics."""
    return _find_key_for("metrics", request)


def _find_key_for(scope: str, request: Request) -> Key:
    key = find_key(request)
    if scope not in key.scopes:
        raise ServiceError("forbidden", f"The key {key.name} doesn't have the scope {scope}.")
    return key


Serving = Annotated[Service, Depends(find_service)]
Watcher = Annotated[Key, Depends(find_watcher)]
Caller = Annotated[Key, Depends(find_caller)]
