import subprocess
import sys

import pytest
from support.checkout import RUNNER
from support.command_line import run


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from talkingshorts.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=RUNNER, capture_output=True, text=True, check=True)

    assert "usage: talkingshorts" in done.stdout
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert not loaded & {"requests", "urllib3", "websocket", "asyncio", "ssl", "http", "sqlite3", "email", "numpy"}


@pytest.mark.parametrize("wrong", [["--size", "axb"], ["--seed", "abc"], ["--no-such-option"]])
def test_a_malformed_command_line_is_told_in_one_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("make", "--script", "Hi.", *wrong) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert wrong[-1] in line
    assert "--help" in line
