"""Ctrl-C in every phase cancels exactly the one job, and no other client's."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from support.fakes.faulty_proxy import FaultyProxy
from support.processes import CommandLine, start_runner
from support.servers.on_comfyui import ComfyUI, count_posts, post_as_another, read_status, saved_files, wait_for_status
from support.servers.small_graphs import held_graph, picture_graph, quick_graph, write_graph
from talkingshorts.managed.server import read_state


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_running_job_is_cancelled_and_the_one_behind_it_runs(
    comfyui: ComfyUI, tmp_path: Path, gate: Path, number: signal.Signals
) -> None:
    graph = write_graph(tmp_path, held_graph("cancel-running", gate))
    with start_runner(tmp_path, "run", graph, "--server", comfyui.url) as runner:
        runner.wait_for_event("node_started")
        other = post_as_another(comfyui, quick_graph("cancel-other"))
        runner.signal(number)

        assert runner.wait() == 130
        assert "The job was cancelled." in runner.error
    assert read_status(comfyui, runner.job_id) == "cancelled"
    wait_for_status(comfyui, other, "completed")
    assert saved_files(comfyui, "cancel-running") == []


def test_a_waiting_job_is_cancelled_and_the_running_one_of_another_client_is_not(
    comfyui: ComfyUI, tmp_path: Path, gate: Path
) -> None:
    running = post_as_another(comfyui, held_graph("cancel-ahead", gate))
    graph = write_graph(tmp_path, quick_graph("cancel-queued"))
    with start_runner(tmp_path, "run", graph, "--server", comfyui.url) as runner:
        assert runner.wait_for_event("queued")["jobs_ahead"] == 1
        behind = post_as_another(comfyui, quick_graph("cancel-behind"))
        runner.signal(signal.SIGINT)

        assert runner.wait() == 130
        assert "The job was cancelled." in runner.error
    assert read_status(comfyui, runner.job_id) is None
    assert read_status(comfyui, running) == "in_progress"
    gate.touch()
    wait_for_status(comfyui, running, "completed")
    wait_for_status(comfyui, behind, "completed")
    assert saved_files(comfyui, "cancel-queued") == []


def test_an_interrupted_upload_submits_nothing(comfyui: ComfyUI, proxy: FaultyProxy, tmp_path: Path) -> None:
    Image.new("RGB", (16, 16), "navy").save(tmp_path / "a.png")
    graph = write_graph(tmp_path, picture_graph("cancel-upload"))
    posts = count_posts(comfyui)
    proxy.bytes_per_second, proxy.slow_path = 1, "/upload"
    with start_runner(tmp_path, "run", graph, "-i", "1.image=a.png", "--server", proxy.url) as runner:
        proxy.wait_for("POST", "/upload/image")
        runner.signal(signal.SIGINT)

        assert runner.wait() == 130
        assert "Nothing was submitted." in runner.error
    assert count_posts(comfyui) == posts


def test_an_interrupted_download_leaves_no_file_and_can_be_fetched(
    comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine
) -> None:
    folder = talkingshorts.folder
    proxy.bytes_per_second, proxy.slow_path = 20, "/view"
    graph = write_graph(folder, quick_graph("cancel-download"))
    with start_runner(folder, "run", graph, "-o", "new/x.png", "--server", proxy.url) as runner:
        proxy.wait_for("GET", "/view")
        runner.signal(signal.SIGINT)

        assert runner.wait() == 130
        assert f"`talkingshorts fetch {runner.job_id}`" in runner.error
    assert list((folder / "new").iterdir()) == []
    proxy.bytes_per_second = None

    assert talkingshorts("fetch", runner.job_id).paths == [folder / "new" / "x.png"]
    assert (folder / "new" / "x.png").read_bytes() == saved_files(comfyui, "cancel-download")[0].read_bytes()


@contextlib.contextmanager
def hung(comfyui: ComfyUI) -> Iterator[None]:
    """Let the server's process stand still for the length of the block."""
    state = read_state(comfyui.base.parent / "server")
    assert state is not None
    os.kill(state.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(state.pid, signal.SIGCONT)


def test_a_hung_server_keeps_nobody_waiting_and_the_job_can_be_cancelled_later(
    comfyui: ComfyUI, talkingshorts: CommandLine, gate: Path
) -> None:
    arguments = ("run", write_graph(talkingshorts.folder, held_graph("cancel-hung", gate)), "--server", comfyui.url)
    with (
        start_runner(talkingshorts.folder, *arguments) as interrupted,
        start_runner(talkingshorts.folder, *arguments) as interrupted_twice,
        start_runner(talkingshorts.folder, *arguments, "--idle-timeout", "3") as limited,
    ):
        runners = (interrupted, interrupted_twice, limited)
        for runner in runners:
            runner.wait_for_event("submitted")
        with hung(comfyui):
            interrupted.signal(signal.SIGINT)
            interrupted_twice.signal(signal.SIGINT)
            assert "Ctrl-C again" in interrupted_twice.wait_for_event("notice")["text"]
            interrupted_twice.signal(signal.SIGINT)

            assert [runner.wait() for runner in runners] == [130, 130, 6]
    for runner in runners:
        assert f"`talkingshorts cancel {runner.job_id}`" in runner.error
        assert talkingshorts("cancel", runner.job_id).code in {0, 7}
        assert read_status(comfyui, runner.job_id) in {None, "cancelled"}
    assert "Nothing was heard from the server for 3 s" in limited.error
    assert saved_files(comfyui, "cancel-hung") == []
