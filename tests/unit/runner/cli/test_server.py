"""`talkingshorts server`; what it installs is in managed/test_install.py."""

import io
import json
from pathlib import Path

import pytest
from support.command_line import run
from support.fakes.comfyui import FakeComfyUI
from talkingshorts import home
from talkingshorts.cli.main import main
from talkingshorts.managed import install, server


class Terminal(io.StringIO):
    """Stands for a keyboard that types one answer."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what grows with each installation."""
    installed: list[str] = []
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path))
    for name in ("COMFYUI_DIR", "COMFYUI_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(home, "checkout_dir", lambda: None)
    monkeypatch.setattr(install, "install_server", lambda say: installed.append("ComfyUI"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return installed


def test_where_comfyui_is_installed_is_the_answer_as_text_or_json(
    installed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["server", "install"]) == main(["server", "install", "--json"]) == 0

    text, line = capsys.readouterr().out.splitlines()
    assert text == str(tmp_path / "ComfyUI")
    assert json.loads(line) == {"comfyui": text, "python": str(tmp_path / "env" / "bin" / "python")}
    assert len(installed) == 2


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("Yes\n", 0), ("\n", 130), ("", 130), ("no\n", 130)])
def test_at_a_terminal_it_asks_first(
    answer: str, code: int, installed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))

    assert main(["server", "install"]) == code

    assert "6.5 GB" in capsys.readouterr().err
    assert bool(installed) == (code == 0)


def test_with_yes_it_does_not_ask(installed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("no\n"))

    assert main(["server", "install", "--yes"]) == 0
    assert installed


def test_in_a_checkout_it_names_what_installs_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["server", "install", "--yes"]) == 1
    assert "`make setup`" in capsys.readouterr().err


def test_the_servers_address_is_the_answer_as_text_or_json(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "find_server", lambda: fake.url)

    assert run("server", "status") == run("server", "status", "--json") == 0

    text, line = capsys.readouterr().out.splitlines()
    assert text == fake.url
    assert json.loads(line) == {"url": fake.url}


def test_no_running_server_ends_with_5(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "find_server", lambda: None)

    assert run("server", "status") == 5
    assert capsys.readouterr().out == ""
