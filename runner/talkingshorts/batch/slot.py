"""A slot owns or reaches one ComfyUI, and runs one row's job on it to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ..comfyui.client import CANCELLED, ComfyClient, FailedServerError
from ..errors import LostJobError, UnreachableError, ValidationError
from ..jobs.cancel import cancel_and_wait
from ..jobs.follow import Limits, Show
from ..jobs.reach import Server
from ..jobs.records import JobRecord
from ..jobs.request import describe_nodes
from ..jobs.run import Run
from ..jobs.submit import was_taken
from ..workflow.file import Workflow
from ..workflow.validation import NodeInfos
from .plan import RowJob
from .state import RowStore


class UnfitSlotError(LostJobError):
    """This slot fails on the job; another one may not."""


class RefusedError(ValidationError):
    """This slot's server doesn't take the job as it is; another one may."""


class Slot(Protocol):
    """What the scheduler needs of a place where jobs run. Its methods are called from several threads at once.

    A slot is lost when `run` raises UnreachableError. Its jobs go elsewhere, and `connect` is called now and then until
    it answers again: it may start a new ComfyUI at another address.
    """

    @property
    def name(self) -> str:
        """What people call it: unlike every other slot's of the batch, and the same while the batch lasts."""
        ...

    @property
    def url(self) -> str:
        """Where its ComfyUI is, once connected. A job that was noted with this address is looked for there."""
        ...

    @property
    def client(self) -> ComfyClient | None:
        """The client of its ComfyUI, once connected."""
        ...

    def connect(self) -> None:
        """Get it ready to run jobs.

        Raises UnreachableError when it can't run any now, ValidationError when it never will.
        """
        ...

    def describe(self, workflow: Workflow) -> NodeInfos:
        """Return what its ComfyUI says about the workflow's classes.

        Raises UnreachableError when it is away, ValidationError when it lacks a class.
        """
        ...

    def run(self, job: RowJob, workflow: Workflow, noted: JobRecord | None, store: RowStore, show: Show) -> list[str]:
        """See the job through to its end, and return the paths or URLs of its files. Two are run at a time at most.

        `workflow` is the job's as it was bound to what the slot described. `noted` is the job as an earlier run of the
        batch left it on this slot's ComfyUI, if it did: it is followed there, or fetched, and run anew only when the
        server doesn't know it.

        Raises UnreachableError when the slot is lost; LostJobError for what is worth another attempt; UnfitSlotError
        and OutOfMemoryError for what had better be tried elsewhere; another RunnerError when the job failed for good.
        """
        ...

    def cancel(self, record: JobRecord) -> None:
        """Cancel this one job, and wait for a while until it no longer runs. Raises UnreachableError."""
        ...


class ServerSlot:
    """A ComfyUI that is reached over HTTP. `reach` returns it, starting it if need be, or raises UnreachableError."""

    def __init__(self, name: str, reach: Callable[[], Server], limits: Limits) -> None:
        self.name = name
        self._reach = reach
        self._limits = limits
        self._server: Server | None = None
        self._nodes: NodeInfos = {}
        self._uploads: dict[tuple[Path, int, int], str] = {}

    @property
    def url(self) -> str:
        """Where the server is; "" while it isn't known."""
        return self._server.client.url if self._server else ""

    @property
    def client(self) -> ComfyClient | None:
        """The client of the server."""
        return self._server.client if self._server else None

    def connect(self) -> None:
        """Reach the server."""
        self._server = self._reach()
        self._nodes, self._uploads = {}, {}

    def describe(self, workflow: Workflow) -> NodeInfos:
        """Return what the server says about the workflow's classes; it is asked about each once."""
        nodes = describe_nodes(self._require_server().client, workflow, self._nodes)
        self._nodes = {**self._nodes, **nodes}
        return nodes

    def run(self, job: RowJob, workflow: Workflow, noted: JobRecord | None, store: RowStore, show: Show) -> list[str]:
        """Follow the noted job, or post a new one; fetch its files."""
        server = self._require_server()
        try:
            if noted is not None and self._is_known(server.client, noted):
                return Run(server, store, noted, show).complete(self._limits)
            run = Run.prepare(server, store, job.request, show, bound=workflow, upload=self._upload)
            return run.submit_and_complete(self._limits)
        except ValidationError as error:
            if isinstance(error.__cause__, FailedServerError):
                raise UnfitSlotError(str(error)) from error
            raise

    def cancel(self, record: JobRecord) -> None:
        """Cancel the job, and wait up to 10 s until it no longer runs."""
        cancel_and_wait(self._require_server().client, record)

    def _upload(self, path: Path) -> str:
        """Return the file's name on the server; one that didn't change since the server was reached is there still."""
        state = path.stat()
        mark = (path, state.st_mtime_ns, state.st_size)
        if mark not in self._uploads:
            self._uploads[mark] = self._require_server().client.upload(path)
        return self._uploads[mark]

    @staticmethod
    def _is_known(client: ComfyClient, noted: JobRecord) -> bool:
        """Tell whether the noted job came to the server, and is there still or was seen to end, but not by a Ctrl-C."""
        if noted.ending is not None:
            return noted.state != "cancelled"
        if noted.state == "created" and not was_taken(client, noted):
            return False
        job = client.job(noted.id)
        return job is not None and job.status != CANCELLED

    def _require_server(self) -> Server:
        if self._server is None:
            raise UnreachableError(f"{self.name} isn't connected.")
        return self._server
