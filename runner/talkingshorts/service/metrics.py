"""What Prometheus may know of the service: how many jobs wait and run, how long they take, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from .orders import OPEN_STATES, Order

LONG_BUCKETS = (1, 2, 5, 10, 20, 40, 60, 120, 300, 600, 1200, 2400, 3600, 7200)
QUICK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class _Standing(Collector):
    """Asks how things stand whenever somebody looks."""

    def __init__(self, count_states: Callable[[], Mapping[str, int]], count_slots: Callable[[], int]) -> None:
        self._count_states = count_states
        self._count_slots = count_slots

    def collect(self) -> Iterator[GaugeMetricFamily]:
        jobs = GaugeMetricFamily("talkingshorts_jobs", "Jobs that haven't ended, by state", labels=["state"])
        counts = self._count_states()
        for state in OPEN_STATES:
            jobs.add_metric([state], counts.get(state, 0))
        yield jobs
        yield GaugeMetricFamily("talkingshorts_slots_ready", "ComfyUIs that can work now", value=self._count_slots())


class Metrics:
    """Counts what happens. Used by all threads."""

    def __init__(self, count_states: Callable[[], Mapping[str, int]], count_slots: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Standing(count_states, count_slots))
        self._ended = Counter(
            "talkingshorts_jobs_ended", "Jobs that ended", ["workflow", "state"], registry=self.registry
        )
        self._failed = Counter("talkingshorts_failures", "Jobs that failed, by code", ["code"], registry=self.registry)
        self._waited = Histogram(
            "talkingshorts_wait_seconds",
            "From order to start",
            ["workflow"],
            buckets=LONG_BUCKETS,
            registry=self.registry,
        )
        self._took = Histogram(
            "talkingshorts_run_seconds", "Time to end", ["workflow"], buckets=LONG_BUCKETS, registry=self.registry
        )
        self._stages = Histogram(
            "talkingshorts_stage_seconds", "Time in a stage", ["stage"], buckets=LONG_BUCKETS, registry=self.registry
        )
        self._cached = Counter(
            "talkingshorts_cached_nodes", "Nodes whose outputs were kept from an earlier job", registry=self.registry
        )
        self._bytes = Counter(
            "talkingshorts_bytes", "Bytes of files, by direction", ["direction"], registry=self.registry
        )
        self._requests = Histogram(
            "talkingshorts_request_seconds",
            "Time to answer",
            ["route", "method", "status"],
            buckets=QUICK_BUCKETS,
            registry=self.registry,
        )

    def note_end(self, order: Order) -> None:
        """Count an order that has ended."""
        self._ended.labels(order.workflow, order.state).inc()
        if order.error:
            self._failed.labels(order.error["code"]).inc()
        if order.started and order.ended:
            self._waited.labels(order.workflow).observe(_seconds_from(order.created, order.started))
            self._took.labels(order.workflow).observe(_seconds_from(order.started, order.ended))
        for file in order.result["files"] if order.result else ():
            self._bytes.labels("made").inc(file.get("bytes", 0))

    def note_stage(self, stage: str, seconds: float) -> None:
        """Count the time that an order spent in a stage."""
        self._stages.labels(stage).observe(seconds)

    def note_cached(self, nodes: int) -> None:
        """Count nodes that weren't computed."""
        self._cached.inc(nodes)

    def note_upload(self, size: int) -> None:
        """Count a file that came."""
        self._bytes.labels("received").inc(size)

    def note_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, method, str(status)).observe(seconds)

    def format_all(self) -> str:
        """Return everything, as Prometheus reads it."""
        return generate_latest(self.registry).decode()


def _seconds_from(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
