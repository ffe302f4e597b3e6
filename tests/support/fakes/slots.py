"""Slots without a server, and rows for them: what the tests of a batch's scheduling run on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from talkingshorts.batch.plan import RowJob, Warmth
from talkingshorts.batch.state import RowStore
from talkingshorts.comfyui.client import ComfyClient
from talkingshorts.display.events import Created, Started
from talkingshorts.errors import CancelledError, RunnerError, UnreachableError, ValidationError
from talkingshorts.jobs.follow import Show
from talkingshorts.jobs.records import JobRecord, new_job_id
from talkingshorts.jobs.request import Request
from talkingshorts.workflow.file import Workflow
from talkingshorts.workflow.node_info import parse_node_info
from talkingshorts.workflow.validation import NodeInfos

from .comfyui import GRAPH, OBJECT_INFO

WORKFLOW = Workflow("w.api.json", GRAPH)
NODES = {name: parse_node_info(name, answer) for name, answer in OBJECT_INFO.items()}

Behave = Callable[[RowJob], RunnerError | None]


def make_jobs(count: int, speakers: str = "a", output: str = "out/x") -> list[RowJob]:
    """Return rows from 1 on; their speakers take turns."""
    return [
        RowJob(
            row,
            row + 1,
            f"key-{row}",
            Request(WORKFLOW, f"{output}-{row}"),
            Warmth((), (speakers[(row - 1) % len(speakers)],)),
        )
        for row in range(1, count + 1)
    ]


def make_record(url: str) -> JobRecord:
    """Return the record of a job that a server with this address has."""
    return JobRecord(new_job_id(), url, False, "w.api.json", {}, {}, None, "out/x", "0.30.0", state="submitted")


@dataclass
class FakeSlot:
    """A slot whose jobs end when `gate` is open and their row isn't held; `behave` says how they fail.

    Those of `queued` rows never start: they wait on the server.
    """

    name: str
    behave: Behave = lambda job: None
    gate: threading.Event = field(default_factory=threading.Event)
    held: set[int] = field(default_factory=set)
    is_away: bool = False
    nodes: NodeInfos = field(default_factory=lambda: NODES)
    client: ComfyClient | None = None
    queued: set[int] = field(default_factory=set)
    before_posting: Callable[[], object] = lambda: None
    ran: list[int] = field(default_factory=list)
    posted: list[int] = field(default_factory=list)
    resumed: list[tuple[int, str]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def url(self) -> str:
        return f"http://{self.name}"

    def connect(self) -> None:
        if self.is_away:
            raise UnreachableError(f"{self.name} is away.")
        self.connections += 1

    def describe(self, workflow: Workflow) -> NodeInfos:
        lacking = {node["class_type"] for node in workflow.graph.values()} - self.nodes.keys()
        if lacking:
            raise ValidationError(f"{self.name} has no {', '.join(sorted(lacking))}.")
        return self.nodes

    def run(self, job: RowJob, workflow: Workflow, noted: JobRecord | None, store: RowStore, show: Show) -> list[str]:
        record = noted or make_record(self.url)
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.ran.append(job.row)
            if noted is not None:
                self.resumed.append((job.row, noted.id))
        try:
            store.save(record)
            self.before_posting()
            show(Created(record.id, self.url))
            self.posted.append(job.row)
            if job.row not in self.queued:
                show(Started())
            self._wait(job.row, record)
            if (error := self.behave(job)) is not None:
                raise error
            return [f"{job.request.output}.png"]
        finally:
            with self.lock:
                self.at_once -= 1

    def cancel(self, record: JobRecord) -> None:
        self.cancelled.append(record.id)

    def _wait(self, row: int, record: JobRecord) -> None:
        while row in self.held | self.queued or not self.gate.is_set():
            time.sleep(0.002)
            if record.id in self.cancelled:
                raise CancelledError("The job was cancelled.")
            if self.is_away:
                raise UnreachableError(f"{self.name} went away.")
