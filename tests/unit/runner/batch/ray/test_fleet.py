"""A slot that an actor owns, with the actor's own class in this process in place of a Ray."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.fakes.comfyui import GRAPH, FakeComfyUI, serve_fake_comfyui
from support.fakes.slots import WORKFLOW, make_jobs
from support.waiting import wait_until
from talkingshorts.batch.ray.fleet import Fleet, RaySlot, format_cause
from talkingshorts.batch.ray.tunnel import Tunnel
from talkingshorts.batch.ray.worker import CHUNK_BYTES, ComfyWorker, claim_folder
from talkingshorts.batch.state import BatchState, RowStore
from talkingshorts.cli.main import main
from talkingshorts.errors import UnreachableError
from talkingshorts.jobs.follow import Limits
from talkingshorts.jobs.request import bind
from talkingshorts.managed import server


class WorkerHere:
    """Calls a ComfyWorker as Ray does, on an event loop in a thread. A killed one answers nothing any more."""

    def __init__(self, start: Callable[[], str]) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._worker = ComfyWorker()
        self._start = start
        self._killed = threading.Event()
        self.has_died = False

    def kill(self) -> None:
        self._killed.set()

    def start(self) -> None:
        self._call(self._worker.start(lambda folder, say: self._start()))

    def wait_for_end(self) -> None:
        self._killed.wait()
        self.has_died = True
        raise UnreachableError("It was killed.")

    def stop(self) -> None:
        self.kill()

    def open(self) -> int:
        return self._call(self._worker.open())

    def send(self, number: int, data: bytes) -> None:
        self._call(self._worker.send(number, data))

    def receive(self, number: int) -> bytes:
        return self._call(self._worker.receive(number))

    def close(self, number: int) -> None:
        self._call(self._worker.close(number))

    def _call(self, answer: Coroutine[Any, Any, Any]) -> Any:
        if self._killed.is_set():
            answer.close()
            raise UnreachableError("It was killed.")
        return asyncio.run_coroutine_threadsafe(answer, self._loop).result(10)


@pytest.fixture
def comfyui() -> Iterator[FakeComfyUI]:
    with serve_fake_comfyui() as fake:
        yield fake


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


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


def serve_once(serve: Callable[[socket.socket], None]) -> str:
    """Return the address of a server that `serve`s one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with listener, listener.accept()[0] as connection:
            serve(connection)

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def started_worker(url: str) -> WorkerHere:
    worker = WorkerHere(lambda: url)
    worker.start()
    return worker


def connect(tunnel: Tunnel) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(tunnel.url.rpartition(":")[2])), timeout=10)


def test_a_job_runs_through_the_tunnel_and_its_file_lands_here(
    slot: RaySlot, comfyui: FakeComfyUI, tmp_path: Path
) -> None:
    slot.connect()

    assert slot.url != comfyui.url
    assert [Path(path).read_bytes() for path in run_one(slot, tmp_path)] == [b"picture"]
    assert len(comfyui.posted) == 1


def test_bytes_pass_both_ways_whole_and_in_order() -> None:
    sent = bytes(range(256)) * (5 * CHUNK_BYTES // 256) + b"end"

    def echo(connection: socket.socket) -> None:
        while data := connection.recv(CHUNK_BYTES):
            connection.sendall(data)

    tunnel = Tunnel(started_worker(serve_once(echo)))
    came = bytearray()
    with connect(tunnel) as connection:
        threading.Thread(target=connection.sendall, args=(sent,), daemon=True).start()
        while len(came) < len(sent):
            came += connection.recv(CHUNK_BYTES)
    tunnel.close("")

    assert bytes(came) == sent


def test_a_connection_that_comfyui_closes_is_closed_here() -> None:
    tunnel = Tunnel(started_worker(serve_once(lambda connection: connection.sendall(b"bye"))))

    with connect(tunnel) as connection:
        assert connection.makefile("rb").read() == b"bye"
    tunnel.close("")


def test_a_connection_that_is_closed_here_is_closed_at_comfyui() -> None:
    seen: list[bytes] = []
    is_over = threading.Event()

    def read(connection: socket.socket) -> None:
        seen.append(connection.makefile("rb").read())
        is_over.set()

    tunnel = Tunnel(started_worker(serve_once(read)))
    with connect(tunnel) as connection:
        connection.sendall(b"bye")
        wait_until(lambda: tunnel._connections)
    assert is_over.wait(10)
    tunnel.close("")

    assert seen == [b"bye"]


def test_a_killed_worker_ends_the_connections_at_once() -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"x")
        connection.recv(1)

    worker = started_worker(serve_once(greet))
    tunnel = Tunnel(worker)
    threading.Thread(target=RaySlot._watch, args=(worker, tunnel), daemon=True).start()
    with connect(tunnel) as connection:
        assert connection.recv(1) == b"x"
        worker.kill()

        assert connection.recv(1) == b""
    wait_until(lambda: tunnel.ending)
    assert tunnel.ending == "It was killed."


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


def test_a_comfyui_that_ended_is_started_again_by_its_worker(
    comfyui: FakeComfyUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[str] = []

    def start() -> str:
        starts.append(comfyui.url)
        return comfyui.url

    worker = WorkerHere(start)
    monkeypatch.setattr(server, "own_server_runs", lambda folder: True)
    worker.start()
    worker.start()
    assert len(starts) == 1

    monkeypatch.setattr(server, "own_server_runs", lambda folder: False)
    worker.start()
    assert len(starts) == 2


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


def test_workers_on_one_node_have_folders_of_their_own_and_a_freed_one_is_taken_again(home: Path) -> None:
    first, first_claim = claim_folder(home / "ray")
    second, second_claim = claim_folder(home / "ray")
    first_claim.close()
    third, third_claim = claim_folder(home / "ray")

    assert [folder.name for folder in (first, second, third)] == ["1", "2", "1"]
    second_claim.close()
    third_claim.close()


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
    assert "pip install 'talkingshorts[ray]'" in capsys.readouterr().err


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
