"""A stand-in for ComfyUI, and a home and a working folder of its own for each test that asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes.comfyui import GRAPH, FakeComfyUI, serve_fake_comfyui
from talkingshorts.comfyui import client
from talkingshorts.jobs import submit


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeComfyUI]:
    """Return the server that the environment names. Its graph lies in the working folder; no pause is made."""
    monkeypatch.setattr(client, "RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(submit, "POST_PAUSES_SECONDS", (0.0, 0.0))
    with serve_fake_comfyui() as comfyui:
        monkeypatch.setenv("TALKINGSHORTS_SERVER", comfyui.url)
        monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
        monkeypatch.delenv("TALKINGSHORTS_TOKEN", raising=False)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "w.api.json").write_text(json.dumps(GRAPH))
        yield comfyui
