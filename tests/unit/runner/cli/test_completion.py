"""What a shell makes of half a command line. The shells are real, as far as they are installed."""

from __future__ import annotations

import os
import pty
import select
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.checkout import RUNNER
from talkingshorts.cli.main import main

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(talkingshorts completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -Uz compinit; compinit -u -D; eval "$(talkingshorts completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "talkingshorts completion fish | source"),
}

# Completes and prints its script as the program does; else it shows which words the shell made of the line.
PROGRAM = """#!/bin/sh
if [ -n "$_ARGCOMPLETE" ] || [ "$1" = completion ]; then exec "{python}" -m talkingshorts "$@"; fi
printf 'words:'; printf ' <%s>' "$@"; echo
"""


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def read_until(self, text: str, seconds: float = 60.0) -> str:
        shown = ""
        while text not in shown:
            ready, _, _ = select.select([self._descriptor], [], [], seconds)
            assert ready, f"{text!r} isn't in {shown!r}"
            shown += os.read(self._descriptor, 4096).decode(errors="replace")
        return shown


@contextmanager
def open_shell(shell: str, folder: Path) -> Iterator[Terminal]:
    command, script = SHELLS[shell]
    program = folder / "bin" / "talkingshorts"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    environment = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(RUNNER),
        "HOME": str(folder),
        "TERM": "dumb",
        "PS1": "$ ",
    }
    child, descriptor = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, environment)
    terminal = Terminal(descriptor)
    try:
        terminal.type(f"{script}\n")
        # The shell echoes what is typed: only the sum stands for its answer.
        terminal.type("echo ready-$((1 + 1))\n" if shell != "fish" else "echo ready-(math 1 + 1)\n")
        terminal.read_until("ready-2")
        yield terminal
    finally:
        os.close(descriptor)
        os.waitpid(child, 0)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_options_files_and_workflows(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} isn't installed here")
    (tmp_path / "portrait of me.jpg").write_bytes(b"")
    with open_shell(shell, tmp_path) as terminal:
        terminal.type("talkingshorts ma\t\n")
        terminal.read_until("words: <make>")
        terminal.type("talkingshorts make --portrait-p\t\n")
        terminal.read_until("words: <make> <--portrait-prompt>")
        terminal.type("talkingshorts make --quality be\t\n")
        terminal.read_until("words: <make> <--quality> <best>")
        terminal.type("talkingshorts make --portrait por\t\n")
        terminal.read_until("words: <make> <--portrait> <portrait of me.jpg>")
        terminal.type("talkingshorts run talking_v\t\n")
        terminal.read_until("words: <run> <talking_video>")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_the_answer(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0

    out, err = capsys.readouterr()
    assert "talkingshorts" in out
    assert err == ""


def test_no_other_shell_is_known() -> None:
    with pytest.raises(SystemExit) as left:
        main(["completion", "cmd"])
    assert left.value.code == 2
