"""What the service answers: an order as callers read it, and every error in one shape."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import ValidationError as BodyError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ...errors import RunnerError
from ..errors import FieldProblem, ServiceError

CODES = {400: "malformed", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def _list_methods(request: Request) -> set[str]:
    """Return the methods of all routes at the path that is asked for."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, APIRoute) and route.matches({**request.scope, "method": "GET"})[0] is not Match.NONE:
            methods |= route.methods or set()
    return methods


def read_problems(error: BodyError | RequestValidationError) -> ServiceError:
    """Return the refusal of a body whose fields are wrong, one entry a field."""
    problems = []
    for entry in error.errors():
        place = [str(part) for part in entry["loc"] if part not in ("body", "query", "path", "header")]
        field = ".".join(place) or "body"
        problems.append(FieldProblem(field, _explain_entry(entry)))
    is_unknown = all(entry["type"] == "extra_forbidden" for entry in error.errors())
    code = "unknown_input" if is_unknown else "invalid_input"
    if any(entry["type"] == "json_invalid" for entry in error.errors()):
        code = "malformed"
    return ServiceError(code, f"{problems[0].field}: {problems[0].message}", problems)


def _explain_entry(entry: Any) -> str:
    wordings = {"extra_forbidden": "no such field.", "missing": "is missing.", "json_invalid": "isn't JSON."}
    return wordings.get(entry["type"]) or f"{str(entry['msg']).rstrip('.')}."


def add_error_answers(app: FastAPI) -> None:
    """Let every error be answered in one shape."""

    @app.exception_handler(ServiceError)
    def refuse(request: Request, error: ServiceError) -> JSONResponse:
        headers = {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
        if error.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(error.describe(request.state.request_id), error.status, headers)

    @app.exception_handler(RequestValidationError)
    def refuse_body(request: Request, error: RequestValidationError) -> JSONResponse:
        return refuse(request, read_problems(error))

    @app.exception_handler(HTTPException)
    def refuse_route(request: Request, error: HTTPException) -> JSONResponse:
        code = CODES.get(error.status_code, "malformed" if error.status_code < 500 else "internal_error")
        answer = refuse(request, ServiceError(code, str(error.detail)))
        if error.status_code == 405:
            # The first route of a path knows of its own methods alone.
            answer.headers["Allow"] = ", ".join(sorted(_list_methods(request)))
        return answer

    @app.exception_handler(RunnerError)
    def fail(request: Request, error: RunnerError) -> JSONResponse:
        return refuse(request, ServiceError("internal_error", str(error)))
