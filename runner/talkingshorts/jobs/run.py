"""See a job through to its end, cancel it where the user or a limit says so, and bring home what it made."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath
from typing import Any, TypeVar

from .. import __version__
from ..comfyui.client import CANCELLED, COMPLETED, FAILED, ComfyClient, Job, MissingFileError, RemoteFile
from ..comfyui.progress_socket import JobWatch
from ..display.events import Created, Downloading, Notice, Result, Submitted, Uploading
from ..display.terminal import Display
from ..errors import (
    CancelledError,
    JobTimeoutError,
    LostJobError,
    NodeFailedError,
    OutOfMemoryError,
    RunnerError,
    UnreachableError,
    UsageError,
    ValidationError,
)
from ..results.destination import choose_destination
from ..results.fetch import choose_paths, download, list_files, report_path, write_report
from ..workflow.file import Workflow
from ..workflow.model_names import list_models
from .follow import Limits, ProgressTracker, follow
from .records import JobRecord, JobState, RecordStore, new_job_id
from .submit import post

CANCEL_PATIENCE_SECONDS = 10.0
CANCEL_ANSWER_SECONDS = 2.0
LATE_ARRIVAL_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.05
DOWNLOAD_NEWS_SECONDS = 0.5
RESUBMISSIONS = 3
NOTE_CHARACTERS = 300

ENDED_STATES: dict[str, JobState] = {COMPLETED: "completed", FAILED: "failed", CANCELLED: "cancelled"}

RERUN_INPUT = "_talkingshorts_rerun"
"""An input that no node has. ComfyUI's cache key covers it all the same, so a new value makes the node run again."""


Done = TypeVar("Done")

Recover = Callable[[], ComfyClient]
"""Gives the server to run a lost job on again, once it answers."""


