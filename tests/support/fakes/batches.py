"""Batches, and schedulers with an open end, on slots without a server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from support.fakes.slots import FakeSlot
from support.waiting import wait_until
from talkingshorts.batch.connections import FindSlots
from talkingshorts.batch.plan import RowJob
from talkingshorts.batch.rows import RowRun
from talkingshorts.batch.schedule import Scheduler
from talkingshorts.batch.state import BatchState
from talkingshorts.display.batch_events import BatchEvent, RowFailed
from talkingshorts.errors import RunnerError

Told = TypeVar("Told", bound=BatchEvent)


class _Told:
    """Keeps the events."""

    def __init__(self) -> None:
        self.events: list[BatchEvent] = []

    def told(self, kind: type[Told]) -> list[Told]:
        return [event for event in self.events if isinstance(event, kind)]


class OpenEnd(_Told):
    """A scheduler that runs, waits for jobs, and ends with the block."""

    def __init__(self, state: BatchState, *slots: FakeSlot) -> None:
        super().__init__()
        self.scheduler = Scheduler(slots, state, self.events.append)

    def __enter__(self) -> Self:
        self.scheduler.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            return
        self.scheduler.close()
        wait_until(lambda: self.scheduler._queue.is_over)
        self.scheduler.wait()

    def add(self, *jobs: RowJob) -> None:
        self.scheduler.add(jobs)


class Batch(_Told):
    """A batch that runs in a thread of its own, or at once."""

    def __init__(
        self,
        state: BatchState,
        *slots: FakeSlot,
        jobs: list[RowJob],
        keep_going: bool = False,
        find_slots: FindSlots | None = None,
        kept: Sequence[RowJob] = (),
    ) -> None:
        super().__init__()
        self._state = state
        self.failures: list[RowFailed] = []
        self._rows = RowRun(slots, state, jobs, self.events.append, keep_going, find_slots)
        self._rows.connect()
        state.adopt([*jobs, *kept])

    def run(self) -> list[RowFailed]:
        self._rows.run(0.1)
        self.failures = sorted(self.told(RowFailed), key=lambda failure: failure.row)
        assert self._state.list_failures() == [(failure.row, failure.reason) for failure in self.failures]
        return self.failures

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.run)
        thread.start()
        return thread

    @property
    def is_stopping(self) -> bool:
        return self._rows.scheduler._queue.ending == "stopped"


def failing(rows: dict[int, RunnerError], times: int = 1000) -> Callable[[RowJob], RunnerError | None]:
    """Return how a slot behaves on which these rows fail so many times."""
    left = dict.fromkeys(rows, times)

    def behave(job: RowJob) -> RunnerError | None:
        if left.get(job.row, 0) == 0:
            return None
        left[job.row] -= 1
        return rows[job.row]

    return behave
