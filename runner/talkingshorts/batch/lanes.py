"""Run jobs on a slot, one after the other in each lane, and see to what becomes of them."""

from __future__ import annotations

import threading
import time
from functools import partial

from ..display.batch_events import RowDone, RowEvent, RowFailed, RowPutBack, RowWithdrawn
from ..display.events import Cached, Created, Event, NodeStarted, Progress, Started
from ..errors import CancelledError, RunnerError, UnreachableError
from .connections import Connection, Connections, Observe
from .queue import JobQueue
from .retry import explain_failure, judge
from .slot import RefusedError
from .state import BatchState, RowStore
from .work import Work

LANES = 2
"""Jobs on a server at once: the one that runs, and one behind it so that the server needn't wait for the next."""


class Lanes:
    """What runs the jobs of a queue on connections."""

    def __init__(
        self, queue: JobQueue, connections: Connections, state: BatchState, changed: threading.Condition, show: Observe
    ) -> None:
        self._queue = queue
        self._connections = connections
        self._state = state
        self._changed = changed
        self._show = show

    def serve(self, connection: Connection) -> None:
        """Run one job after the other on the slot, until no more are begun."""
        while (work := self._take(connection)) is not None:
            waits_again = self._run(connection, work)
            with self._changed:
                is_withdrawn = self._queue.release(work, waits_again)
            if is_withdrawn:
                self._show(RowWithdrawn(work.job.row, connection.slot.name))

    def _take(self, connection: Connection) -> Work | None:
        """Return the next job for the slot, once there is one; None when no more are begun."""
        with self._changed:
            while self._queue.begins_more:
                work = self._queue.take(connection, self._connections.present) if connection.is_ready else None
                if work is not None:
                    return work
                self._changed.wait(self._queue.seconds_until_next() if connection.is_ready else None)
            return None

    def _run(self, connection: Connection, work: Work) -> bool:
        """See the job through, and return whether it waits again."""
        name, losses = connection.slot.name, connection.losses
        work.has_started = False
        try:
            places = self._see_through(connection, work)
        except RunnerError as error:
            if isinstance(error, UnreachableError):
                self._connections.lose(connection, str(error), losses)
            if isinstance(error, RefusedError):
                work.refusals.add((name, losses))
            return self._settle(work, name, error)
        self._state.finish(work.job.key, places)
        self._show(RowDone(work.job.row, name, tuple(places)))
        return False

    def _see_through(self, connection: Connection, work: Work) -> list[str]:
        """Run the job on the slot, or follow it there, and return the places of its files."""
        job, slot = work.job, connection.slot
        noted = self._state.record_of(job.key)
        if noted is not None and noted.server != slot.url:
            self._state.put_back(job.key, is_stray=True)
            noted = None
        workflow = connection.bind(job)
        return slot.run(job, workflow, noted, RowStore(self._state, job.key), partial(self._notice, work, slot.name))

    def _notice(self, work: Work, name: str, event: Event) -> None:
        if isinstance(event, Created) and work.is_called_off:
            raise CancelledError("The job was cancelled before it was submitted.")
        if isinstance(event, Started | NodeStarted | Progress | Cached):
            work.has_started = True
        self._show(RowEvent(work.job.row, name, event))

    def _settle(self, work: Work, name: str, error: RunnerError) -> bool:
        """Note what becomes of a job that ended without a result, and return whether it waits again."""
        key, row = work.job.key, work.job.row
        if self._state.is_dropped(key):
            return True  # The queue knows that it was withdrawn.
        work.tries = work.tries.after(error, work.has_started)
        outcome = judge(error, work.tries, work.is_called_off, self._connections.may_take(work.refusals))
        if outcome.kind == "failed":
            reason = explain_failure(error, work.tries)
            self._state.fail(key, reason, error)
            self._show(RowFailed(row, name, reason))
            return False
        if not outcome.may_be_there:
            self._state.put_back(key, is_stray=False)
        if outcome.avoids_slot:
            work.avoided.add(name)
        work.not_before = time.monotonic() + outcome.pause_seconds
        if not work.is_called_off:
            self._show(RowPutBack(row, name, str(error)))
        return True
