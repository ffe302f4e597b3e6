"""A slot that leaves files behind as a ComfyUI's jobs do, and a service on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.checkout import ROOT
from support.fakes.comfyui import FakeComfyUI, describe_nodes
from support.fakes.slots import FakeSlot
from talkingshorts.batch.plan import RowJob
from talkingshorts.batch.state import RowStore
from talkingshorts.comfyui.client import ComfyClient
from talkingshorts.jobs.follow import Show
from talkingshorts.jobs.records import JobRecord
from talkingshorts.service.log import open_log
from talkingshorts.service.service import Service
from talkingshorts.workflow.file import Workflow
from talkingshorts.workflow.node_info import parse_node_info
from talkingshorts.workflow.validation import NodeInfos

CONTENT = b"an mp4, as far as anybody looks here"
GRAPHS = [json.loads((ROOT / "workflows" / f"{name}.api.json").read_text()) for name in ("draft", "talking_video")]


def describe_all() -> dict[str, object]:
    """Return what /object_info says about the classes of the shipped graphs that the tests use."""
    return {name: entry for graph in GRAPHS for name, entry in describe_nodes(graph).items()}


class MakingSlot(FakeSlot):
    """A slot whose jobs write `short.mp4` and its report where the results go."""

    @property
    def jobs(self) -> list[RowJob]:
        """The jobs that it was given, in this order."""
        return self._jobs

    def __post_init__(self) -> None:
        super().__post_init__()
        self._jobs: list[RowJob] = []

    def describe(self, workflow: Workflow) -> NodeInfos:
        return {name: parse_node_info(name, entry) for name, entry in describe_nodes(workflow.graph).items()}

    def run(self, job: RowJob, workflow: Workflow, noted: JobRecord | None, store: RowStore, show: Show) -> list[str]:
        self._jobs.append(job)
        super().run(job, workflow, noted, store, show)
        path = Path(job.request.output.format(name="short", ext=".mp4"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT)
        entry = {"path": str(path), "sha256": "0" * 64, "bytes": len(CONTENT), "seconds": 2.0, "frames": 50}
        path.with_suffix(".json").write_text(json.dumps({"files": [entry], "server": "http://inner:1", "seed": 42}))
        return [str(path)]


def make_slot(fake: FakeComfyUI, name: str = "a") -> MakingSlot:
    """Return a slot that is described by a stand-in for ComfyUI."""
    fake.nodes = describe_all()
    return MakingSlot(name, client=ComfyClient(fake.url))


@contextmanager
def serving(
    data: Path, *slots: FakeSlot, retain_seconds: int = 3600, max_queued: int = 100, key: bytes | None = None
) -> Iterator[Service]:
    """Give a service that runs on the slots, and stop it when the block ends."""
    service = Service(data, slots, open_log(is_json=True), retain_seconds, max_queued, webhook_key=key)
    service.start()
    try:
        yield service
    finally:
        service.stop()
