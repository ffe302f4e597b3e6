"""Keep the slots connected: all at once in the beginning, each anew when it was lost, and those that come later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ..display.batch_events import BatchEvent, ServerLost, ServerReady
from ..errors import UnreachableError, ValidationError
from ..workflow.file import Workflow
from .descriptions import Description, Descriptions
from .plan import RowJob, Warmth
from .slot import RefusedError, Slot
from .state import BatchState

PROBE_PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
GROWTH_SECONDS = 5.0
"""How often is asked whether there are more slots than before."""

Observe = Callable[[BatchEvent], None]
FindSlots = Callable[[], Sequence[Slot]]


class Connection:
    """A slot, how things stand there, and what its server says about classes. `losses` tells one from the next."""

    def __init__(self, slot: Slot, descriptions: Descriptions) -> None:
        self.slot = slot
        self._descriptions = descriptions
        self._known: dict[frozenset[str], Description] = {}
        self.is_lost = True
        self.is_ready = False
        self.is_barred = False
        self.losses = 0
        self.reason = ""
        self.warmth: Warmth | None = None

    @property
    def mark(self) -> tuple[str, int]:
        """What is only this connection's: not another slot's, and not this one's when it was lost and found."""
        return self.slot.name, self.losses

    def open(self) -> None:
        """Connect. Raises what `Slot.connect` raises."""
        self.slot.connect()
        self._known = {}

    def describe(self, workflow: Workflow) -> Description:
        """Return what the server says about the workflow's classes, asking only about those that are new to it.

        Raises ValidationError when it lacks one, UnreachableError when it is away.
        """
        classes = frozenset(node["class_type"] for node in workflow.graph.values())
        if classes not in self._known:
            self._known[classes] = self._descriptions.unify(self.slot.describe(workflow))
        return self._known[classes]

    def bind(self, job: RowJob) -> Workflow:
        """Return the job's workflow as the server takes it.

        Raises RefusedError when the server would refuse it, UnreachableError when it is away.
        """
        try:
            return job.bind(self.describe(job.request.workflow))
        except ValidationError as error:
            raise RefusedError(str(error)) from error


Admit = Callable[[Connection], None]
"""Looks at a slot that has just connected. Raises ValidationError for one that is to run nothing."""


class Connections:
    """Owns the connections. What is read by others changes under `changed`, which is told of it."""

    def __init__(
        self,
        slots: Sequence[Slot],
        state: BatchState,
        changed: threading.Condition,
        is_over: Callable[[], bool],
        show: Observe,
        admit: Admit,
    ) -> None:
        self._state = state
        self._changed = changed
        self._is_over = is_over
        self._show = show
        self._admit = admit
        self._descriptions = Descriptions()
        self.all = [Connection(slot, self._descriptions) for slot in slots]

    @property
    def present(self) -> list[Connection]:
        """Those that aren't lost."""
        return [connection for connection in self.all if not connection.is_lost]

    def may_take(self, refusals: set[tuple[str, int]]) -> bool:
        """Whether a job that these connections refused may be taken by another slot, now or when that is back."""
        return any(not connection.is_barred and connection.mark not in refusals for connection in self.all)

    def explain_absence(self) -> str:
        """Return why no slot is ready."""
        return next((connection.reason for connection in self.all if connection.reason), "No server is ready.")

    def open_all(self) -> None:
        """Connect all slots at once.

        Raises UnreachableError when none answers, ValidationError when one isn't admitted.
        """
        errors: dict[Connection, Exception] = {}

        def open_one(connection: Connection) -> None:
            try:
                self._open(connection)
            except Exception as error:
                errors[connection] = error

        # No pool, which would keep a Ctrl-C waiting for those that still connect.
        threads = [threading.Thread(target=open_one, args=(connection,), daemon=True) for connection in self.all]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        came = [errors[connection] for connection in self.all if connection in errors]
        if unfit := next((error for error in came if not isinstance(error, UnreachableError)), None):
            raise unfit
        if came and len(came) == len(self.all):
            raise came[0]

    def grow(self, find_slots: FindSlots, start: Callable[[Connection], None]) -> None:
        """Add the slots that come, and `start` each, until all is over."""
        while True:
            with self._changed:
                if self._changed.wait_for(self._is_over, GROWTH_SECONDS):
                    return
            for slot in find_slots():
                connection = Connection(slot, self._descriptions)
                with self._changed:
                    self.all.append(connection)
                start(connection)

    def keep(self, connection: Connection) -> None:
        """Get the slot ready whenever it isn't, until all is over or it isn't admitted."""
        attempt = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_over() or not connection.is_ready)
                if self._is_over():
                    return
            try:
                self._make_ready(connection)
                attempt = 0
            except UnreachableError as error:
                self.lose(connection, str(error), connection.losses)
                pause = PROBE_PAUSES_SECONDS[min(attempt, len(PROBE_PAUSES_SECONDS) - 1)]
                attempt += 1
                with self._changed:
                    self._changed.wait_for(self._is_over, pause)
            except ValidationError as error:
                connection.is_barred, connection.reason = True, ""
                self.lose(connection, str(error), connection.losses)
                return

    def lose(self, connection: Connection, reason: str, losses: int) -> None:
        """Note that the slot is away, unless it was lost and found since it had so many losses."""
        with self._changed:
            if losses != connection.losses:
                return
            is_news = connection.reason == "" and not self._is_over()
            connection.losses += 1
            connection.is_ready, connection.is_lost = False, True
            connection.reason, connection.warmth = reason, None
            self._changed.notify_all()
        if is_news:
            self._show(ServerLost(connection.slot.name, reason))

    def cancel_strays(self, connection: Connection) -> None:
        """Cancel what runs on the slot's server for nobody. Raises UnreachableError."""
        for stray in self._state.list_strays(connection.slot.url):
            connection.slot.cancel(stray)
            self._state.forget_stray(stray)

    def _make_ready(self, connection: Connection) -> None:
        if connection.is_lost:
            self._open(connection)
        self.cancel_strays(connection)
        with self._changed:
            connection.is_ready, connection.reason = True, ""
            self._changed.notify_all()
        self._show(ServerReady(connection.slot.name, connection.slot.url))

    def _open(self, connection: Connection) -> None:
        connection.open()
        self._admit(connection)
        with self._changed:
            connection.is_lost = False
