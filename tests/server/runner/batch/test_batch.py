"""A batch on two real ComfyUIs: whatever is killed or stopped, each row is made once, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.processes import Runner, start_runner
from support.servers.managed_home import managed_home
from support.servers.on_comfyui import ComfyUI, count_jobs, post_as_another, read_status, wait_for_status
from support.servers.small_graphs import slow_graph, write_graph
from support.waiting import wait_until
from talkingshorts.managed.server import ensure_server, read_state, stop_server

COLOR_STEP = 0x050301


@pytest.fixture(scope="module")
def second(comfyui: ComfyUI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyUI]:
    """Return another real ComfyUI."""
    home = tmp_path_factory.mktemp("second")
    with managed_home(home, TALKINGSHORTS_CACHE_GB="0"):
        yield ComfyUI(ensure_server(print), home / "base")


class Table:
    """Rows for a graph that takes some tenths of a second, each with a colour of its own, in a folder."""

    def __init__(self, folder: Path, name: str, rows: int, steps: int = 12) -> None:
        self.folder = folder
        self.name = name
        self.rows = rows
        write_graph(folder, slow_graph(name, steps))
        colors = [f"{COLOR_STEP * row}\n" for row in range(1, rows + 1)]
        (folder / "jobs.csv").write_text("".join(["EmptyImage#1.color\n", *colors]))

    def arguments(self, *servers: ComfyUI) -> list[str]:
        named = [word for server in servers for word in ("--server", server.url)]
        return ["batch", "graph.json", "jobs.csv", "-o", "out/{row}{ext}", *named]

    def require_made(self) -> None:
        """Each row's picture has its own colour, and a report beside it that names the job it came from."""
        for row in range(1, self.rows + 1):
            with Image.open(self.folder / "out" / f"{row}.png") as picture:
                made = picture.convert("RGB").tobytes()[:3]
            wanted = (COLOR_STEP * row).to_bytes(3, "big")
            assert all(abs(one - other) <= 1 for one, other in zip(made, wanted, strict=True)), row
        reports = [json.loads((self.folder / "out" / f"{row}.json").read_text()) for row in range(1, self.rows + 1)]
        assert len({report["prompt_id"] for report in reports}) == self.rows

    def count_saved(self, *servers: ComfyUI) -> int:
        """Return how many files the servers saved for all rows."""
        return sum(len(list((server.base / "output").glob(f"{self.name}_*"))) for server in servers)


def rows_told(runner: Runner, kind: str) -> Counter[int]:
    return Counter(event["row"] for event in runner.events if event["event"] == kind)


def results_of(events: list[dict[str, Any]]) -> list[str]:
    kept_or_done = [event for event in events if event["event"] in ("row_kept", "row_done")]
    return [file for event in sorted(kept_or_done, key=lambda event: event["row"]) for file in event["files"]]


def test_each_row_is_made_once_however_often_the_command_is_killed(
    comfyui: ComfyUI, second: ComfyUI, tmp_path: Path
) -> None:
    table = Table(tmp_path, "batch-killed", rows=24)
    jobs = count_jobs(comfyui) + count_jobs(second)
    arguments = table.arguments(comfyui, second)
    for kind in ("created", "submitted", "started", "node_started", "ended", "result", "row_done", "batch_progress"):
        with start_runner(tmp_path, *arguments) as runner:
            runner.wait_for_event(kind)
            runner.kill()

    with start_runner(tmp_path, *arguments) as runner:
        assert runner.wait() == 0, runner.stderr

    table.require_made()
    assert table.count_saved(comfyui, second) == table.rows
    assert count_jobs(comfyui) + count_jobs(second) - jobs == table.rows
    assert results_of(runner.events) == [f"out/{row}.png" for row in range(1, table.rows + 1)]


def test_a_second_run_at_the_same_time_is_refused_and_disturbs_nothing(comfyui: ComfyUI, tmp_path: Path) -> None:
    table = Table(tmp_path, "batch-twice", rows=2, steps=40)
    with start_runner(tmp_path, *table.arguments(comfyui)) as runner:
        runner.wait_for_event("submitted")
        with start_runner(tmp_path, *table.arguments(comfyui)) as other:
            assert other.wait() == 2
            assert "in use by another run of this batch" in other.error
        assert runner.wait() == 0
    assert table.count_saved(comfyui) == table.rows


def test_a_ctrl_c_cancels_the_batchs_own_jobs_only_and_the_next_run_goes_on(comfyui: ComfyUI, tmp_path: Path) -> None:
    table = Table(tmp_path, "batch-stopped", rows=2, steps=50)
    with start_runner(tmp_path, *table.arguments(comfyui)) as runner:
        wait_until(lambda: len(rows_told(runner, "submitted")) == 2)
        runner.wait_for_event("node_started")
        another = post_as_another(comfyui, slow_graph("batch-another", 2))
        runner.signal(signal.SIGINT)

        assert runner.wait() == 130
        assert "are left: run the same command to go on." in runner.error
    mine = [event["job_id"] for event in runner.events if event["event"] == "submitted"]
    assert {read_status(comfyui, job_id) for job_id in mine} & {"pending", "in_progress"} == set()
    wait_for_status(comfyui, another, "completed")

    with start_runner(tmp_path, *table.arguments(comfyui)) as runner:
        assert runner.wait() == 0
    table.require_made()
    assert table.count_saved(comfyui) == table.rows


def test_only_what_ran_on_a_killed_server_runs_again_and_that_on_the_other(
    comfyui: ComfyUI, second: ComfyUI, tmp_path: Path
) -> None:
    table = Table(tmp_path, "batch-lost", rows=8, steps=20)
    state = read_state(second.base.parent / "server")
    assert state is not None
    name = second.url.removeprefix("http://")
    with start_runner(tmp_path, *table.arguments(comfyui, second)) as runner:
        runner.wait_for_event("row_done", server=name)
        os.kill(state.pid, signal.SIGKILL)
        runner.wait_for_event("server_lost", server=name)

        assert runner.wait() == 0, runner.stderr
    table.require_made()
    created = rows_told(runner, "created")
    again = {row for row, times in created.items() if times > 1}
    assert again == set(rows_told(runner, "row_put_back"))
    assert 1 <= len(again) <= 2
    assert set(created.values()) <= {1, 2}
    assert table.rows <= table.count_saved(comfyui, second) <= table.rows + len(again)
    stop_server()
