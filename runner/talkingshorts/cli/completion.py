"""`talkingshorts completion bash|zsh|fish`: let the shell complete this program's command lines."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from .options import AddCommand


def add_commands(add: AddCommand) -> None:
    """Add `completion`."""
    parser = add("completion", "print a completion script for your shell's start-up file", show_script)
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def show_script(options: Namespace) -> int:
    """Print the script for a shell: `eval "$(talkingshorts completion bash)"`."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["talkingshorts"], use_defaults=False, shell=options.shell))
    return 0


def complete_if_asked(parser: ArgumentParser) -> None:
    """Where a shell asks, answer how the command line may go on, and end the program."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        from .suggestions import ValueCompleter

        argcomplete.autocomplete(parser, default_completer=ValueCompleter())
