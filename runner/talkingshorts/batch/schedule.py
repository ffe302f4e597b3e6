"""Run a batch's jobs on its slots: one running on each and one behind it, moved elsewhere when a slot is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from ..display.batch_events import (
    BatchEvent,
    BatchProgress,
    RowDone,
    RowEvent,
    RowFailed,
    RowPutBack,
    ServerLost,
    ServerReady,
)
from ..display.events import Cached, Created, Event, NodeStarted, Progress, Started
from ..errors import (
    CancelledError,
    LostJobError,
    OutOfMemoryError,
    RunnerError,
    UnreachableError,
    ValidationError,
)
from ..jobs.records import JobRecord
from ..workflow.file import Workflow
from ..workflow.validation import NodeInfos
from .plan import RowJob, Warmth, check_jobs
from .slot import Slot, UnfitSlotError
from .state import BatchState, RowStore

LANES = 2
"""Jobs on a server at once: the one that runs, and one behind it so that the server needn't wait for the next."""

MAX_ATTEMPTS = 4
MAX_LOSSES = 12
"""How often a job may go down with its server in all, those times included that it only waited behind another one."""

RETRY_PAUSES_SECONDS = (0.5, 2.0, 5.0)
PROBE_PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
GROWTH_SECONDS = 5.0
"""How often is asked whether there are more slots than before."""

AWAY_PATIENCE_SECONDS = 300.0
"""How long a batch waits while none of its servers answers."""

LEAVE_SECONDS = 12.0
LOOK_AGAIN_SECONDS = 0.2

Show = Callable[[BatchEvent], None]
FindSlots = Callable[[], Sequence[Slot]]
Descriptions = Mapping[str, NodeInfos]
"""What the slots that answer say about the workflow's classes, by their names."""


@dataclass(eq=False)
class _Work:
    """A job on its way, and what was learned about it so far."""

    job: RowJob
    noted: JobRecord | None
    """Its job as it was left on a server, which may still have it."""
    attempts: int = 0
    losses: int = 0
    not_before: float = 0.0
    avoided: list[_Seat] = field(default_factory=list)
    has_started: bool = False
    is_withdrawn: bool = False


@dataclass(eq=False)
class _Seat:
    """A slot, and how things stand there. `losses` tells one connection from the next."""

    slot: Slot
    is_ready: bool = False
    is_lost: bool = False
    is_barred: bool = False
    losses: int = 0
    reason: str = ""
    warmth: Warmth | None = None
    running: list[_Work] = field(default_factory=list)


