"""How far each order is that runs, and who is to be told when that changes. Lives in memory: a restart begins anew."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ..display.events import Cached, Event, NodeStarted, Progress
from ..workflow.file import Graph
from ..workflow.node_info import PRIMITIVE_TYPES


@dataclass(frozen=True)
class OrderProgress:
    """`fraction` of the graph's nodes that are done; the stage is the title of the node that runs."""

    fraction: float = 0.0
    stage: str | None = None
    node: str | None = None
    step: int | None = None
    total: int | None = None
    eta_seconds: float | None = None
    done: frozenset[str] = field(default=frozenset(), repr=False)

    def describe(self) -> dict[str, Any]:
        """Return what callers are told."""
        told = asdict(self)
        del told["done"]
        return told


class ProgressBoard:
    """Keeps the progress of the orders that run. Used by the scheduler's threads and by the surfaces' event loop."""

    def __init__(self, loop: Callable[[], asyncio.AbstractEventLoop | None] = lambda: None) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._nodes: dict[str, int] = {}
        self._progress: dict[str, OrderProgress] = {}
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._numbers = itertools.count(1)
        self._marks: dict[str, int] = {}
        self._boot = f"{time.time_ns():x}"

    def begin(self, order_id: str, graph: Graph) -> None:
        """Expect news of an order with this graph."""
        nodes = sum(node["class_type"] not in PRIMITIVE_TYPES for node in graph.values())
        with self._lock:
            self._nodes[order_id] = max(nodes, 1)
            self._progress[order_id] = OrderProgress()

    def end(self, order_id: str) -> None:
        """Expect no more of it, and let its listeners look."""
        with self._lock:
            self._nodes.pop(order_id, None)
            self._progress.pop(order_id, None)
        self.announce(order_id)
        with self._lock:
            self._marks.pop(order_id, None)

    def note(self, order_id: str, event: Event) -> None:
        """Note what happened to an order's job."""
        with self._lock:
            before = self._progress.get(order_id)
            if before is None:
                return
            after = _advance(before, event, self._nodes[order_id])
            if after == before:
                return
            self._progress[order_id] = after
        self.announce(order_id)

    def of(self, order_id: str) -> OrderProgress | None:
        """Return how far the order is; None when it doesn't run."""
        with self._lock:
            return self._progress.get(order_id)

    def announce(self, order_id: str) -> None:
        """Tell whoever listens to the order that something changed."""
        with self._lock:
            listeners = list(self._listeners.get(order_id, ()))
            if listeners or order_id in self._progress:
                self._marks[order_id] = next(self._numbers)
        loop = self._loop()
        if loop is not None and listeners:
            loop.call_soon_threadsafe(lambda: [listener.set() for listener in listeners])

    def mark(self, order_id: str) -> str:
        """Return what tells this state of the order from later ones."""
        with self._lock:
            return f"{self._boot}-{self._marks.get(order_id, 0)}"

    def listen(self, order_id: str) -> asyncio.Event:
        """Return what is set when something changes, until `leave` is called. For the event loop's own thread."""
        event = asyncio.Event()
        with self._lock:
            self._listeners[order_id].add(event)
        return event

    def leave(self, order_id: str, event: asyncio.Event) -> None:
        """Listen no longer."""
        with self._lock:
            self._listeners[order_id].discard(event)
            if not self._listeners[order_id]:
                del self._listeners[order_id]
                if order_id not in self._progress:
                    self._marks.pop(order_id, None)


def _advance(before: OrderProgress, event: Event, nodes: int) -> OrderProgress:
    if isinstance(event, NodeStarted):
        done = before.done | {before.node} if before.node else before.done
        return OrderProgress(len(done) / nodes, event.title, event.node_id, done=done)
    if isinstance(event, Cached):
        done = before.done | {f"cached-{number}" for number in range(len(event.titles))}
        return replace(before, fraction=min(len(done) / nodes, 1.0), done=done)
    if isinstance(event, Progress):
        share = event.step / event.total if event.total else 0.0
        return replace(
            before,
            fraction=min((len(before.done) + share) / nodes, 1.0),
            stage=event.title,
            node=event.node_id,
            step=event.step,
            total=event.total,
            eta_seconds=None if event.eta_seconds is None else round(event.eta_seconds, 1),
        )
    return before
