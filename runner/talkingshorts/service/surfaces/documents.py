"""What answers look like, for the document that describes the routes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ..orders import OrderState


class Document(BaseModel):
    """An answer; further fields may come."""

    model_config = ConfigDict(extra="allow")


class Detail(Document):
    """What is wrong with one field."""

    field: str
    message: str


class ErrorFacts(Document):
    """What was refused, and why."""

    code: str
    message: str
    type: str
    param: str | None
    details: list[Detail]
    request_id: str


class ErrorAnswer(Document):
    """Every refusal has this shape."""

    error: ErrorFacts


class JobProgress(Document):
    """How far a job is that runs."""

    fraction: float = Field(ge=0, le=1)
    stage: str | None
    node: str | None
    step: int | None
    total: int | None
    eta_seconds: float | None


class JobFile(Document):
    """A file that a job made."""

    name: str
    url: str
    bytes: int
    sha256: str


class JobResult(Document):
    """What a job made."""

    files: list[JobFile]
    report: dict[str, Any]
    checks: dict[str, Any]


class JobFailure(Document):
    """Why a job failed."""

    code: str
    message: str
    node_id: str | None
    class_type: str | None
    retryable: bool


class JobAnswer(Document):
    """A job, as it stands."""

    id: str
    state: OrderState
    workflow: str
    created: str
    started: str | None
    ended: str | None
    expires: str | None
    queue_position: int | None
    eta_seconds: float | None
    progress: JobProgress | None
    result: JobResult | None
    error: JobFailure | None
    metadata: dict[str, Any]
    seed: int | None
    quality: str | None
    why: str


class JobPage(Document):
    """Some of the caller's jobs; `next` is what to give as `after` for those that follow."""

    jobs: list[JobAnswer]
    next: str | None


class UploadAnswer(Document):
    """A file that was taken; jobs name it by its reference."""

    id: str
    reference: str
    name: str
    kind: str
    bytes: int
    sha256: str
    created: str


class WorkflowPage(Document):
    """The workflows, with their named inputs."""

    workflows: list[dict[str, Any]]


def list_refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how refusals with these statuses are documented, beside those that any route may answer with."""
    always = (400, 401, 403, 422, 429, 500, 503)
    return {status: {"model": ErrorAnswer} for status in sorted({*always, *statuses})}
