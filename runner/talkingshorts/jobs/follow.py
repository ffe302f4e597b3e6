"""Follow a job to its end: the socket shows the way, and GET /api/jobs/{id} says where the job really is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..comfyui.client import PENDING, RUNNING, BusyServerError, Job
from ..display.events import Cached, Ended, Event, NodeStarted, Notice, Progress, Queued, Started
from ..errors import JobTimeoutError, LostJobError, UnreachableError
from ..workflow.file import Workflow, is_link
from ..workflow.node_info import OPTIONAL_SOURCES, PRIMITIVE_FIELD, PRIMITIVE_TYPES

POLL_SECONDS = 1.5
POLL_AT_END_SECONDS = 0.05
GONE_PATIENCE_SECONDS = 30.0
BUSY_PATIENCE_SECONDS = 300.0

ENDING_MESSAGES = frozenset({"execution_success", "execution_error", "execution_interrupted"})

Show = Callable[[Event], None]


class Transport(Protocol):
    """What following a job needs of the server."""

    def receive(self, timeout_seconds: float) -> dict[str, Any] | None:
        """Return the next progress message, or None after at most `timeout_seconds`."""
        ...

    def job(self) -> Job | None:
        """Return the job as the server knows it. Raises UnreachableError."""
        ...

    def jobs_ahead(self) -> int:
        """Return how many jobs run before this one. Raises UnreachableError."""
        ...


@dataclass(frozen=True)
class Limits:
    """How long to wait: in all, and for a server that gives no sign of life. None means for ever.

    A sign of life is a message about progress, or an answer to where the job is. A node that works for an hour without
    a word is no reason to give it up, as long as the server answers.
    A server that takes no connections may stay away for `gone_seconds`, one that doesn't answer for `busy_seconds`.
    """

    timeout_seconds: float | None = None
    idle_seconds: float | None = None
    gone_seconds: float = GONE_PATIENCE_SECONDS
    busy_seconds: float = BUSY_PATIENCE_SECONDS


class ProgressTracker:
    """Turns the server's messages about one job into events. Nodes that have nothing to do are left out."""

    def __init__(self, workflow: Workflow, job_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._workflow = workflow
        self._job_id = job_id
        self._clock = clock
        self._steps: dict[str, float] = {}
        self._first_step: dict[str, tuple[float, float]] = {}
        self._current: str | None = None

    def read(self, message: dict[str, Any]) -> list[Event]:
        """Return the events that the message tells of; none for another job's."""
        data = message.get("data")
        if not isinstance(data, dict) or data.get("prompt_id", self._job_id) != self._job_id:
            return []
        match message.get("type"):
            case "execution_cached":
                nodes = [str(node) for node in data.get("nodes") or () if self._has_work(str(node))]
                return [Cached(tuple(map(self._workflow.title, nodes)))] if nodes else []
            case "executing" if data.get("node") is not None:
                return self._start(str(data.get("display_node") or data["node"]))
            case "progress_state":
                return self._advance(data.get("nodes") or {})
        return []

    def announces_end(self, message: dict[str, Any]) -> bool:
        """Tell whether the server says that the job is over."""
        data = message.get("data")
        if not isinstance(data, dict) or data.get("prompt_id") != self._job_id:
            return False
        is_idle_again = message.get("type") == "executing" and data.get("node") is None
        return is_idle_again or message.get("type") in ENDING_MESSAGES

    def _start(self, node_id: str) -> list[Event]:
        if node_id == self._current or not self._has_work(node_id):
            return []
        self._current = node_id
        return [NodeStarted(node_id, self._workflow.title(node_id))]

    def _has_work(self, node_id: str) -> bool:
        """Tell whether the node does something: value nodes don't, and neither do those that fetch what isn't asked."""
        class_type = self._workflow.class_type(node_id)
        field = OPTIONAL_SOURCES.get(class_type)
        return class_type not in PRIMITIVE_TYPES and (field is None or self._read(node_id, field) != "")

    def _read(self, node_id: str, field: str) -> Any:
        """Return the value of a node's field, also where a value node gives it."""
        value = self._workflow.graph[node_id]["inputs"].get(field)
        if is_link(value) and self._workflow.class_type(str(value[0])) in PRIMITIVE_TYPES:
            return self._read(str(value[0]), PRIMITIVE_FIELD)
        return value

    def _advance(self, nodes: dict[str, Any]) -> list[Event]:
        events: list[Event] = []
        for key, state in nodes.items():
            node_id, step, total = str(state.get("display_node_id") or key), state.get("value", 0), state.get("max", 0)
            is_news = state.get("state") == "running" and total > 1 and step > self._steps.get(key, 0)
            if is_news:
                self._steps[key] = step
                eta = self._estimate(key, step, total)
                events.append(Progress(node_id, self._workflow.title(node_id), round(step), round(total), eta))
        return events

    def _estimate(self, key: str, step: float, total: float) -> float | None:
        """Return the seconds left at the mean pace since the node's first step: the steps before it include loading."""
        now = self._clock()
        first_step, since = self._first_step.setdefault(key, (step, now))
        return (now - since) / (step - first_step) * (total - step) if step > first_step else None


def follow(
    transport: Transport,
    tracker: ProgressTracker,
    show: Show,
    limits: Limits | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Job:
    """Return the job in its final state: completed, failed or cancelled.

    Raises LostJobError when the server doesn't know the job, JobTimeoutError when a limit passes (the job is then still
    on the server), UnreachableError when the server stays away.
    """
    return _Follower(transport, tracker, show, limits or Limits(), clock).run()


class _Follower:
    def __init__(
        self, transport: Transport, tracker: ProgressTracker, show: Show, limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._transport = transport
        self._tracker = tracker
        self._show = show
        self._limits = limits
        self._clock = clock
        self._began = self._last_sign = self._next_poll = clock()
        self._silent_since: float | None = None
        self._status = ""
        self._jobs_ahead = -1

    def run(self) -> Job:
        while True:
            if self._clock() >= self._next_poll:
                self._next_poll = self._clock() + POLL_SECONDS
                if (job := self._ask()) is not None:
                    self._read_what_arrived()
                    self._show(Ended(job.status, self._seconds(job)))
                    return job
            self._enforce_limits()
            message = self._transport.receive(max(self._next_duty() - self._clock(), 0.0))
            if message is not None:
                self._read(message)

    def _read_what_arrived(self) -> None:
        """Show the steps of a job so short that the server's answer overtook them."""
        while (message := self._transport.receive(0.0)) is not None:
            self._read(message)

    def _read(self, message: dict[str, Any]) -> None:
        self._last_sign = self._clock()
        for event in self._tracker.read(message):
            self._show(event)
        if self._tracker.announces_end(message):
            # The last message comes after the job is filed; the ones before it come shortly ahead of that.
            is_filed = message["type"] == "executing"
            self._next_poll = self._clock() + (0.0 if is_filed else POLL_AT_END_SECONDS)

    def _ask(self) -> Job | None:
        """Return the job if it has ended, and show what changed otherwise."""
        try:
            job = self._transport.job()
            if job is not None and job.status == PENDING:
                self._show_position(self._transport.jobs_ahead())
        except UnreachableError as error:
            self._bear(error)
            return None
        self._silent_since, self._last_sign = None, self._clock()
        if job is None:
            raise LostJobError("The job is lost: its server was restarted or ended, or took it off its queue.")
        if job.status != self._status:
            self._status = job.status
            if job.status == RUNNING:
                self._show(Started())
        return job if job.has_ended else None

    def _show_position(self, jobs_ahead: int) -> None:
        if jobs_ahead != self._jobs_ahead:
            self._jobs_ahead = jobs_ahead
            self._show(Queued(jobs_ahead))

    def _bear(self, error: UnreachableError) -> None:
        """Let a server that is away come back for a while; a busy one, which still takes connections, for longer."""
        now = self._clock()
        if self._silent_since is None:
            self._silent_since = now
            self._show(Notice(f"{error} Trying again."))
        is_busy = isinstance(error, BusyServerError)
        if is_busy and self._limits.idle_seconds is not None:
            return
        if now - self._silent_since >= (self._limits.busy_seconds if is_busy else self._limits.gone_seconds):
            raise error

    def _enforce_limits(self) -> None:
        now = self._clock()
        total, idle = self._limits.timeout_seconds, self._limits.idle_seconds
        if total is not None and now - self._began >= total:
            raise JobTimeoutError(f"The job took longer than {total:g} s.")
        if idle is not None and self._silent_since is not None and now - self._last_sign >= idle:
            raise JobTimeoutError(f"Nothing was heard from the server for {idle:g} s.")

    def _next_duty(self) -> float:
        """Return when to stop listening: to ask the server, or because a limit passes."""
        total, idle = self._limits.timeout_seconds, self._limits.idle_seconds
        ends = [self._next_poll]
        if total is not None:
            ends.append(self._began + total)
        if idle is not None and self._silent_since is not None:
            ends.append(self._last_sign + idle)
        return min(ends)

    def _seconds(self, job: Job) -> float:
        if job.started_ms and job.ended_ms:
            return (job.ended_ms - job.started_ms) / 1000
        return self._clock() - self._began
