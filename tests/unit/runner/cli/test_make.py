"""`talkingshorts make` where there is no ComfyUI yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes.comfyui import FakeComfyUI, serve_fake_comfyui
from talkingshorts import home
from talkingshorts.cli.main import main
from talkingshorts.errors import UnreachableError
from talkingshorts.managed import install


@pytest.fixture
def fake() -> Iterator[FakeComfyUI]:
    with serve_fake_comfyui() as comfyui:
        yield comfyui


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what grows with each installation, for a runner without a checkout and without a ComfyUI."""
    installed: list[str] = []

    def install_server(say: object) -> None:
        installed.append("ComfyUI")
        raise UnreachableError("That is all of the test.")

    for name in ("COMFYUI_DIR", "COMFYUI_PYTHON", "TALKINGSHORTS_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(home, "comfyui_dir", lambda: tmp_path / "home" / "ComfyUI")
    monkeypatch.setattr(install, "install_server", install_server)
    monkeypatch.chdir(tmp_path)
    return installed


def test_with_yes_it_installs_one_first(installed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make", "--script", "Hello", "--yes"]) == 5

    assert installed == ["ComfyUI"]
    assert "That is all of the test." in capsys.readouterr().err


def test_without_yes_it_names_the_remedy(installed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make", "--script", "Hello"]) == 5

    assert installed == []
    assert "ComfyUI isn't set up" in capsys.readouterr().err


def test_what_is_wrong_with_the_short_is_told_before_anything_is_installed(installed: list[str]) -> None:
    assert main(["make", "--script", " ", "--yes"]) == 3

    assert installed == []


def test_on_a_named_server_nothing_is_installed(installed: list[str], fake: FakeComfyUI) -> None:
    main(["make", "--script", "Hello", "--yes", "--server", fake.url])

    assert installed == []
