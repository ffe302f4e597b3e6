"""See a job through: from a request to a noted job, to the server, to its end, and home with what it made."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from ..comfyui.client import CANCELLED, FAILED, Job, MissingFileError
from ..comfyui.progress_socket import JobWatch
from ..display.events import Created, Notice, Result, Submitted
from ..errors import (
    CancelledError,
    JobTimeoutError,
    LostJobError,
    UnreachableError,
    UsageError,
    ValidationError,
)
from ..results.fetch import list_files
from ..workflow.file import Workflow
from .cancel import cancel_and_wait
from .failure import read_failure
from .files import fetch_files
from .follow import Limits, ProgressTracker, Show, follow
from .reach import Server
from .records import JobRecord, JobState, RecordStore, new_job_id
from .report import read_notes
from .request import Request, bind_on
from .submit import Upload, note_job, post

RESUBMISSIONS = 3

RERUN_INPUT = "_talkingshorts_rerun"
"""An input that no node has. ComfyUI's cache key covers it all the same, so a new value makes the node run again."""

Done = TypeVar("Done")


class Run:
    """One job that is noted here. A Ctrl-C or a passed limit cancels this job, and no other.

    `may_resubmit` lets a job that is lost with its server be submitted again, once that one answers.
    """

    def __init__(
        self, server: Server, store: RecordStore, record: JobRecord, show: Show, may_resubmit: bool = False
    ) -> None:
        self._server = server
        self._store = store
        self._record = record
        self._show = show
        self._may_resubmit = may_resubmit and bool(record.graph)

    @classmethod
    def prepare(
        cls,
        server: Server,
        store: RecordStore,
        request: Request,
        show: Show,
        may_resubmit: bool = False,
        bound: Workflow | None = None,
        upload: Upload | None = None,
    ) -> Self:
        """Return a new job: its inputs are bound, its files uploaded, and it is noted, ready to be posted.

        `bound` is the request's workflow as `bind` returned it for this server, which is then not asked for it.
        `upload` puts a file on the server and returns the name that it has there; it may know that it is there already.

        Raises ValidationError when something is impossible, UnreachableError when the server is away, CancelledError
        on a Ctrl-C.
        """
        try:
            workflow = bound.copy() if bound else bind_on(server.client, request)
            record = note_job(server, store, request, workflow, show, upload or server.client.upload)
        except KeyboardInterrupt:
            raise CancelledError("Nothing was submitted.") from None
        return cls(server, store, record, show, may_resubmit)

    @property
    def id(self) -> str:
        """The job's id; another one after it was submitted again."""
        return self._record.id

    def submit(self) -> None:
        """Post the job."""
        self._cancelling(self._submit)

    def submit_and_complete(self, limits: Limits) -> list[str]:
        """Post the job, follow it, and return the paths or URLs of its files.

        A job whose every node was cached reports the files of an earlier run. If they are gone, the nodes that save
        files run once more.
        """
        job = self._see_through(lambda: self._submit_and_follow(limits), limits)
        try:
            return self._bring_home(job)
        except MissingFileError as error:
            self._show(Notice(f"{error} Saving it again."))
        self._replace(_renew(self._record, {file.node_id for file in list_files(job.outputs)}))
        return self._bring_home(self._see_through(lambda: self._submit_and_follow(limits), limits))

    def complete(self, limits: Limits) -> list[str]:
        """Follow a job that was posted before, and return the paths or URLs of its files."""
        return self._bring_home(self._see_through(lambda: self._follow(limits), limits))

    def await_end(self, limits: Limits) -> Job:
        """Return the job once it has ended, and leave its files where they are."""
        return self._see_through(lambda: self._follow(limits), limits)

    def fetch(self) -> list[str]:
        """Return the paths or URLs of the files of a job that has ended. Raises ValidationError while it hasn't."""
        job = self._server.client.job(self._record.id) or self._noted_ending()
        if job is None:
            raise LostJobError(f"The server doesn't know the job {self._record.id}: it was restarted since.")
        if not job.has_ended:
            raise ValidationError(f"The job hasn't ended: wait for it with `talkingshorts wait {job.id}`.")
        return self._bring_home(job)

    def _see_through(self, action: Callable[[], Job], limits: Limits) -> Job:
        """Return the job that `action` follows to its end. Where that is asked for, a lost one is submitted again."""
        for _ in range(RESUBMISSIONS):
            try:
                return self._cancelling(action)
            except LostJobError as error:
                if not self._may_resubmit:
                    raise LostJobError(f"{error}{self._describe_remedy()}") from error
                self._show(Notice(f"{error} Submitting it again."))
                self._server = self._server.recover(self._tell)
                self._upload_again()
                self._replace(replace(_renew(self._record, set()), server=self._server.client.url))
                action = partial(self._submit_and_follow, limits)
            except UnreachableError as error:
                if not self._may_resubmit:
                    raise
                self._show(Notice(f"{error} Waiting for it."))
                self._server = self._server.recover(self._tell)
                action = partial(self._follow, limits)
        return self._cancelling(action)

    def _tell(self, text: str) -> None:
        self._show(Notice(text))

    def _describe_remedy(self) -> str:
        advice = f"`talkingshorts wait {self._record.id} --resubmit` runs it again."
        return self._store.advise(advice) if self._record.graph else ""

    def _upload_again(self) -> None:
        """Upload the graph's files again, as far as they are still here: the server may have lost its own copies."""
        for upload in self._record.uploads:
            with contextlib.suppress(UsageError):
                self._server.client.upload(Path(upload))

    def _replace(self, record: JobRecord) -> None:
        """Go on with another job in place of this one, so that whoever asks for this one is led to the other."""
        lost, self._record = self._record, record
        self._store.save(record)
        lost.state, lost.successor = "lost", record.id
        self._store.save(lost)
        self._show(Created(record.id, record.server))

    def _submit(self) -> None:
        post(self._server.client, self._store, self._record)
        self._show(Submitted(self._record.id, self._server.client.url))

    def _submit_and_follow(self, limits: Limits) -> Job:
        with self._watch() as watch:
            self._submit()
            return self._follow_on(watch, limits)

    def _follow(self, limits: Limits) -> Job:
        if (ended := self._noted_ending()) is not None:
            return ended
        with self._watch() as watch:
            return self._follow_on(watch, limits)

    def _noted_ending(self) -> Job | None:
        """Return the job as the server reported its end to this machine; None when it didn't."""
        return Job(**self._record.ending) if self._record.ending else None

    def _watch(self) -> JobWatch:
        return JobWatch(self._server.client, self._record.id, self._server.has_ended)

    def _follow_on(self, watch: JobWatch, limits: Limits) -> Job:
        tracker = ProgressTracker(self._record.workflow, self._record.id)
        return follow(watch, tracker, self._show, limits)

    def _cancelling(self, action: Callable[[], Done]) -> Done:
        """Return what `action` returns; cancel the job when it is interrupted or passes a limit."""
        try:
            return action()
        except KeyboardInterrupt:
            self._show(Notice("Cancelling the job. Press Ctrl-C again to leave at once."))
            raise CancelledError(self._cancel_unless_interrupted()) from None
        except JobTimeoutError as error:
            raise JobTimeoutError(f"{error} {self._cancel()}") from None
        except LostJobError as error:
            noted = self._store.load(self._record.id)
            if noted is not None and noted.state == "cancelled":
                raise CancelledError("The job was cancelled.") from error
            if self._record.state == "created":
                raise LostJobError("The job never reached the server.") from error
            self._settle("lost")
            raise
        except UnreachableError as error:
            if self._record.state == "created":
                raise
            again = self._store.advise(f"`talkingshorts wait {self._record.id}` looks for the job again.")
            raise UnreachableError(f"{error}{again}") from error

    def _cancel_unless_interrupted(self) -> str:
        try:
            return self._cancel()
        except KeyboardInterrupt:
            return f"The job may still be running: `talkingshorts cancel {self._record.id}` cancels it."

    def _cancel(self) -> str:
        """Cancel the job, wait until it no longer runs, and say how that went."""
        try:
            ended = cancel_and_wait(self._server.client, self._record)
        except UnreachableError:
            advice = f"When it is back, `talkingshorts cancel {self._record.id}` cancels the job."
            return f"The server is away.{self._store.advise(advice)}"
        if ended is None:
            return "The job was asked to stop, but is still running."
        self._settle(ended)
        return "The job was cancelled." if ended == "cancelled" else f"The job had already ended: {ended}."

    def _bring_home(self, job: Job) -> list[str]:
        """Return the paths or URLs of the job's files, once they are whole there."""
        self._record.ending = asdict(job)
        if job.status == FAILED:
            self._settle("failed")
            raise read_failure(self._record.workflow, job.error or {})
        if job.status == CANCELLED:
            self._settle("cancelled")
            raise CancelledError("The job was cancelled.")
        self._settle("completed")
        for note in read_notes(self._record.workflow, job.outputs):
            self._show(Notice(note))
        files = list_files(job.outputs)
        if not files:
            self._show(Notice("The workflow saved no file."))
            return []
        later = self._store.advise(f"The job has ended: `talkingshorts fetch {job.id}` fetches its files.")
        try:
            places, report = fetch_files(self._server.client, self._record, job, files, self._show)
        except KeyboardInterrupt:
            raise CancelledError(f"The download was stopped.{later}") from None
        except UnreachableError as error:
            raise UnreachableError(f"{error}{later}") from error
        self._settle("completed")
        self._show(Result(job.id, tuple(places), report))
        return places

    def _settle(self, state: JobState) -> None:
        self._record.state = state
        self._store.save(self._record)


def _renew(record: JobRecord, node_ids: set[str]) -> JobRecord:
    """Return a new job whose nodes `node_ids` the server can't take from its cache."""
    workflow = record.workflow.copy()
    new_id = new_job_id()
    for node_id in node_ids & workflow.graph.keys():
        workflow.graph[node_id]["inputs"][RERUN_INPUT] = new_id
    return replace(record, id=new_id, graph=workflow.graph, state="created", files=[], ending=None, successor=None)
