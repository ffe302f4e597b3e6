"""`talkingshorts make` where there is no ComfyUI yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.command_line import run
from support.fakes.comfyui import FakeComfyUI, describe_nodes, serve_fake_comfyui
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


def make(fake: FakeComfyUI, *arguments: str) -> int:
    """Make a draft, and return the exit code."""
    fake.nodes = describe_nodes(json.loads((ROOT / "workflows" / "draft.api.json").read_text()))
    return run("make", "--script", "What a day.", "--server", fake.url, *arguments)


@pytest.fixture
def former(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a video that stands where a short goes to when nobody says where."""
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    path = Path("out/short.mp4")
    path.parent.mkdir()
    path.write_text("former")
    return path


def test_a_former_short_is_kept_where_none_was_asked_to_take_its_place(
    fake: FakeComfyUI, former: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(fake) == 0

    captured = capsys.readouterr()
    assert captured.out == "out/short.mp4\n"
    assert (
        "out/short.mp4 is there already: it will be kept as out/short-1.mp4. -o PATH names another place."
        in captured.err
    )
    assert (former.read_bytes(), Path("out/short-1.mp4").read_text()) == (b"picture", "former")


def test_a_file_that_is_named_is_written_over_and_that_is_said(
    fake: FakeComfyUI, former: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(fake, "-o", str(former)) == 0

    assert "out/short.mp4 is there already, and will be overwritten." in capsys.readouterr().err
    assert sorted(path.name for path in former.parent.iterdir()) == ["short.json", "short.mp4"]


def test_a_job_that_fails_leaves_all_as_it_was(fake: FakeComfyUI, former: Path) -> None:
    fake.status, fake.error = "failed", {"node_id": "2", "exception_type": "X", "exception_message": "no"}

    assert make(fake) == 4
    assert [path.name for path in former.parent.iterdir()] == ["short.mp4"]


def test_a_short_may_be_wider_than_high(fake: FakeComfyUI, former: Path) -> None:
    assert make(fake, "--landscape") == 0

    values = {
        node.get("_meta", {}).get("title"): node["inputs"].get("value") for node in fake.posted[0]["prompt"].values()
    }
    assert (values["width"], values["height"]) == (832, 480)
    assert make(fake, "--landscape", "--size", "480x832") == 2
