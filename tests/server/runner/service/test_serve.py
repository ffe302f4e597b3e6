"""The service as its callers meet it: a process of its own, on a real ComfyUI, killed in the middle."""

from __future__ import annotations

import contextlib
import io
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
import requests
from support.processes import CommandLine, Runner, start_runner
from support.servers.on_comfyui import ComfyUI
from support.waiting import wait_until

SHORT = {"script": "Hello there.", "quality": "draft", "size": "128x224"}
Start = Callable[[], contextlib.AbstractContextManager[Runner]]


def find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def url() -> str:
    return f"http://127.0.0.1:{find_free_port()}"


@pytest.fixture
def start(comfyui: ComfyUI, tmp_path: Path, url: str) -> Start:
    """Return what runs the service for the length of a block."""

    @contextlib.contextmanager
    def run() -> Iterator[Runner]:
        options = ("--server", comfyui.url, "--port", url.rpartition(":")[2], "--data", "data")
        with start_runner(tmp_path, "serve", *options) as service:
            wait_until(lambda: is_ready(url) or service.process.poll() is not None)
            yield service

    return run


def is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def place(url: str, **fields: str | int) -> dict[str, Any]:
    answer = requests.post(f"{url}/v1/jobs", json={"short": {**SHORT, **fields}}, timeout=30)
    assert answer.status_code == 202, answer.text
    return answer.json()


def wait(url: str, job: dict[str, Any]) -> dict[str, Any]:
    while (now := requests.get(f"{url}/v1/jobs/{job['id']}?wait=60", timeout=90).json())["ended"] is None:
        pass
    return now


def test_a_short_is_ordered_watched_and_fetched(start: Start, url: str) -> None:
    with start():
        ended = wait(url, place(url))
        (file,) = ended["result"]["files"]
        video = requests.get(url + file["url"], timeout=30).content

    with av.open(io.BytesIO(video)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.frames) == (128, 224, file["frames"])
        assert len(container.streams.audio) == 1


def test_jobs_outlast_a_killed_service_and_each_is_made_once(
    start: Start, url: str, comfyui: ComfyUI, tmp_path: Path
) -> None:
    with start() as service:
        jobs = [place(url, seed=seed, script=f"This is number {seed}.") for seed in range(6)]
        wait_until(lambda: requests.get(f"{url}/v1/jobs/{jobs[0]['id']}", timeout=5).json()["started"])
        service.kill()
    with start():
        ended = [wait(url, job) for job in jobs]

    assert [job["state"] for job in ended] == ["succeeded"] * 6
    assert len(list((tmp_path / "data" / "results").glob("*/*.mp4"))) == 6


def test_a_service_that_is_told_to_end_does_and_its_job_goes_on(start: Start, url: str) -> None:
    with start() as service:
        job = place(url, script="This one goes on after the service has ended. " * 4)
        wait_until(lambda: requests.get(f"{url}/v1/jobs/{job['id']}", timeout=5).json()["started"])
        service.signal(signal.SIGTERM)
        assert service.wait() in (0, 130)
    with start():
        assert wait(url, job)["state"] == "succeeded"


def test_a_second_service_on_the_same_data_is_refused(
    start: Start, url: str, comfyui: ComfyUI, talkingshorts: CommandLine
) -> None:
    with start():
        other = talkingshorts("serve", "--server", comfyui.url, "--port", str(find_free_port()), "--data", "data")

    assert (other.code, other.stderr.count("in use by another service")) == (2, 1)


def test_an_address_that_is_taken_is_told(start: Start, url: str, comfyui: ComfyUI, talkingshorts: CommandLine) -> None:
    with start():
        other = talkingshorts("serve", "--server", comfyui.url, "--port", url.rpartition(":")[2], "--data", "other")

    assert (other.code, "Address already in use. Give another --host or --port." in other.stderr) == (2, True)


def test_without_keys_it_is_for_this_machine_alone(talkingshorts: CommandLine) -> None:
    refused = talkingshorts("serve", "--host", "0.0.0.0")

    assert (refused.code, "talkingshorts keys add NAME" in refused.stderr) == (2, True)
