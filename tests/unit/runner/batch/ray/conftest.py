"""A stand-in for the ComfyUI that a worker starts, and a home of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes.comfyui import FakeComfyUI, serve_fake_comfyui


@pytest.fixture
def comfyui() -> Iterator[FakeComfyUI]:
    with serve_fake_comfyui() as fake:
        yield fake


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"
