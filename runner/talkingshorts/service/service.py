"""The service: orders from callers, handed on to the scheduler one by one as slots have room for them."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..batch.connections import FindSlots
from ..batch.lanes import LANES
from ..batch.plan import RowJob, fill_graph, find_warmth
from ..batch.schedule import Scheduler
from ..batch.slot import Slot
from ..display.batch_events import (
    BatchEvent,
    RowDone,
    RowEvent,
    RowFailed,
    RowWithdrawn,
    ServerLost,
    ServerReady,
)
from ..display.events import Cached, Event, NodeStarted, Progress, Started
from ..errors import RunnerError
from .announcing import OrderAnnouncer
from .bodies import JobBody
from .description import describe_order
from .errors import ServiceError
from .intake import Intake, load_request, make_fingerprint
from .knowledge import Knowledge
from .log import Log
from .metrics import Metrics
from .orders import Order
from .progress import ProgressBoard
from .state import Repeat, ServiceState
from .uploads import Uploads

TIDY_SECONDS = 60.0
LOOK_FOR_ORDERS_SECONDS = 1.0
"""An order that was placed while nobody waited for it is found after so long at the latest."""

INTERRUPTION_SECONDS = 5.0
"""So long a duty rests after the disk has failed it."""

AHEAD = 2
"""For each job that a slot has, so many are with the scheduler: enough to choose one that the slot is warm for."""


class Service:
    """Takes orders, sees to them, and keeps what came of them. One process owns its data folder.

    Orders are on disk before `place` returns, and go on where they were when the next service opens the folder.
    Raises UsageError when another service has the folder, or it can't be written.
    """

    def __init__(
        self,
        data: Path,
        slots: Sequence[Slot],
        log: Log,
        retain_seconds: int,
        max_queued: int,
        find_slots: FindSlots | None = None,
        webhook_key: bytes | None = None,
        board: ProgressBoard | None = None,
    ) -> None:
        self._results = data.absolute() / "results"
        self.log = log
        self._max_queued = max_queued
        self.state = ServiceState(data / "service.sqlite", retain_seconds)
        self.board = board or ProgressBoard()
        self.uploads = Uploads(data.absolute() / "uploads", self.state)
        self._scheduler = Scheduler(slots, self.state, self._notice, find_slots=find_slots)
        self.metrics = Metrics(self.state.count_states, lambda: len(self._scheduler.ready_slots))
        self._stages: dict[str, tuple[str, float]] = {}
        self.intake = Intake(Knowledge(lambda: self._scheduler.ready_slots), self.uploads, self._results, webhook_key)
        self._changed = threading.Condition()
        self._handing_on = threading.Lock()
        self._at_work: dict[str, Order] = {}
        self._rows: dict[int, str] = {}
        self._row = 0
        self._next: Order | None = None
        self._is_ending = False
        self._is_over = threading.Event()
        self._announcer = OrderAnnouncer(self.state, webhook_key, self.describe)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to see to the orders: first to those that an earlier service had begun."""
        self.state.end_cancels()
        for order in self.state.list_handed_on():
            self._hand_on(order)
        self._scheduler.start()
        self._threads = [
            threading.Thread(target=self._keep_at, args=(duty,), daemon=True)
            for duty in (self._feed, self._tidy, self._announce)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Hand on no more orders, and leave those that run to the next service: their jobs stay on their servers."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        self.state.close()

    @property
    def is_ready(self) -> bool:
        """Whether a slot can work now."""
        return bool(self._scheduler.ready_slots)

    def place(self, body: JobBody, key_id: str, repeat_key: str | None) -> tuple[Order, bool]:
        """Take an order, and return it, and whether it was placed by the same request before.

        Raises ServiceError for an order that can't be made.
        """
        if self._is_ending:
            raise ServiceError("not_ready", "The service is shutting down: try again in a moment.", (), 10)
        repeat = Repeat(repeat_key, make_fingerprint(body)) if repeat_key else None
        if repeat is not None and (placed := self.state.find_repeated(key_id, repeat)) is not None:
            return placed, True
        order, graph, reference = self.intake.accept(body, key_id)
        placed = self.state.place(order, graph, repeat, reference, self._max_queued)
        self.log.info("job_placed", job=placed.id, key=key_id, workflow=placed.workflow)
        with self._changed:
            self._changed.notify_all()
        return placed, placed.id != order.id

    def cancel(self, order: Order) -> None:
        """Cancel the order; one that has ended stays as it is."""
        with self._handing_on:
            is_on_its_way = self.state.ask_cancel(order.id)
            if is_on_its_way and not self._scheduler.withdraw(order.id):
                # It ends at this very moment, and then stays as it ended.
                self.state.note_cancelled(order.id)
        self.board.announce(order.id)

    def forget(self, order: Order) -> None:
        """Remove an order that has ended, with its files. Raises ServiceError when it hasn't."""
        if not order.has_ended:
            raise ServiceError("not_finished", "The job hasn't ended: cancel it first.")
        shutil.rmtree(self._results / order.id, ignore_errors=True)
        self.state.forget_order(order.id)

    def expire(self) -> None:
        """Remove the files that have been kept long enough."""
        for order in self.state.expire():
            shutil.rmtree(self._results / order.id, ignore_errors=True)

    def file_of(self, order: Order, number: int) -> Path:
        """Return one of the files that the order made, by its number from 0. Raises ServiceError."""
        if not order.has_ended:
            raise ServiceError("not_finished", "The job hasn't ended: ask again when its state is succeeded.")
        if order.state == "expired":
            raise ServiceError("expired", "The files were kept for the time agreed, and have been removed.")
        files = order.result["files"] if order.result else []
        if not 0 <= number < len(files):
            raise ServiceError("not_found", f"The job has {len(files)} files, and none with the number {number}.")
        return self._results / order.id / files[number]["name"]

    def describe(self, order: Order) -> dict[str, Any]:
        """Return the order as its caller reads it."""
        is_at_work = order.state in ("running", "canceling")
        return describe_order(
            order,
            self.board.of(order.id) if is_at_work else None,
            self.state.count_ahead(order) + 1 if order.state == "queued" else None,
            self.estimate_seconds(order),
        )

    def estimate_seconds(self, order: Order) -> float | None:
        """Return how long it takes until the order is done, by what such orders took here; None before the first."""
        if order.has_ended or (typical := self.state.typical_seconds(order.workflow)) is None:
            return None
        progress = self.board.of(order.id)
        if order.state == "running":
            return round(typical * (1.0 - (progress.fraction if progress else 0.0)), 1)
        slots = max(len(self._scheduler.ready_slots), 1)
        return round(typical * (self.state.count_ahead(order) // slots + 1), 1)

    def _keep_at(self, duty: Callable[[], None]) -> None:
        """See to a duty until the service ends: also after the disk was full, or couldn't be read."""
        while not self._is_ending:
            try:
                duty()
            except RunnerError as error:
                self.log.error("duty_interrupted", duty=duty.__name__.lstrip("_"), reason=str(error))
                self._is_over.wait(INTERRUPTION_SECONDS)

    def _feed(self) -> None:
        """Hand on one order after the other, as far as there is room."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_ending or self._has_room)
                if self._is_ending:
                    return
                at_work = Counter(order.key_id for order in self._at_work.values())
            with self._handing_on:
                # One that couldn't be handed on, since the disk was full, is the next one still.
                self._next = self._next or self.state.next_order(at_work)
                if self._next is not None:
                    if not self.state.is_over(self._next.id):
                        self._hand_on(self._next)
                    self._next = None
                    continue
            with self._changed:
                self._changed.wait(LOOK_FOR_ORDERS_SECONDS)

    @property
    def _has_room(self) -> bool:
        return len(self._at_work) < AHEAD * LANES * max(len(self._scheduler.ready_slots), 1)

    def _hand_on(self, order: Order) -> None:
        graph = self.state.graph_of(order.request)
        request = load_request(order.request, graph, str(self._results / order.id / "{name}{ext}"))
        given = {target.place: str(value) for target, value in (*request.values, *request.files)}
        warmth = find_warmth(request.workflow, fill_graph(request.workflow, given))
        with self._changed:
            self._row += 1
            self._at_work[order.id] = order
            self._rows[self._row] = order.id
            job = RowJob(self._row, self._row, order.id, request, warmth)
        self.board.begin(order.id, graph)
        self._scheduler.add([job])

    def _notice(self, event: BatchEvent) -> None:
        """Do what an event of the scheduler asks for."""
        if isinstance(event, RowEvent):
            self._note_progress(event)
        elif isinstance(event, RowDone | RowFailed | RowWithdrawn):
            self._note_end(event)
        elif isinstance(event, ServerReady | ServerLost):
            if isinstance(event, ServerLost):
                self.log.warning("slot_lost", slot=event.server, reason=event.reason)
            else:
                self.log.info("slot_ready", slot=event.server)
            with self._changed:
                self._changed.notify_all()

    def _note_progress(self, event: RowEvent) -> None:
        order_id = self._rows.get(event.row)
        if order_id is None:
            return
        if isinstance(event.event, Started | NodeStarted | Progress) and self.state.start(order_id):
            self.board.announce(order_id)
        self._note_stage(order_id, event.event)
        self.board.note(order_id, event.event)

    def _note_stage(self, order_id: str, event: Event | None) -> None:
        """Measure the stage that ends with this event; None is the job's end."""
        if isinstance(event, Cached):
            self.metrics.note_cached(len(event.titles))
        if event is not None and not isinstance(event, NodeStarted):
            return
        stage, since = self._stages.pop(order_id, ("", 0.0))
        if stage:
            self.metrics.note_stage(stage, time.monotonic() - since)
        if event is not None:
            self._stages[order_id] = (event.title, time.monotonic())

    def _note_end(self, event: RowDone | RowFailed | RowWithdrawn) -> None:
        with self._changed:
            order_id = self._rows.pop(event.row)
            del self._at_work[order_id]
            self._changed.notify_all()
        if isinstance(event, RowWithdrawn):
            self.state.note_cancelled(order_id)
        if not isinstance(event, RowDone):
            shutil.rmtree(self._results / order_id, ignore_errors=True)
        self._note_stage(order_id, None)
        self.board.end(order_id)
        if (ended := self.state.find_order(order_id)) is not None:
            self.metrics.note_end(ended)
            code = ended.error["code"] if ended.error else None
            self.log.info("job_ended", job=order_id, key=ended.key_id, state=ended.state, code=code)

    def _announce(self) -> None:
        self._announcer.run(self._is_over)

    def _tidy(self) -> None:
        """Remove what has been kept long enough, now and then."""
        while True:
            self.expire()
            self.uploads.tidy()
            with self._changed:
                if self._changed.wait_for(lambda: self._is_ending, TIDY_SECONDS):
                    return
