"""What the service refuses, in the words and codes that callers rely on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STATUSES = {
    "malformed": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_finished": 409,
    "expired": 410,
    "too_large": 413,
    "unsupported_media_type": 415,
    "invalid_input": 422,
    "unknown_input": 422,
    "invalid_workflow": 422,
    "consent_missing": 422,
    "idempotency_key_reuse": 422,
    "rate_limited": 429,
    "queue_full": 429,
    "quota_exceeded": 429,
    "internal_error": 500,
    "not_ready": 503,
}
"""The HTTP status of each code."""


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field of a request."""

    field: str
    message: str


class ServiceError(Exception):
    """A request that isn't served. `retry_after_seconds` tells when it may be."""

    def __init__(
        self,
        code: str,
        message: str,
        details: Sequence[FieldProblem] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.retry_after_seconds = retry_after_seconds

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUSES[self.code]

    def describe(self, request_id: str) -> dict[str, Any]:
        """Return the answer's body."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "type": "server_error" if self.status >= 500 else "invalid_request_error",
                "param": self.details[0].field if self.details else None,
                "details": [vars(detail) for detail in self.details],
                "request_id": request_id,
            }
        }
