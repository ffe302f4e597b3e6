"""What the runner remembers of its jobs: one file a job, on disk before the job is posted, so that nothing is lost."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from .. import home
from ..errors import LostJobError, UsageError
from ..files import write_privately
from ..workflow.file import Graph, Workflow

JobState = Literal["created", "submitted", "completed", "failed", "cancelled", "lost"]


@dataclass
class JobRecord:
    """One job: where it runs, what was asked for, and what became of it. Holds no token."""

    id: str
    server: str
    is_managed: bool
    workflow_name: str
    graph: Graph
    inputs: dict[str, Any]
    seed: int | None
    output: str
    server_version: str
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    state: JobState = "created"
    files: list[str] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    """The local files that the graph's inputs were uploaded from."""
    ending: dict[str, Any] | None = None
    """How the server said that the job ended; its files can be fetched even after the server has forgotten the job."""
    successor: str | None = None
    """The id of the job that was submitted in place of this one when it was lost."""

    @property
    def has_ended(self) -> bool:
        """Whether the job's end was seen from here."""
        return self.state in {"completed", "failed", "cancelled"}

    @property
    def workflow(self) -> Workflow:
        """The graph as it was posted."""
        return Workflow(self.workflow_name, self.graph)


def new_job_id() -> str:
    """Return an id that ComfyUI takes as a prompt id: a lowercase UUID."""
    return str(uuid.uuid4())


def canonical_id(text: str) -> str | None:
    """Return a job's id as it is noted, or None for what is no UUID."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


class RecordStore(Protocol):
    """Where a job's record is kept while the job is seen through."""

    def save(self, record: JobRecord) -> None:
        """Note the record so that it survives a crash. Raises UsageError."""
        ...

    def load(self, job_id: str) -> JobRecord | None:
        """Return the record as it is noted now."""
        ...

    def forget(self, record: JobRecord) -> None:
        """Remove the record of a job that never came to be."""
        ...

    def advise(self, advice: str) -> str:
        """Return the end of a message that names a command to be given the job's id, if such commands find it here."""
        ...


class JobStore:
    """Keeps the records in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, record: JobRecord) -> None:
        """Write the record so that it survives a crash. Raises UsageError when the folder can't be written."""
        write_record(self.path(record.id), json.dumps(asdict(record), indent=1))

    def load(self, job_id: str) -> JobRecord | None:
        """Return the record, or None when there is none for this id, or one that another version wrote.

        Raises UsageError when the folder can't be read.
        """
        try:
            return JobRecord(**json.loads(self.path(str(uuid.UUID(job_id))).read_text("utf-8")))
        except (ValueError, TypeError, FileNotFoundError):
            return None
        except OSError as error:
            raise UsageError(
                f"The jobs in {self.folder} can't be read: {error.strerror}. Set TALKINGSHORTS_HOME to another folder."
            ) from error

    def list_all(self) -> list[JobRecord]:
        """Return all jobs that are noted, the newest last. Raises UsageError when the folder can't be read."""
        records = (self.load(path.stem) for path in self.folder.glob("*.json"))
        return sorted(filter(None, records), key=lambda record: record.created)

    def find_last(self) -> JobRecord:
        """Return the job that was noted last, or stands in its place. Raises LostJobError when there is none."""
        standing = [record for record in self.list_all() if record.successor is None]
        if not standing:
            raise LostJobError(f"No job is recorded in {self.folder}: name one by its id.")
        return standing[-1]

    def load_latest(self, job_id: str) -> JobRecord | None:
        """Return the record of the job that stands for this id now: the job itself, or the last one in its place."""
        record = self.load(job_id)
        while record is not None and record.successor and (next_record := self.load(record.successor)):
            record = next_record
        return record

    def advise(self, advice: str) -> str:
        """Return the advice after a space: `wait`, `fetch` and `cancel` find the jobs in this store."""
        return f" {advice}"

    def forget(self, record: JobRecord) -> None:
        """Remove the record of a job that never came to be."""
        self.path(record.id).unlink(missing_ok=True)

    def path(self, job_id: str) -> Path:
        """Return where the job is noted."""
        return self.folder / f"{job_id}.json"


def open_jobs() -> JobStore:
    """Return the records of this home."""
    return JobStore(home.home_dir() / "jobs")


def write_record(path: Path, text: str) -> None:
    """Write what only this user may read, so that it survives a crash. Raises UsageError when it can't be written."""
    try:
        write_privately(path, text)
    except OSError as error:
        raise UsageError(
            f"The job can't be recorded in {path.parent}: {error.strerror}. Set TALKINGSHORTS_HOME to another folder."
        ) from error