def connect_slots(slots: Sequence[Slot], workflow: Workflow, jobs: Sequence[RowJob]) -> Descriptions:
    """Connect all slots at once, and return what those that answer say about the workflow's classes.

    Raises UnreachableError when none answers, ValidationError with every row that a server would refuse.
    """

    came: dict[str, NodeInfos | Exception] = {}

    def connect(slot: Slot) -> None:
        try:
            came[slot.name] = slot.connect(workflow)
        except Exception as error:
            came[slot.name] = error

    # No pool, which would keep a Ctrl-C waiting for those that still connect.
    threads = [threading.Thread(target=connect, args=(slot,), daemon=True) for slot in slots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = {slot.name: came[slot.name] for slot in slots}
    errors = [answer for answer in answers.values() if isinstance(answer, Exception)]
    if unfit := next((error for error in errors if not isinstance(error, UnreachableError)), None):
        raise unfit
    if len(errors) == len(slots):
        raise errors[0]
    descriptions = {name: answer for name, answer in answers.items() if not isinstance(answer, Exception)}
    checked: list[NodeInfos] = []
    for name, nodes in descriptions.items():
        if nodes not in checked:
            checked.append(nodes)
            _require_accepted(jobs, nodes, name if len(slots) > 1 else "")
    return descriptions


class Scheduler:
    """Runs jobs on slots until each has ended well or failed for good.

    Jobs of the same speaker and models go to the slot that had them last, as long as no other one stands idle.
    `find_slots` returns the slots that have come since it was asked last.
    """

    def __init__(
        self,
        workflow: Workflow,
        slots: Sequence[Slot],
        state: BatchState,
        show: Show,
        keep_going: bool = False,
        patience_seconds: float = AWAY_PATIENCE_SECONDS,
        find_slots: FindSlots | None = None,
    ) -> None:
        self._workflow = workflow
        self._seats = [_Seat(slot) for slot in slots]
        self._state = state
        self._show_unlocked = show
        self._keep_going = keep_going
        self._patience_seconds = patience_seconds
        self._find_slots = find_slots
        self._lanes: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._show_lock = threading.Lock()
        self._waiting: list[_Work] = []
        self._jobs: list[RowJob] = []
        self._kept = 0
        self._done = 0
        self._failures: list[RowFailed] = []
        self._stop: Literal["failed", "interrupted", "broken"] | None = None
        self._trouble: BaseException | None = None
        self._began = time.monotonic()

    @property
    def left(self) -> int:
        """How many jobs have neither ended well nor failed for good."""
        return len(self._jobs) - self._done - len(self._failures)

    def run(self, jobs: Sequence[RowJob], descriptions: Descriptions, kept: int = 0) -> list[RowFailed]:
        """Run the jobs, and return those that failed for good. `descriptions` are those of the connected slots.

        `kept` is how many rows beside these were done by earlier runs: what is told counts them, too.

        Raises UnreachableError when no slot answers for `patience_seconds`, CancelledError on a Ctrl-C.
        """
        self._jobs, self._kept = sorted(jobs, key=lambda job: job.row), kept
        self._waiting = [_Work(job, self._state.record_of(job.key)) for job in self._jobs]
        self._began = time.monotonic()
        for seat in self._seats:
            seat.is_lost = seat.slot.name not in descriptions
        try:
            self._show(self._measure())
            for seat in self._seats:
                self._start(seat)
            if self._find_slots is not None:
                self._start_thread(partial(self._grow, self._find_slots))
            self._wait_for_end()
        except KeyboardInterrupt:
            self._interrupt()
            raise CancelledError(
                f"{self._kept + self._done} rows are done, {self.left} are left: the same command goes on."
            ) from None
        if self._trouble is not None:
            raise self._trouble
        # Who still tries to connect to a slot that is away isn't waited for.
        for lane in self._lanes:
            lane.join()
        return sorted(self._failures, key=lambda failure: failure.row)

    def _start(self, seat: _Seat) -> None:
        self._start_thread(partial(self._keep, seat))
        self._lanes += [self._start_thread(partial(self._serve, seat)) for _ in range(LANES)]

    def _start_thread(self, duty: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=self._guard, args=(duty,), daemon=True)
        thread.start()
        return thread

    def _grow(self, find_slots: FindSlots) -> None:
        """Use the slots that come while the batch runs."""
        while True:
            with self._changed:
                if self._changed.wait_for(self._is_over, GROWTH_SECONDS):
                    return
            for slot in find_slots():
                seat = _Seat(slot, is_lost=True)
                with self._changed:
                    self._seats.append(seat)
                self._start(seat)

    def _wait_for_end(self) -> None:
        away_since: float | None = None
        with self._changed:
            while not self._is_over():
                self._changed.wait(LOOK_AGAIN_SECONDS)
                is_served = any(seat.is_ready or seat.running for seat in self._seats)
                away_since = None if is_served else away_since or time.monotonic()
                is_hopeless = all(seat.is_barred for seat in self._seats)
                if away_since is not None and (is_hopeless or time.monotonic() - away_since >= self._patience_seconds):
                    reason = next((seat.reason for seat in self._seats if seat.reason), "No server is ready.")
                    self._trouble = UnreachableError(f"{reason} No server is left: the same command goes on later.")
                    self._stop = "broken"
                    self._changed.notify_all()

    def _is_over(self) -> bool:
        return not any(seat.running for seat in self._seats) and (self._stop is not None or not self._waiting)

    def _guard(self, duty: Callable[[], None]) -> None:
        """Let trouble in a thread end the batch in place of leaving it to wait for ever."""
        try:
            duty()
        except BaseException as error:
            with self._changed:
                self._trouble, self._stop = self._trouble or error, "broken"
                for seat in self._seats:
                    seat.running.clear()
                self._changed.notify_all()

    # What keeps a slot connected

    def _keep(self, seat: _Seat) -> None:
        """Get the slot ready whenever it isn't, until the batch is over."""
        attempt = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_over() or not seat.is_ready)
                if self._is_over():
                    return
            try:
                self._make_ready(seat)
                attempt = 0
            except UnreachableError as error:
                self._lose(seat, str(error), seat.losses)
                pause = PROBE_PAUSES_SECONDS[min(attempt, len(PROBE_PAUSES_SECONDS) - 1)]
                attempt += 1
                with self._changed:
                    self._changed.wait_for(self._is_over, pause)
            except ValidationError as error:
                seat.is_barred, seat.reason = True, ""
                self._lose(seat, str(error), seat.losses)
                return

    def _make_ready(self, seat: _Seat) -> None:
        if seat.is_lost:
            nodes = seat.slot.connect(self._workflow)
            with self._changed:
                jobs = [work.job for work in self._waiting]
            _require_accepted(jobs, nodes, seat.slot.name)
        for stray in self._state.list_strays(seat.slot.url):
            seat.slot.cancel(stray)
            self._state.forget_stray(stray)
        with self._changed:
            seat.is_ready, seat.is_lost, seat.reason = True, False, ""
            self._changed.notify_all()
        self._show(ServerReady(seat.slot.name, seat.slot.url))

    def _lose(self, seat: _Seat, reason: str, losses: int) -> None:
        """Note that the slot is away, unless it was lost and found since."""
        with self._changed:
            if losses != seat.losses:
                return
            is_news = seat.reason == "" and not self._is_over()
            seat.losses += 1
            seat.is_ready, seat.is_lost, seat.reason, seat.warmth = False, True, reason, None
            self._changed.notify_all()
        if is_news:
            self._show(ServerLost(seat.slot.name, reason))

    # What runs jobs on a slot

    def _serve(self, seat: _Seat) -> None:
        """Run one job after the other on the slot, until the batch is over."""
        while (work := self._take(seat)) is not None:
            self._run(seat, work)

    def _take(self, seat: _Seat) -> _Work | None:
        """Return the next job for the slot, once there is one; None when the batch is over."""
        with self._changed:
            while self._stop is None and not self._is_over():
                work = self._choose(seat) if seat.is_ready else None
                if work is not None:
                    self._waiting.remove(work)
                    seat.running.append(work)
                    seat.warmth = work.job.warmth
                    return work
                self._changed.wait(LOOK_AGAIN_SECONDS if self._waiting else None)
            return None

    def _choose(self, seat: _Seat) -> _Work | None:
        """Return the job that the slot should run next: one that is there already, one that it is warm for, or any."""
        now = time.monotonic()
        present = [other for other in self._seats if not other.is_lost]
        held = {other.slot.url for other in present if other is not seat}
        fit = [
            work
            for work in self._waiting
            if work.not_before <= now
            and not (work.noted is not None and work.noted.server in held)
            and (seat not in work.avoided or all(other in work.avoided for other in present))
        ]
        for work in fit:
            if work.noted is not None and work.noted.server == seat.slot.url:
                return work
        if seat.running and len(fit) < len(present):
            return None  # The last jobs go to whichever slot is free first.
        warm_elsewhere = {other.warmth for other in present if other is not seat}
        best, best_rank = None, 4
        for work in fit:
            rank = _rank(work.job.warmth, seat.warmth, warm_elsewhere)
            if rank < best_rank:
                best, best_rank = work, rank
            if rank == 0:
                break
        return None if seat.running and best_rank == 3 else best

    def _run(self, seat: _Seat, work: _Work) -> None:
        key, losses = work.job.key, seat.losses
        if work.noted is not None and work.noted.server != seat.slot.url:
            self._state.put_back(key, is_stray=True)
            work.noted = None
        noted, work.noted, work.has_started = work.noted, None, False
        try:
            places = seat.slot.run(work.job, noted, RowStore(self._state, key), partial(self._notice, seat, work))
        except RunnerError as error:
            if isinstance(error, UnreachableError):
                self._lose(seat, str(error), losses)
            self._settle(seat, work, error)
        else:
            self._finish(seat, work, places)
        with self._changed:
            if work in seat.running:
                seat.running.remove(work)
            self._changed.notify_all()

    def _notice(self, seat: _Seat, work: _Work, event: Event) -> None:
        if isinstance(event, Created) and self._stop is not None:
            raise CancelledError("The batch is being stopped.")
        if isinstance(event, Started | NodeStarted | Progress | Cached):
            work.has_started = True
        self._show(RowEvent(work.job.row, seat.slot.name, event))

    def _finish(self, seat: _Seat, work: _Work, places: list[str]) -> None:
        self._state.finish(work.job.key, places)
        with self._changed:
            self._done += 1
        self._show(RowDone(work.job.row, seat.slot.name, tuple(places)))
        self._show(self._measure())

    def _settle(self, seat: _Seat, work: _Work, error: RunnerError) -> None:
        """Decide what becomes of a job that ended without a result."""
        key, row, name = work.job.key, work.job.row, seat.slot.name
        is_loss = isinstance(error, UnreachableError | LostJobError)
        work.losses += is_loss
        work.attempts += work.has_started or not is_loss  # What only waited there isn't to blame for the loss.
        is_stopped = self._stop is not None and (self._stop == "interrupted" or work.is_withdrawn)
        is_called_off = is_stopped and isinstance(error, CancelledError)
        is_retried = is_loss or isinstance(error, OutOfMemoryError)
        if not is_called_off and not (is_retried and work.attempts < MAX_ATTEMPTS and work.losses < MAX_LOSSES):
            self._fail(RowFailed(row, name, f"{error}{_say_attempts(max(work.attempts, work.losses))}"), key)
            return
        if isinstance(error, UnreachableError):
            work.noted = self._state.record_of(key)  # Until another slot takes the row, its job may be found again.
        else:
            self._state.put_back(key, is_stray=False)
        with self._changed:
            work.not_before = time.monotonic() + RETRY_PAUSES_SECONDS[min(max(work.attempts, 1), MAX_ATTEMPTS - 1) - 1]
            work.avoided += [seat] if isinstance(error, OutOfMemoryError | UnfitSlotError) else []
            self._waiting.append(work)
            self._waiting.sort(key=lambda work: work.job.row)
        if not is_stopped:
            self._show(RowPutBack(row, name, str(error)))

    def _fail(self, failure: RowFailed, key: str) -> None:
        self._state.fail(key, failure.reason)
        with self._changed:
            self._failures.append(failure)
            is_first = self._stop is None and not self._keep_going
            if is_first:
                self._stop = "failed"
            self._changed.notify_all()
        self._show(failure)
        self._show(self._measure())
        if is_first:
            self._withdraw(lambda work: not work.has_started)

    def _withdraw(self, which: Callable[[_Work], bool]) -> None:
        """Cancel those jobs that are on a server, all at once, and wait for that."""
        with self._changed:
            chosen = [(seat, work) for seat in self._seats for work in seat.running if which(work)]
            for _, work in chosen:
                work.is_withdrawn = True
        threads = [threading.Thread(target=self._cancel, args=(seat, work), daemon=True) for seat, work in chosen]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _cancel(self, seat: _Seat, work: _Work) -> None:
        record = self._state.record_of(work.job.key)
        if record is None or record.has_ended:
            return
        try:
            seat.slot.cancel(record)
        except UnreachableError as error:
            self._show(ServerLost(seat.slot.name, str(error)))

    def _interrupt(self) -> None:
        """Cancel what this batch has on its servers, and wait until its threads have noted that."""
        with self._changed:
            self._stop = "interrupted"
            self._changed.notify_all()
        deadline = time.monotonic() + LEAVE_SECONDS
        self._withdraw(lambda work: True)
        with self._changed:
            self._changed.wait_for(self._is_over, max(deadline - time.monotonic(), 0.0))

    def _measure(self) -> BatchProgress:
        with self._changed:
            ended = self._done + len(self._failures)
            pace = (time.monotonic() - self._began) / ended if ended else None
            eta = None if pace is None else round(pace * self.left, 1)
            return BatchProgress(self._kept + self._done, len(self._failures), self.left, eta)

    def _show(self, event: BatchEvent) -> None:
        with self._show_lock:
            self._show_unlocked(event)


def _require_accepted(jobs: Sequence[RowJob], nodes: NodeInfos, server: str) -> None:
    """Raise ValidationError when a server of that name would refuse one of the jobs."""
    if problems := check_jobs(jobs, nodes):
        raise ValidationError(f"{server}: {problems.describe()}" if server else problems.describe())


def _rank(warmth: Warmth, own: Warmth | None, elsewhere: set[Warmth | None]) -> int:
    """Return how badly a job suits a slot: 0 when it is warm for it, 3 when another one is."""
    if warmth == own:
        return 0
    if warmth in elsewhere:
        return 3
    return 1 if own is not None and own.models == warmth.models else 2


def _say_attempts(attempts: int) -> str:
    return f" ({attempts} attempts)" if attempts > 1 else ""
