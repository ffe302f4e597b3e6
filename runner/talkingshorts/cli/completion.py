"""`talkingshorts completion bash|zsh|fish`: let the shell complete this program's command lines."""

from __future__ import annotations

import argparse
import glob
import os
from pathlib import Path

from .options import AddCommand

FILES = ("FILE", "FOLDER", "JOBS", "PATH", "TEMPLATE", "URL|FILE")
"""What the help calls arguments that are files, or may be."""


def add_commands(add: AddCommand) -> None:
    """Add `completion`."""
    parser = add(
        "completion", "print what makes a shell complete these commands; put it in its start-up file", print_script
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def print_script(options: argparse.Namespace) -> int:
    """Print the script for a shell: `eval "$(talkingshorts completion bash)"`."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["talkingshorts"], use_defaults=False, shell=options.shell))
    return 0


def complete_if_asked(parser: argparse.ArgumentParser) -> None:
    """Where a shell asks, answer how the command line may go on, and end the program."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser, default_completer=suggest_values)


def suggest_values(prefix: str, action: argparse.Action, **_: object) -> list[str]:
    """Return what an argument may be that begins with `prefix`."""
    match action.metavar:
        case "WORKFLOW":
            from ..shipped.workflows import list_workflows

            names = [workflow.name for workflow in list_workflows()]
            return [*_list_files(prefix), *(name for name in names if name.startswith(prefix))]
        case "ADDRESS=FILE" if "=" in prefix:
            address, _, path = prefix.partition("=")
            return [f"{address}={file}" for file in _list_files(path)]
        case "TEXT|@FILE|-" if prefix.startswith("@"):
            return [f"@{file}" for file in _list_files(prefix[1:])]
        case str() as kind if kind in FILES:
            return _list_files(prefix)
    return []


def _list_files(prefix: str) -> list[str]:
    folder, slash, name = prefix.rpartition("/")
    entries = Path(folder or slash or ".").glob(f"{glob.escape(name)}*")
    return sorted(f"{folder}{slash}{entry.name}{'/' * entry.is_dir()}" for entry in entries)