class Run:
    """One job under the user's eyes. A Ctrl-C or a passed limit cancels this job, and no other.

    `recover` is None for a job that isn't to be submitted again when it is lost. `has_ended` tells whether the server's
    process is gone, where that can be known.
    """

    def __init__(
        self,
        client: ComfyClient,
        store: RecordStore,
        record: JobRecord,
        display: Display,
        recover: Recover | None = None,
        has_ended: Callable[[ComfyClient], bool] = lambda client: False,
    ) -> None:
        self._client = client
        self._store = store
        self._record = record
        self._display = display
        self._recover = recover
        self._has_ended = has_ended

    def submit(self) -> str:
        """Post the job and return its id."""
        self._cancelling(self._submit)
        return self._record.id

    def submit_and_complete(self, limits: Limits) -> list[str]:
        """Post the job, follow it, and return the paths or URLs of its files.

        A job whose every node was cached reports the files of an earlier run. If they are gone, the nodes that save
        files run once more.
        """
        job = self._see_through(lambda: self._submit_and_follow(limits), limits)
        try:
            return self._bring_home(job)
        except MissingFileError as error:
            self._display.show(Notice(f"{error} Saving it again."))
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
        job = self._client.job(self._record.id) or self._noted_ending()
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
                if self._recover is None:
                    raise LostJobError(f"{error}{self._describe_remedy()}") from error
                self._display.show(Notice(f"{error} Submitting it again."))
                self._client = self._recover()
                self._upload_again()
                self._replace(replace(_renew(self._record, set()), server=self._client.url))
                action = partial(self._submit_and_follow, limits)
            except UnreachableError as error:
                if self._recover is None:
                    raise
                self._display.show(Notice(f"{error} Waiting for it."))
                self._client = self._recover()
                action = partial(self._follow, limits)
        return self._cancelling(action)

    def _describe_remedy(self) -> str:
        advice = f"`talkingshorts wait {self._record.id} --resubmit` runs it again."
        return self._store.advise(advice) if self._record.graph else ""

    def _upload_again(self) -> None:
        """Upload the graph's files again, as far as they are still here: the server may have lost its own copies."""
        for upload in self._record.uploads:
            with contextlib.suppress(UsageError):
                self._client.upload(Path(upload))

    def _replace(self, record: JobRecord) -> None:
        """Go on with another job in place of this one, so that whoever asks for this one is led to the other."""
        lost, self._record = self._record, record
        self._store.save(record)
        lost.state, lost.successor = "lost", record.id
        self._store.save(lost)
        self._display.show(Created(record.id, record.server))

    def _submit(self) -> None:
        post(self._client, self._store, self._record)
        self._display.show(Submitted(self._record.id, self._client.url))

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
        return JobWatch(self._client, self._record.id, partial(self._has_ended, self._client))

    def _follow_on(self, watch: JobWatch, limits: Limits) -> Job:
        tracker = ProgressTracker(self._record.workflow, self._record.id)
        return follow(watch, tracker, self._display.show, limits)

    def _cancelling(self, action: Callable[[], Done]) -> Done:
        """Return what `action` returns; cancel the job when it is interrupted or passes a limit."""
        try:
            return action()
        except KeyboardInterrupt:
            self._display.show(Notice("Cancelling the job. Ctrl-C again leaves at once."))
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
        finally:
            self._display.close()

    def _cancel_unless_interrupted(self) -> str:
        try:
            return self._cancel()
        except KeyboardInterrupt:
            return f"The job may still run: `talkingshorts cancel {self._record.id}` cancels it."

    def _cancel(self) -> str:
        """Cancel the job, wait until it no longer runs, and say how that went."""
        try:
            ended = cancel_and_wait(self._client, self._record)
        except UnreachableError:
            advice = f"When it is back, `talkingshorts cancel {self._record.id}` cancels the job."
            return f"The server is away.{self._store.advise(advice)}"
        if ended is None:
            return "The job was told to stop, but still runs."
        self._settle(ended)
        return "The job was cancelled." if ended == "cancelled" else f"The job had ended before: {ended}."

    def _bring_home(self, job: Job) -> list[str]:
        """Return the paths or URLs of the job's files, once they are whole there."""
        self._record.ending = asdict(job)
        if job.status == FAILED:
            self._settle("failed")
            raise describe_failure(self._record.workflow, job.error or {})
        if job.status == CANCELLED:
            self._settle("cancelled")
            raise CancelledError("The job was cancelled.")
        self._settle("completed")
        for note in _read_notes(self._record.workflow, job.outputs):
            self._display.show(Notice(note))
        files = list_files(job.outputs)
        if not files:
            self._display.show(Notice("The workflow saved no file."))
            return []
        later = self._store.advise(f"The job has ended: `talkingshorts fetch {job.id}` fetches its files.")
        try:
            return self._fetch_files(job, files)
        except KeyboardInterrupt:
            raise CancelledError(f"The download was stopped.{later}") from None
        except UnreachableError as error:
            raise UnreachableError(f"{error}{later}") from error
        finally:
            self._display.close()

    def _fetch_files(self, job: Job, files: list[RemoteFile]) -> list[str]:
        destination = choose_destination(self._record.output, self._record.id)
        reports = read_reports(job.outputs)
        paths = choose_paths(destination.template, [_template_fields(self._record, file) for file in files])
        names = list(map(destination.name, paths))
        local = [
            download(
                self._client,
                file,
                path,
                reports.get(file.filename, {}).get("sha256"),
                self._tell_bytes_of(file.filename),
            )
            for file, path in zip(files, paths, strict=True)
        ]
        for note in _note_wrong_endings(files, list(map(destination.show, paths))):
            self._display.show(Notice(note))
        report = report_path(paths)
        pack_version = next((entry["pack_version"] for entry in reports.values() if "pack_version" in entry), None)
        entries = [file.report() | {"path": name} for file, name in zip(local, names, strict=True)]
        write_report(report, _build_report(self._record, job, pack_version, entries))
        shown = [destination.show(path) for path in (*paths, report)]
        destination.store([*paths, report], lambda url, size: self._display.show(Uploading(url, size)))
        self._record.files = names
        self._settle("completed")
        self._display.show(Result(job.id, tuple(shown[:-1]), shown[-1]))
        return shown[:-1]

    def _tell_bytes_of(self, filename: str) -> Callable[[int, int | None], None]:
        """Return what to call with the bytes of a file that have arrived; it tells them a few times a second."""
        told = time.monotonic()

        def tell(received: int, total: int | None) -> None:
            nonlocal told
            if time.monotonic() - told >= DOWNLOAD_NEWS_SECONDS:
                told = time.monotonic()
                self._display.show(Downloading(filename, received, total))

        return tell

    def _settle(self, state: JobState) -> None:
        self._record.state = state
        self._store.save(self._record)


