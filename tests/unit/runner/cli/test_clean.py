import io
import json
import sys
from pathlib import Path

import pytest
from support.command_line import run


@pytest.fixture(autouse=True)
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a finished stage that is kept in a home of its own."""
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    path = tmp_path / "base" / "user" / "talkingshorts" / "outputs" / "a.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(2_000_000))
    return path


def test_what_may_go_is_only_listed(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("clean", "--days", "0") == 0

    captured = capsys.readouterr()
    assert captured.out.split() == ["2.0", "MB", "1", "finished", "stages", str(stage.parent)]
    assert captured.err == "Nothing was removed. To remove 2.0 MB: talkingshorts clean --days 0 --yes\n"
    assert stage.exists()


def test_it_is_removed_when_that_is_confirmed(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("clean", "--days", "0", "--yes") == 0

    assert "Removed: 2.0 MB." in capsys.readouterr().err
    assert not stage.exists()


@pytest.mark.parametrize(("answer", "is_removed"), [("y\n", True), ("\n", False), ("", False)])
def test_a_person_is_asked(stage: Path, monkeypatch: pytest.MonkeyPatch, answer: str, is_removed: bool) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)

    assert run("clean", "--days", "0") == 0
    assert stage.exists() != is_removed


def test_nothing_to_remove_is_said(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("clean") == 0

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Nothing has gone unused for 7 days, so there is nothing to remove. --days 0" in captured.err


def test_programs_get_an_object_a_line(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("clean", "--days", "0", "--json") == 0

    assert json.loads(capsys.readouterr().out) == {
        "kind": "finished stages",
        "folder": str(stage.parent),
        "count": 1,
        "bytes": 2_000_000,
    }


@pytest.mark.parametrize("days", ["-1", "x"])
def test_a_number_of_days_that_is_none_is_a_usage_error(days: str) -> None:
    assert run("clean", "--days", days) == 2
