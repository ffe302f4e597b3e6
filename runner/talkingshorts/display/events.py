"""What happens to a job, as the displays show it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Uploading:
    """A local file is on its way to the server, or a result to a URL: then `file` is that."""

    file: str
    bytes: int


@dataclass(frozen=True)
class Created:
    """The job is noted on this machine, and about to be posted: from here on its id can be waited for."""

    job_id: str
    server: str


@dataclass(frozen=True)
class Submitted:
    """The server took the job."""

    job_id: str
    server: str


@dataclass(frozen=True)
class Queued:
    """The job waits behind `jobs_ahead` others."""

    jobs_ahead: int


@dataclass(frozen=True)
class Started:
    """The server runs the job."""


@dataclass(frozen=True)
class Cached:
    """These nodes keep their outputs from an earlier run."""

    titles: tuple[str, ...]


@dataclass(frozen=True)
class NodeStarted:
    """A node began."""

    node_id: str
    title: str


@dataclass(frozen=True)
class Progress:
    """A node has done `step` of `total`; `eta_seconds` is the time until its end, once there is a pace to tell from."""

    node_id: str
    title: str
    step: int
    total: int
    eta_seconds: float | None


@dataclass(frozen=True)
class Ended:
    """The job reached its final status."""

    status: str
    seconds: float


@dataclass(frozen=True)
class Downloading:
    """So many bytes of a result file have arrived; `total` is None when the server doesn't tell."""

    file: str
    received: int
    total: int | None


@dataclass(frozen=True)
class ModelsProgress:
    """`done` of `total` bytes of all model files asked for are `action`: "downloaded" or "checked".

    `files` are those that are being worked on; `eta_seconds` as in Progress.
    """

    action: str
    files: tuple[str, ...]
    done: int
    total: int
    eta_seconds: float | None


@dataclass(frozen=True)
class ModelReady:
    """A model file is there, whole; `sha256` is None when there was nothing to compare it with."""

    file: str
    path: str
    bytes: int
    sha256: str | None


@dataclass(frozen=True)
class ModelFailed:
    """A model file isn't there; the message says why, and the remedy."""

    file: str
    message: str


@dataclass(frozen=True)
class Notice:
    """Something the user should know that is no error."""

    text: str


@dataclass(frozen=True)
class Result:
    """The files on this machine, in the order they were printed or would be."""

    job_id: str
    files: tuple[str, ...]
    report: str


Event = (
    Uploading
    | Created
    | Submitted
    | Queued
    | Started
    | Cached
    | NodeStarted
    | Progress
    | Ended
    | Downloading
    | ModelsProgress
    | ModelReady
    | ModelFailed
    | Notice
    | Result
)


def to_json(event: Event) -> dict[str, Any]:
    """Return the event as one flat JSON object, its kind under `event`."""
    return {"event": name_of(event), **asdict(event)}


def name_of(event: object) -> str:
    """Return the name of the event's kind as JSON has it: `node_started` for NodeStarted."""
    name = type(event).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