def cancel_and_wait(client: ComfyClient, record: JobRecord) -> JobState | None:
    """Cancel this one job, wait until it no longer runs, and return how it ended; None when it runs on for too long.

    Takes CANCEL_PATIENCE_SECONDS at most. Raises UnreachableError when the server stays away that long.
    """
    began = time.monotonic()
    away: UnreachableError | None = None
    while (left := began + CANCEL_PATIENCE_SECONDS - time.monotonic()) > 0:
        # A job whose posting was interrupted may still arrive; any other one that is unknown is off the queue.
        may_arrive = record.state == "created" and time.monotonic() - began < LATE_ARRIVAL_SECONDS
        try:
            client.cancel(record.id, min(CANCEL_ANSWER_SECONDS, left))
            left = max(began + CANCEL_PATIENCE_SECONDS - time.monotonic(), LOOK_AGAIN_SECONDS)
            job, away = client.job(record.id, min(CANCEL_ANSWER_SECONDS, left)), None
        except UnreachableError as error:
            away = error
        else:
            if job is None and not may_arrive:
                return "cancelled"
            if job is not None and job.has_ended:
                return ENDED_STATES[job.status]
        time.sleep(LOOK_AGAIN_SECONDS)
    if away is not None:
        raise away
    return None


def describe_failure(workflow: Workflow, error: dict[str, Any]) -> RunnerError:
    """Return the error for a failed node: ValidationError when the pack blames an input, else NodeFailedError.

    `error` is ComfyUI's execution_error.
    """
    node = workflow.describe(str(error.get("node_id", "?")))
    message = str(error.get("exception_message") or "failed without a message").strip()
    failure = _kind_of_failure(str(error.get("exception_type", "")), message)(f"{node}: {message}")
    failure.details = "".join(error.get("traceback") or [])
    return failure


def _kind_of_failure(exception_type: str, message: str) -> type[RunnerError]:
    if exception_type.endswith("InputError"):
        return ValidationError
    lacks_memory = exception_type.endswith(("OutOfMemoryError", "MemoryError")) or "out of memory" in message.lower()
    return OutOfMemoryError if lacks_memory else NodeFailedError


def _renew(record: JobRecord, node_ids: set[str]) -> JobRecord:
    """Return a new job whose nodes `node_ids` the server can't take from its cache."""
    workflow = record.workflow.copy()
    new_id = new_job_id()
    for node_id in node_ids & workflow.graph.keys():
        workflow.graph[node_id]["inputs"][RERUN_INPUT] = new_id
    return replace(record, id=new_id, graph=workflow.graph, state="created", files=[], ending=None, successor=None)


def _read_notes(workflow: Workflow, outputs: dict[str, Any]) -> Iterator[str]:
    """Yield what nodes have to say beside their results: a text output that is no report, after its node's title."""
    for node_id, entries in outputs.items():
        for text in entries.get("text") or ():
            if isinstance(text, str) and not read_reports({node_id: {"text": [text]}}):
                yield f"{workflow.title(node_id)}: {text[:NOTE_CHARACTERS]}"


def read_reports(outputs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return by file name the JSON reports that the nodes that save shorts and speech give under `text`."""
    reports = {}
    for text in (text for entries in outputs.values() for text in entries.get("text") or ()):
        with contextlib.suppress(TypeError, ValueError):
            report = json.loads(text)
            reports[PurePath(report["file"]).name] = report
    return reports


def _note_wrong_endings(files: list[RemoteFile], places: list[str]) -> Iterator[str]:
    """Yield a note for each path or URL whose ending promises another kind of file than the workflow saved."""
    for file, place in zip(files, places, strict=True):
        ending = PurePath(file.filename).suffix
        if PurePath(place).suffix.lower() != ending.lower():
            yield f"{place} holds a {ending} file: the workflow saves that kind, and nothing is converted."


def _template_fields(record: JobRecord, file: RemoteFile) -> dict[str, str]:
    name = PurePath(file.filename)
    return {
        "name": name.stem,
        "ext": name.suffix,
        "id": record.id,
        "seed": "" if record.seed is None else str(record.seed),
        "workflow": workflow_stem(record.workflow_name),
        "node": record.workflow.title(file.node_id),
    }


def workflow_stem(name: str) -> str:
    """Return a workflow file's name without its endings: `draft` for draft.api.json."""
    return PurePath(name).stem.removesuffix(".api")


def _build_report(record: JobRecord, job: Job, pack_version: str | None, files: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what stands in NAME.json. Its `prompt` lets the file itself be run again as a workflow."""
    return {
        "prompt_id": job.id,
        "workflow": record.workflow_name,
        "inputs": record.inputs,
        "seed": record.seed,
        "models": list_models(record.graph),
        "server": record.server,
        "server_version": record.server_version,
        "pack_version": pack_version,
        "runner_version": __version__,
        "started": _format_time(job.started_ms),
        "ended": _format_time(job.ended_ms),
        "files": files,
        "prompt": record.graph,
    }


def _format_time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
