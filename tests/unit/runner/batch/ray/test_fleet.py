"""The slots of a fleet, whose workers are in this process in place of a Ray."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.fakes.comfyui import GRAPH, FakeComfyUI
from support.fakes.ray_worker import WorkerHere
from support.fakes.slots import WORKFLOW, make_jobs
from talkingshorts.batch.ray.fleet import Fleet, RaySlot, format_cause
from talkingshorts.batch.state import BatchState, RowStore
from talkingshorts.cli.main import main
from talkingshorts.errors import UnreachableError
from talkingshorts.jobs.follow import Limits
from talkingshorts.jobs.request import bind


@pytest.fixture
def hired(comfyui: FakeComfyUI) -> list[WorkerHere]:
    """The workers that the slot had, the present one last."""
    return []


@pytest.fixture
def slot(comfyui: FakeComfyUI, hired: list[WorkerHere]) -> Iterator[RaySlot]:
    def hire() -> WorkerHere:
        hired.append(WorkerHere(lambda: comfyui.url))
        return hired[-1]

    slot = RaySlot("ray-1", hire, Limits(gone_seconds=0.0))
    yield slot
    slot.close()


def run_one(slot: RaySlot, folder: Path) -> list[str]:
    (job,) = make_jobs(1)
    with BatchState(folder / "state") as state:
        state.adopt([job])
        workflow = bind(job.request, slot.describe(WORKFLOW))
        return slot.run(job, workflow, None, RowStore(state, job.key), lambda event: None)


def test_a_job_runs_through_the_tunnel_and_its_file_lands_here(
    slot: RaySlot, comfyui: FakeComfyUI, tmp_path: Path
) -> None:
    slot.connect()

    assert slot.url != comfyui.url
    assert [Path(path).read_bytes() for path in run_one(slot, tmp_path)] == [b"picture"]
    assert len(comfyui.posted) == 1


def test_a_killed_worker_is_a_lost_slot_and_the_next_connect_hires_another(
    slot: RaySlot, hired: list[WorkerHere], tmp_path: Path
) -> None:
    slot.connect()
    first_url = slot.url
    hired[0].kill()
    with pytest.raises(UnreachableError, match="It was killed"):
        run_one(slot, tmp_path)
    slot.connect()

    assert len(hired) == 2
    assert slot.url != first_url
    assert len(run_one(slot, tmp_path)) == 1


def test_a_worker_that_has_no_place_yet_is_asked_again_and_no_other_is_hired(hired: list[WorkerHere]) -> None:
    def refuse() -> str:
        raise UnreachableError("The Ray cluster has no free GPU for it.")

    def hire() -> WorkerHere:
        hired.append(WorkerHere(refuse))
        return hired[-1]

    slot = RaySlot("ray-1", hire, Limits())
    for _ in range(2):
        with pytest.raises(UnreachableError, match="no free GPU"):
            slot.connect()

    assert len(hired) == 1


@pytest.mark.parametrize(
    ("resources", "count", "slots"),
    [
        ({"GPU": 3.0, "CPU": 8.0}, None, 3),
        ({"GPU": 3.0, "CPU": 8.0}, 2, 2),
        ({"CPU": 8.0}, None, 2),
        ({"CPU": 1.0}, None, 1),
        ({"CPU": 2.0}, 5, 5),
        ({}, None, 1),
    ],
)
def test_a_cluster_gives_a_slot_a_gpu_or_else_a_few(resources: dict[str, float], count: int | None, slots: int) -> None:
    fleet = Fleet(SimpleNamespace(cluster_resources=lambda: resources), count, Limits())

    assert [slot.name for slot in fleet.slots] == [f"ray-{number}" for number in range(1, slots + 1)]


def test_a_gpu_that_is_there_twice_gets_a_slot_and_one_that_goes_and_comes_back_gets_none() -> None:
    resources = {"GPU": 2.0}
    fleet = Fleet(SimpleNamespace(cluster_resources=lambda: resources), None, Limits())
    found: list[list[str]] = []
    for gpus in (2.0, 3.0, 3.0, 1.0, 3.0, 3.0, 4.0, 3.0, 4.0, 4.0):
        resources["GPU"] = gpus
        found.append([slot.name for slot in fleet.find_slots()])

    assert found == [[], [], ["ray-3"], [], [], [], [], [], [], ["ray-4"]]


@pytest.mark.parametrize(("resources", "count"), [({"CPU": 2.0}, None), ({"GPU": 1.0}, 1)])
def test_a_number_that_was_asked_for_or_made_of_cpus_stays(resources: dict[str, float], count: int | None) -> None:
    fleet = Fleet(SimpleNamespace(cluster_resources=lambda: resources), count, Limits())
    resources["GPU"] = 8.0

    assert fleet.find_slots() == []


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "graph.json").write_text(json.dumps(GRAPH))
    (tmp_path / "jobs.csv").write_text("width\n1\n")
    return tmp_path


def test_ray_and_servers_dont_go_together(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "graph.json", "jobs.csv", "--ray", "--server", "127.0.0.1:1"]) == 2
    assert "--ray and --server don't go together" in capsys.readouterr().err


def test_without_ray_the_command_that_installs_it_is_told(
    table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr(os, "environ", dict(os.environ))

    assert main(["batch", "graph.json", "jobs.csv", "--ray"]) == 2
    assert f"{sys.executable} -m pip install 'ray>=2.60'" in capsys.readouterr().err


def test_a_cluster_that_nobody_serves_is_told_at_once(
    table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = SimpleNamespace(RayError=type("RayError", (Exception,), {}))
    fake = SimpleNamespace(shutdown=lambda: None, exceptions=errors)
    monkeypatch.setattr("talkingshorts.batch.ray.fleet._import_ray", lambda is_own: fake)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"

    assert main(["batch", "graph.json", "jobs.csv", "--ray", address]) == 5
    assert f"The Ray cluster {address} can't be joined: [Errno" in capsys.readouterr().err


def test_a_ctrl_c_while_ray_starts_waits_until_it_has(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[str] = []

    def init(*arguments: object, **options: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGINT)
        did.append("started")

    errors = SimpleNamespace(RayError=type("RayError", (Exception,), {}))
    fake = SimpleNamespace(init=init, shutdown=lambda: did.append("ended"), exceptions=errors)
    monkeypatch.setattr("talkingshorts.batch.ray.fleet._import_ray", lambda is_own: fake)
    before = signal.getsignal(signal.SIGTERM)

    assert main(["batch", "graph.json", "jobs.csv", "--ray"]) == 130
    assert did == ["started", "ended"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_message_of_rays_is_told_in_its_first_sentence() -> None:
    error = OSError(
        "The actor died.\n\tclass_name: X\nIts process was killed. Worker exit type: SYSTEM_ERROR. Or not.\n"
    )

    assert format_cause(error) == "Its process was killed."
    assert format_cause(OSError()) == "OSError"
