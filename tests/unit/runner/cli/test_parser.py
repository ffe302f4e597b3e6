import subprocess
import sys

import pytest
from support.checkout import RUNNER
from support.command_line import run

HEAVY = {
    *("requests", "urllib3", "websocket", "asyncio", "ssl", "http", "sqlite3", "email", "numpy"),
    *("argcomplete", "dataclasses", "fsspec", "mutagen", "ray", "rich"),
}
NEEDED_TO_COMPLETE = {"argcomplete", "dataclasses"}


def list_loaded(code: str) -> set[str]:
    """Return the top-level modules that are loaded once a Python has run the code."""
    tell = "import sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"], cwd=RUNNER, capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in done.stderr.split()}


def test_help_imports_nothing_heavy() -> None:
    code = (
        "from talkingshorts.cli.main import main\ntry: main(['--help'])\nexcept SystemExit as end: assert end.code == 0"
    )

    assert not list_loaded(code) & HEAVY


def test_completing_imports_nothing_heavy() -> None:
    code = (
        "from talkingshorts.cli import main, suggestions\n"
        "assert 'draft' in suggestions.suggest_values('dr', 'WORKFLOW')"
    )

    assert not list_loaded(code) & (HEAVY - NEEDED_TO_COMPLETE)


def test_help_names_the_program_and_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0

    shown = capsys.readouterr().out
    assert "usage: talkingshorts" in shown
    assert all(f"\n    {name} " in shown for name in ("make", "run", "submit", "batch", "models", "completion"))


@pytest.mark.parametrize("wrong", [["--size", "axb"], ["--seed", "abc"], ["--no-such-option"]])
def test_a_malformed_command_line_is_told_in_one_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("make", "--script", "Hi.", *wrong) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert wrong[-1] in line
    assert "--help" in line


def test_make_short_is_told_of_its_own_variables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TALKINGSHORTS_SURFACE", "make")

    assert run("make", "--script", "Hi.", "--seed", "abc") == 2
    assert run("make", "--script", "Hi.", "--portrait", "a.png", "--portrait-prompt", "a man") == 2
    assert run("make", "--script", "") == 3

    seed, portrait, script = capsys.readouterr().err.splitlines()
    assert "argument SEED: invalid int value: 'abc'. See make help" in seed
    assert "PORTRAIT and PORTRAIT_PROMPT exclude each other" in portrait
    assert "say something with SCRIPT." in script
