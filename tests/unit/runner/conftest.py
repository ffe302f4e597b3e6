"""Stand-ins for ComfyUI and for a host of models, each with folders of its own for the test that asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes.comfyui import GRAPH, FakeComfyUI, serve_fake_comfyui
from support.fakes.model_host import CONTENT, Shop, serve_models, write_checkout
from talkingshorts import home
from talkingshorts.comfyui import client
from talkingshorts.jobs import submit
from talkingshorts.models import download


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


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Return a checkout with models.json and no model file."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT", "TALKINGSHORTS_HOME", "COMFYUI_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-hub"))
    monkeypatch.setattr(home, "checkout_dir", lambda: tmp_path)
    monkeypatch.setattr(download, "MODEL_PAUSES_SECONDS", ())
    with serve_models() as host:
        files = [
            host.put("a.safetensors", CONTENT),
            host.put("b.safetensors", CONTENT[::-1], presets=("best", "fast")),
            host.put("c/config.json", b"{}", presets=("fast",), sha256=None),
        ]
        write_checkout(tmp_path, files)
        yield Shop(host, {file.name: file for file in files}, tmp_path)
