"""A batch on real ComfyUIs that Ray's actors own, while all that can be killed is killed at moments drawn by lot."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from support.fakes.ray_nodes import Nodes, start_nodes
from support.servers.managed_home import managed_home
from support.servers.small_graphs import add_hold_node, hold, slow_graph, write_graph
from support.waiting import wait_until
from talkingshorts.managed.keeper import __file__ as KEEPER
from talkingshorts.managed.server import command_line, read_state

ROWS = 16
FREE_ROWS = 6
GREY_STEP = 12
LANES = 2


class Batch:
    """The command, run as a user runs it, and the events that it has told so far."""

    def __init__(self, folder: Path, *ray: str, **environment: str) -> None:
        arguments = ["batch", "graph.json", "jobs.csv", "-o", "out/{row}{ext}", "--ray", *ray]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "talkingshorts", *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, Any]] = []
        self.words: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def rows(self, event: str) -> list[int]:
        return [told["row"] for told in self.events if told["event"] == event]

    def count(self, event: str) -> int:
        return sum(told["event"] == event for told in self.events)

    def wait_for(self, event: str, times: int) -> None:
        wait_until(lambda: self.count(event) >= times or not self._reader.is_alive())
        assert self.count(event) >= times, "".join(self.words)

    def kill(self) -> None:
        self.process.kill()
        self.finish()

    def finish(self) -> list[str]:
        """Return the lines of stdout, once the command has ended."""
        assert self.process.stdout is not None
        lines = self.process.stdout.read().splitlines()
        self.process.wait()
        self._reader.join()
        return lines

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("{"):
                self.events.append(json.loads(line))
            else:
                self.words.append(line)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with managed_home(tmp_path_factory.mktemp("ray"), TALKINGSHORTS_CACHE_GB="0") as folder:
        add_hold_node(folder / "base")
        yield folder


@pytest.fixture
def rows(home: Path, tmp_path: Path) -> Path:
    """Return a folder with a table whose rows make a picture each, of a grey of its own.

    Those that come after the first ones wait for the file `gate` in it.
    """
    gate = tmp_path / "gate"
    write_graph(tmp_path, hold(slow_graph("ray", 20), gate))
    lines = [
        f"{0x010101 * row * GREY_STEP},{tmp_path / 'jobs.csv' if row <= FREE_ROWS else gate}"
        for row in range(1, ROWS + 1)
    ]
    (tmp_path / "jobs.csv").write_text("\n".join(["1.color,5.gate", *lines]))
    return tmp_path


@pytest.fixture
def batch(rows: Path) -> Iterator[Callable[..., Batch]]:
    """Give what runs the batch of the table; in the end nothing is left of it."""
    begun: list[Batch] = []

    def run(*ray: str, **environment: str) -> Batch:
        begun.append(Batch(rows, *ray, **environment))
        return begun[-1]

    yield run
    for one in begun:
        one.process.kill()
        for folder in Path("/tmp").glob(f"ts-ray-{one.process.pid}-*"):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def nodes(home: Path) -> Iterator[Nodes]:
    """Give a cluster that starts while the test begins."""
    with start_nodes() as nodes:
        yield nodes


def list_slot_folders(home: Path) -> list[Path]:
    return sorted((home / "ray").glob("*"))


def actor_pid_of(folder: Path) -> int:
    state = read_state(folder)
    assert state is not None
    return int(Path(f"/proc/{state.keeper_pid}/stat").read_text().rpartition(")")[2].split()[1])


def comfyui_pid_of(folder: Path) -> int:
    state = read_state(folder)
    assert state is not None
    return state.pid


def list_own_processes(home: Path) -> list[str]:
    """Return the command lines of the ComfyUIs and keepers of this home."""
    lines = [command_line(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [line for line in lines if f"{home}/ray/" in line and ("main.py" in line or KEEPER in line)]


def read_row(picture: Path) -> int:
    """Return the row that a picture was made for, as its grey tells."""
    with av.open(str(picture)) as container:
        return round(int(next(container.decode(video=0)).to_ndarray(format="gray")[32, 32]) / GREY_STEP)


def test_each_row_is_made_once_whatever_is_killed(
    home: Path, rows: Path, batch: Callable[..., Batch], nodes: Nodes
) -> None:
    seed = random.randrange(1 << 16)
    print(f"The moments are drawn with seed {seed}.")
    chance = random.Random(seed)

    def at_some_moment(act: Callable[[], object]) -> None:
        time.sleep(chance.uniform(0.0, 1.5))
        act()

    first = batch("--ray-workers", "2")
    first.wait_for("row_done", 2)
    one, other = chance.sample(list_slot_folders(home), 2)
    at_some_moment(lambda: os.kill(actor_pid_of(one), signal.SIGKILL))
    at_some_moment(lambda: os.kill(comfyui_pid_of(other), signal.SIGKILL))
    first.wait_for("server_ready", 4)
    at_some_moment(first.kill)
    wait_until(lambda: not list_own_processes(home))

    (rows / "gate").touch()
    second = batch(nodes.wait_for_address(), **nodes.environment)
    second.wait_for("row_done", 1)
    at_some_moment(nodes.lose_one)
    paths = second.finish()

    assert second.process.returncode == 0, "".join(second.words)
    assert second.words == []
    assert sorted(paths) == sorted(f"out/{row}.png" for row in range(1, ROWS + 1))
    assert [read_row(rows / f"out/{row}.png") for row in range(1, ROWS + 1)] == list(range(1, ROWS + 1))
    assert len(list((rows / "out").iterdir())) == 2 * ROWS
    done, kept = first.rows("row_done") + second.rows("row_done"), second.rows("row_kept")
    assert sorted(done) == list(range(1, ROWS + 1))
    assert sorted(kept) == sorted(first.rows("row_done"))
    losses = 5  # slots that were lost: an actor, a ComfyUI, both of the killed run's, a node
    assert len(first.rows("created") + second.rows("created")) <= ROWS + losses * LANES
    assert list_own_processes(home) == []
