"""Whatever happens between the runner and ComfyUI, a job is done exactly once, or the exit code says why it isn't."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import requests
from PIL import Image
from support.fakes.faulty_proxy import FaultyProxy, serve_faulty_proxy
from support.processes import CommandLine, Runner, start_runner
from support.servers.on_comfyui import ComfyUI, count_posts, saved_files
from support.servers.small_graphs import (
    add_hold_node,
    held_graph,
    picture_graph,
    quick_graph,
    slow_graph,
    write_graph,
)
from support.shorts import decode, read_result
from support.waiting import wait_until
from talkingshorts import home
from talkingshorts.managed import server


@pytest.mark.parametrize("kind", ["dropped", "silent", "refused", "deaf"])
def test_a_job_is_done_once_whatever_the_progress_socket_does(
    comfyui: ComfyUI,
    proxy: FaultyProxy,
    talkingshorts: CommandLine,
    kind: Literal["dropped", "silent", "refused", "deaf"],
) -> None:
    proxy.progress_socket = kind
    posts = count_posts(comfyui)
    graph = write_graph(talkingshorts.folder, slow_graph(f"wire-{kind}", steps=120))

    done = talkingshorts("run", graph, "-o", "x.png", "--server", proxy.url, "--idle-timeout", "2")

    assert (done.code, done.stdout) == (0, "x.png\n"), done.stderr
    assert count_posts(comfyui) == posts + 1
    assert len(saved_files(comfyui, f"wire-{kind}")) == 1


def test_a_short_is_made_once_over_a_wire_on_which_everything_goes_wrong(
    comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine
) -> None:
    proxy.fails_every = 3
    proxy.progress_socket = "dropped"
    proxy.truncated_downloads = 2
    posts = count_posts(comfyui)

    done = talkingshorts("make", "--script", "Hi", "--size", "64x96", "--server", proxy.url)

    assert done.code == 0, done.stderr
    assert count_posts(comfyui) == posts + 1
    short = done.paths[0]
    assert len(decode(short).frames) == read_result(short)["files"][0]["frames"]


def test_a_job_whose_answer_was_lost_is_not_posted_again(
    comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine
) -> None:
    proxy.lost_answers["POST /prompt"] = 1
    posts = count_posts(comfyui)

    assert talkingshorts("run", write_graph(talkingshorts.folder, quick_graph("w")), "--server", proxy.url).code == 0
    assert (count_posts(comfyui), proxy.count("POST", "/prompt")) == (posts + 1, 1)


def test_a_job_that_did_not_arrive_is_posted_again(
    comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine
) -> None:
    proxy.lost_requests["POST /prompt"] = 1
    posts = count_posts(comfyui)

    assert talkingshorts("run", write_graph(talkingshorts.folder, quick_graph("w")), "--server", proxy.url).code == 0
    assert (count_posts(comfyui), proxy.count("POST", "/prompt")) == (posts + 1, 2)


def test_a_slow_wire_is_only_slow(comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine) -> None:
    proxy.bytes_per_second = 20_000
    posts = count_posts(comfyui)

    assert talkingshorts("run", write_graph(talkingshorts.folder, quick_graph("w")), "--server", proxy.url).code == 0
    assert count_posts(comfyui) == posts + 1


def test_a_truncated_download_is_taken_up_and_never_left_under_its_name(
    comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine
) -> None:
    folder = talkingshorts.folder
    noise = Image.frombytes("RGB", (100, 100), os.urandom(30_000))
    noise.save(folder / "noise.png")
    arguments = ("run", write_graph(folder, picture_graph("wire-cut")), "-i", "1.image=noise.png")
    proxy.truncated_downloads = 1000

    failed = talkingshorts(*arguments, "-o", "new/x.png", "--server", proxy.url)

    assert failed.code == 5
    assert "The download of wire-cut_00001_.png was interrupted." in failed.stderr
    assert list((folder / "new").iterdir()) == []
    proxy.truncated_downloads = 2
    job_id = failed.stderr.split("talkingshorts fetch ")[1].split("`")[0]
    assert talkingshorts("fetch", job_id).stdout == "new/x.png\n"
    assert proxy.truncated_downloads == 0
    assert (folder / "new" / "x.png").read_bytes() == saved_files(comfyui, "wire-cut")[0].read_bytes()


def is_noted(runner: Runner, state: str) -> bool:
    record = home.home_dir() / "jobs" / f"{runner.job_id}.json"
    return f'"state": "{state}"' in record.read_text()


def test_a_runner_killed_during_the_upload_leaves_no_job(
    comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine
) -> None:
    Image.new("RGB", (16, 16), "navy").save(talkingshorts.folder / "a.png")
    proxy.bytes_per_second, proxy.slow_path = 1, "/upload"
    posts = count_posts(comfyui)
    graph = write_graph(talkingshorts.folder, picture_graph("w"))
    with start_runner(talkingshorts.folder, "run", graph, "-i", "1.image=a.png", "--server", proxy.url) as runner:
        proxy.wait_for("POST", "/upload/image")
        runner.kill()

        assert [event["event"] for event in runner.events] == ["uploading"]
    assert count_posts(comfyui) == posts


def test_a_job_whose_runner_was_killed_before_it_was_posted_is_submitted_once_on_demand(
    comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine
) -> None:
    proxy.lost_requests["POST /prompt"] = 99
    posts = count_posts(comfyui)
    graph = write_graph(talkingshorts.folder, quick_graph("w"))
    with start_runner(talkingshorts.folder, "run", graph, "-o", "x.png", "--server", proxy.url) as runner:
        proxy.wait_for("POST", "/prompt")
        assert is_noted(runner, "created")
        runner.kill()
    waited = talkingshorts("wait", runner.job_id)
    assert waited.code == 7
    assert f"`talkingshorts wait {runner.job_id} --resubmit`" in waited.stderr
    proxy.lost_requests.clear()

    assert talkingshorts("wait", runner.job_id, "--resubmit").stdout == "x.png\n"
    assert talkingshorts("wait", runner.job_id, "--resubmit").stdout == "x.png\n"
    assert count_posts(comfyui) == posts + 1


def test_a_job_whose_runner_was_killed_before_the_answer_came_is_waited_for(
    comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine
) -> None:
    proxy.bytes_per_second, proxy.slow_path = 1, "/prompt"
    posts = count_posts(comfyui)
    graph = write_graph(talkingshorts.folder, quick_graph("w"))
    with start_runner(talkingshorts.folder, "run", graph, "-o", "x.png", "--server", proxy.url) as runner:
        wait_until(lambda: count_posts(comfyui) > posts)
        assert is_noted(runner, "created")
        runner.kill()

    assert talkingshorts("wait", runner.job_id).stdout == "x.png\n"
    assert count_posts(comfyui) == posts + 1


@pytest.mark.parametrize("phase", ["queued", "started"])
def test_a_job_whose_runner_was_killed_while_it_waited_or_ran_is_waited_for(
    comfyui: ComfyUI, talkingshorts: CommandLine, gate: Path, phase: str
) -> None:
    posts = count_posts(comfyui)
    folder = talkingshorts.folder
    with contextlib.ExitStack() as stack:
        if phase == "queued":
            ahead = write_graph(folder, held_graph("w", gate), "ahead.json")
            stack.enter_context(start_runner(folder, "run", ahead, "--server", comfyui.url)).wait_for_event("started")
        graph = write_graph(folder, held_graph(f"wire-{phase}", gate))
        runner = stack.enter_context(start_runner(folder, "run", graph, "-o", "x.png", "--server", comfyui.url))
        runner.wait_for_event(phase)
        runner.kill()

        assert talkingshorts("fetch", runner.job_id).code == 3
        gate.touch()
        assert talkingshorts("wait", runner.job_id).stdout == "x.png\n"
    assert count_posts(comfyui) == posts + (2 if phase == "queued" else 1)
    assert len(saved_files(comfyui, f"wire-{phase}")) == 1


def test_a_result_whose_runner_was_killed_while_it_downloaded_is_fetched(
    comfyui: ComfyUI, proxy: FaultyProxy, talkingshorts: CommandLine
) -> None:
    proxy.bytes_per_second, proxy.slow_path = 64, "/view"
    folder = talkingshorts.folder
    graph = write_graph(folder, quick_graph("wire-killed"))
    with start_runner(folder, "run", graph, "-o", "new/x.png", "--server", proxy.url) as runner:
        wait_until(lambda: list((folder / "new").glob(".*.partial")))
        runner.kill()
    assert not (folder / "new" / "x.png").exists()
    proxy.bytes_per_second = None

    assert talkingshorts("fetch", runner.job_id).stdout == "new/x.png\n"
    assert sorted(path.name for path in (folder / "new").iterdir()) == ["x.json", "x.png"]


@dataclass(frozen=True)
class Aftermath:
    """What became of the jobs of a server that was killed with -9 and restarted; `managed` ones started it."""

    managed: Runner
    managed_again: Runner
    named: Runner
    named_again: Runner
    restarted: ComfyUI

    def saved(self, runner: Runner) -> int:
        """Return how many files the job saved, before or after the restart."""
        prefix = next(name for name, value in vars(self).items() if value is runner)
        return len(saved_files(self.restarted, prefix.replace("_", "-")))


@pytest.fixture(scope="module")
def aftermath(comfyui: ComfyUI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as environment, contextlib.ExitStack() as stack:
        environment.setenv("TALKINGSHORTS_HOME", str(folder / "home"))
        stack.callback(server.stop_server)
        add_hold_node(folder / "home" / "base")
        proxy = stack.enter_context(serve_faulty_proxy(server.ensure_server(print)))

        def start(name: str, *options: str) -> Runner:
            graph = held_graph(name, folder / "gate") if name == "managed" else quick_graph(name)
            path = write_graph(folder, graph, f"{name}.json")
            runner = stack.enter_context(start_runner(folder, "run", path, "-o", f"{name}.png", *options))
            runner.wait_for_event("submitted")
            return runner

        managed = start("managed")
        managed.wait_for_event("node_started")
        managed_again = start("managed-again", "--resubmit")
        named = start("named", "--server", proxy.url)
        named_again = start("named-again", "--server", proxy.url, "--resubmit")
        state = server.read_state(folder / "home" / "server")
        assert state is not None
        os.kill(state.pid, signal.SIGKILL)
        wait_until(lambda: (url := server.find_server()) is not None and url != proxy.target)
        proxy.target = server.find_server() or ""
        for runner in (managed, managed_again, named, named_again):
            runner.wait()
        yield Aftermath(managed, managed_again, named, named_again, ComfyUI(proxy.target, folder / "home" / "base"))


@pytest.mark.parametrize("name", ["managed", "named"])
def test_a_job_is_reported_lost_when_its_server_was_killed(aftermath: Aftermath, name: str) -> None:
    runner: Runner = getattr(aftermath, name)

    assert runner.wait() == 7
    assert "The job is lost" in runner.error
    assert f"`talkingshorts wait {runner.job_id} --resubmit`" in runner.error
    assert aftermath.saved(runner) == 0


@pytest.mark.parametrize("name", ["managed_again", "named_again"])
def test_a_lost_job_is_resubmitted_to_the_restarted_server_and_done_once(aftermath: Aftermath, name: str) -> None:
    runner: Runner = getattr(aftermath, name)

    assert runner.wait() == 0, runner.stderr
    assert aftermath.saved(runner) == 1
    created = [event["job_id"] for event in runner.events if event["event"] == "created"]
    known = requests.get(f"{aftermath.restarted.url}/history", timeout=30).json()
    assert len(created) == 2
    assert created[0] not in known
    assert created[1] in known
