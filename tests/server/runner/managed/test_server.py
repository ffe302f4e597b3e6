import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.checkout import RUNNER
from talkingshorts import home
from talkingshorts.managed import keeper, server


@pytest.fixture
def fresh_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TALKINGSHORTS_IDLE_MINUTES", raising=False)
    yield tmp_path / "home"
    server.stop_server()


def url_seen_by_another_process() -> str:
    program = "from talkingshorts.managed import server; print(server.ensure_server(lambda line: None))"
    runner = RUNNER
    done = subprocess.run([sys.executable, "-c", program], cwd=runner, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def get(url: str) -> dict:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
        return json.load(answer)


def nobody_listens(url: str) -> bool:
    return keeper.jobs_waiting(urlsplit(url).port or 0) is None


def test_comfyui_is_started_shared_and_stopped(fresh_home: Path) -> None:
    said: list[str] = []
    url = server.ensure_server(said.append)
    assert [line for line in said if "couldn't load the node pack" in line] == []
    assert get(f"{url}/system_stats")["system"]["comfyui_version"]
    assert "TalkingShortsYouTubeVoice" in get(f"{url}/object_info/TalkingShortsYouTubeVoice")
    assert url_seen_by_another_process() == url
    assert server.find_server() == url
    assert server.stop_server() is True
    assert server.find_server() is None
    assert nobody_listens(url)


def test_comfyui_ends_when_nobody_uses_it(fresh_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_IDLE_MINUTES", "0.02")
    url = server.ensure_server(print)
    state = server.read_state(home.home_dir() / "server")
    assert state is not None
    while server.command_line(state.keeper_pid):
        time.sleep(0.1)
    assert server.command_line(state.pid) == ""
    assert nobody_listens(url)
