"""The jobs that wait and those that run, and how long more of them are begun."""

from __future__ import annotations

import bisect
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

from .choice import choose
from .connections import Connection
from .plan import RowJob
from .state import BatchState
from .work import Work

Ending = Literal["closed", "drained", "stopped"]
"""`closed`: what is there is run. `drained`: what runs is finished. `stopped`: what runs is cancelled."""

ENDINGS: tuple[Ending | None, ...] = (None, "closed", "drained", "stopped")
"""Each ends more than those before it."""


class JobQueue:
    """Owns the jobs. Its methods are called while `changed` is held, which is told of all that lets a job go on."""

    def __init__(self, state: BatchState, changed: threading.Condition) -> None:
        self._state = state
        self._changed = changed
        self._waiting: list[Work] = []
        self._running: dict[Work, Connection] = {}
        self.ending: Ending | None = None
        self.trouble: BaseException | None = None

    @property
    def begins_more(self) -> bool:
        """Whether jobs are still begun: those that wait, those that come, and those that will have to be run again."""
        is_left = self.ending == "closed" and bool(self._waiting or self._running)
        return self.trouble is None and (self.ending is None or is_left)

    @property
    def is_over(self) -> bool:
        """Whether nothing runs, and nothing will."""
        return self.trouble is not None or not (self._running or self.begins_more)

    @property
    def running(self) -> dict[Work, Connection]:
        """The jobs that run, and where."""
        return dict(self._running)

    def add(self, jobs: Sequence[RowJob]) -> None:
        """Let jobs wait whose rows the state knows."""
        for job in jobs:
            self._wait(Work(job))
        self._changed.notify_all()

    def take(self, connection: Connection, present: Sequence[Connection]) -> Work | None:
        """Return the job that the slot is to run now, if there is one for it."""
        is_busy = connection in self._running.values()
        work = choose(self._waiting, connection, present, is_busy, time.monotonic())
        if work is not None:
            self._waiting.remove(work)
            self._running[work] = connection
            connection.warmth = work.job.warmth
            self._changed.notify_all()
        return work

    def seconds_until_next(self) -> float | None:
        """Return when a job that pauses may go on; None when time alone changes nothing."""
        now = time.monotonic()
        return min((work.not_before - now for work in self._waiting if work.not_before > now), default=None)

    def release(self, work: Work, waits_again: bool) -> bool:
        """Note that the job doesn't run any more, and return whether it would wait again, but was withdrawn."""
        del self._running[work]
        is_withdrawn = waits_again and self._state.is_dropped(work.job.key)
        if waits_again and not is_withdrawn:
            self._wait(work)
        self._changed.notify_all()
        return is_withdrawn

    def withdraw(self, key: str) -> Work | None:
        """Take out the job with this key, or call it off if it runs; return it, or None when it isn't there."""
        work = next((work for work in (*self._waiting, *self._running) if work.job.key == key), None)
        if work is not None:
            work.is_called_off = True
            if work not in self._running:
                self._waiting.remove(work)
            self._changed.notify_all()
        return work

    def end(
        self, ending: Ending, calls_off: Callable[[Work], bool] = lambda work: False
    ) -> list[tuple[Work, Connection]]:
        """Begin to end; return the running jobs that are called off, and where they run.

        What has begun to end so, or more than so, is left as it is.
        """
        if ENDINGS.index(ending) <= ENDINGS.index(self.ending):
            return []
        self.ending = ending
        chosen = [(work, connection) for work, connection in self._running.items() if calls_off(work)]
        for work, _ in chosen:
            work.is_called_off = True
        self._changed.notify_all()
        return chosen

    def fail(self, trouble: BaseException) -> None:
        """End at once, because of trouble; the first one counts."""
        self.trouble = self.trouble or trouble
        self._changed.notify_all()

    def _wait(self, work: Work) -> None:
        record = self._state.record_of(work.job.key)
        work.holder = record.server if record else None
        bisect.insort(self._waiting, work, key=lambda work: work.job.row)
