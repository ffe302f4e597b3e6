"""Run jobs on slots: one running on each and one behind it, moved elsewhere when a slot is lost.

Connections keep the slots connected, lanes run the jobs of the queue on them, and this ties them together. Jobs are
added and withdrawn while it runs; a batch is a list that is closed at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from ..display.batch_events import BatchEvent, RowWithdrawn, ServerLost
from ..errors import UnreachableError
from .connections import Admit, Connection, Connections, FindSlots, Observe
from .lanes import LANES, Lanes
from .plan import RowJob
from .queue import Ending, JobQueue
from .slot import Slot
from .state import BatchState
from .work import Work

LEAVE_SECONDS = 12.0

LOOK_AGAIN_SECONDS = 0.2
"""How often whoever waits for the end looks up: on some systems a Ctrl-C comes through only then."""


def admit_any(connection: Connection) -> None:
    """Let every slot run jobs."""


class Scheduler:
    """Runs jobs on slots until each is done, failed for good, or was withdrawn; waits for more until it is told to end.

    `show` is told what happens, one event at a time. What became of each job stands in `state`. `find_slots` returns
    the slots that have come since it was asked last.

    Jobs of the same speaker and models go to the slot that had them last, as long as no other one stands idle.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        state: BatchState,
        show: Observe,
        admit: Admit = admit_any,
        find_slots: FindSlots | None = None,
    ) -> None:
        self._state = state
        self._show_unlocked = show
        self._find_slots = find_slots
        self._show_lock = threading.RLock()
        self._changed = threading.Condition()
        self._queue = JobQueue(state, self._changed)
        self._connections = Connections(slots, state, self._changed, lambda: self._queue.is_over, self._show, admit)
        self._lanes = Lanes(self._queue, self._connections, state, self._changed, self._show)
        self._lane_threads: list[threading.Thread] = []
        self._cancels: list[threading.Thread] = []

    @property
    def ready_slots(self) -> list[Slot]:
        """The slots that run jobs now."""
        return [connection.slot for connection in self._connections.all if connection.is_ready]

    def connect(self) -> None:
        """Connect all slots at once, before any job runs.

        Raises UnreachableError when none answers, ValidationError when one isn't admitted.
        """
        self._connections.open_all()

    def start(self) -> None:
        """Begin to run jobs, and to connect the slots that aren't connected."""
        for connection in self._connections.all:
            self._start(connection)
        if self._find_slots is not None:
            self._start_thread(partial(self._connections.grow, self._find_slots, self._start))

    def add(self, jobs: Sequence[RowJob]) -> None:
        """Run these jobs, too, each as soon as a slot is free for it. Lower rows go first.

        They are noted in the state before this returns: the next process finds there what this one leaves undone.
        Raises UsageError when they can't be noted, and runs none of them.
        """
        with self._changed:
            self._state.add(jobs)
            self._queue.add(jobs)

    def withdraw(self, key: str) -> bool:
        """Drop the job with this key: one that waits isn't run, one that runs is cancelled on its server.

        Returns whether it was still there. Its end is told by an event; one that ends first ends as it would have.
        """
        with self._changed:
            work = self._queue.withdraw(key)
            if work is None:
                return False
            is_running = work in self._queue.running
            stray = self._state.drop(key)
        if not is_running:
            self._show(RowWithdrawn(work.job.row, ""))
        for connection in self._connections.present:
            if stray is not None and connection.slot.url == stray.server:
                self._start_cancel(partial(self._connections.cancel_strays, connection), connection.slot.name)
        return True

    def close(self) -> None:
        """Take no more jobs, and end when those that are there have ended."""
        with self._changed:
            self._queue.end("closed")

    def drain(self) -> None:
        """Begin no more jobs, take those back that only wait on a server, and end when those that run have ended."""
        self._call_off("drained", lambda work: not work.has_started)

    def stop(self) -> None:
        """Cancel what runs on the servers, and wait for a while until that has ended."""
        deadline = time.monotonic() + LEAVE_SECONDS
        self._call_off("stopped", lambda work: True)
        self._join_cancels()
        with self._changed:
            self._changed.wait_for(lambda: self._queue.is_over, max(deadline - time.monotonic(), 0.0))

    def wait(self, patience_seconds: float | None = None) -> None:
        """Return when it has ended, and all that ran is noted.

        Raises UnreachableError when no slot answers for `patience_seconds`, or whatever broke one of its threads.
        """
        away_since: float | None = None
        with self._changed:
            while not self._queue.is_over:
                self._changed.wait(LOOK_AGAIN_SECONDS)
                is_served = self._queue.running or any(connection.is_ready for connection in self._connections.all)
                away_since = None if is_served else away_since or time.monotonic()
                if away_since is not None and patience_seconds is not None:
                    is_hopeless = all(connection.is_barred for connection in self._connections.all)
                    if is_hopeless or time.monotonic() - away_since >= patience_seconds:
                        self._queue.fail(UnreachableError(self._connections.explain_absence()))
        if self._queue.trouble is not None:
            raise self._queue.trouble
        # Who still tries to connect to a slot that is away isn't waited for.
        for thread in self._lane_threads:
            thread.join()
        self._join_cancels()

    def _start(self, connection: Connection) -> None:
        self._start_thread(partial(self._connections.keep, connection))
        self._lane_threads += [self._start_thread(partial(self._lanes.serve, connection)) for _ in range(LANES)]

    def _start_thread(self, duty: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=self._guard, args=(duty,), daemon=True)
        thread.start()
        return thread

    def _guard(self, duty: Callable[[], None]) -> None:
        """Let trouble in a thread end the whole in place of leaving it to wait for ever."""
        try:
            duty()
        except BaseException as error:
            with self._changed:
                self._queue.fail(error)

    def _call_off(self, ending: Ending, which: Callable[[Work], bool]) -> None:
        """Begin no more jobs, and start to cancel those that run, as far as chosen, all at once."""
        with self._changed:
            chosen = self._queue.end(ending, which)
        for work, connection in chosen:
            self._start_cancel(partial(self._cancel, work, connection), connection.slot.name)

    def _cancel(self, work: Work, connection: Connection) -> None:
        record = self._state.record_of(work.job.key)
        if record is not None and not record.has_ended:
            connection.slot.cancel(record)

    def _start_cancel(self, cancel: Callable[[], None], name: str) -> None:
        def try_to_cancel() -> None:
            try:
                cancel()
            except UnreachableError as error:
                self._show(ServerLost(name, str(error)))

        self._cancels = [thread for thread in self._cancels if thread.is_alive()]
        self._cancels.append(self._start_thread(try_to_cancel))

    def _join_cancels(self) -> None:
        for thread in self._cancels:
            thread.join()

    def _show(self, event: BatchEvent) -> None:
        with self._show_lock:
            self._show_unlocked(event)
