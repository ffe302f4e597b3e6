"""Run the rows of a table to their end: a closed list for the scheduler, and what is to be done when a row fails."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..display.batch_events import BatchEvent, BatchProgress, RowDone, RowFailed
from ..errors import CancelledError, UnreachableError, ValidationError
from .connections import Connection, FindSlots, Observe
from .plan import RowJob, check_jobs
from .schedule import Scheduler
from .slot import Slot
from .state import BatchState

AWAY_PATIENCE_SECONDS = 300.0
"""How long a batch waits while none of its servers answers."""


class RowRun:
    """Runs rows of one workflow. `keep_going` lets further rows begin after one has failed.

    Nothing is begun on a server that would refuse one of them.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        state: BatchState,
        jobs: Sequence[RowJob],
        show: Observe,
        keep_going: bool = False,
        find_slots: FindSlots | None = None,
    ) -> None:
        self._state = state
        self._jobs = jobs
        self._show = show
        self._keep_going = keep_going
        self._has_many_slots = len(slots) > 1
        self._began: float | None = None
        self._done_before = 0
        self.scheduler = Scheduler(slots, state, self._observe, self._require_accepted, find_slots)

    def connect(self) -> None:
        """Connect all servers, and check all rows there before anything runs.

        Raises UnreachableError when none answers, ValidationError with every row that a server would refuse.
        """
        self.scheduler.connect()

    def run(self, patience_seconds: float = AWAY_PATIENCE_SECONDS) -> None:
        """Run the rows until each is done or failed for good: the state tells which.

        Raises UnreachableError when no server answers for `patience_seconds`, CancelledError on a Ctrl-C.
        """
        self._began, self._done_before = time.monotonic(), self._state.count().done
        self._show(self.measure())
        try:
            self.scheduler.add(self._jobs)
            self.scheduler.close()
            self.scheduler.start()
            self.scheduler.wait(patience_seconds)
        except KeyboardInterrupt:
            self.scheduler.stop()
            counts = self._state.count()
            raise CancelledError(
                f"{counts.done} rows are done, {counts.left} are left: run the same command to go on."
            ) from None
        except UnreachableError as error:
            raise UnreachableError(f"{error} No server is left: run the same command later to go on.") from error

    def _observe(self, event: BatchEvent) -> None:
        self._show(event)
        if isinstance(event, RowFailed) and not self._keep_going:
            self.scheduler.drain()
        if isinstance(event, RowDone | RowFailed):
            self._show(self.measure())

    def measure(self) -> BatchProgress:
        """Return how the batch stands, and how long the rest takes at the pace of this run."""
        counts = self._state.count()
        ended = counts.done + counts.failed - self._done_before
        seconds = time.monotonic() - (self._began or 0.0)
        eta = round(seconds / ended * counts.left, 1) if ended else None
        return BatchProgress(counts.done, counts.failed, counts.left, eta)

    def _require_accepted(self, connection: Connection) -> None:
        """Raise ValidationError when the server would refuse one of the rows that are left."""
        has_begun = self._began is not None
        left = self._state.list_left() if has_begun else {job.key for job in self._jobs}
        description = connection.describe(self._jobs[0].request.workflow)
        if problems := check_jobs([job for job in self._jobs if job.key in left], description):
            server = f"{connection.slot.name}: " if has_begun or self._has_many_slots else ""
            raise ValidationError(f"{server}{problems.describe()}")
