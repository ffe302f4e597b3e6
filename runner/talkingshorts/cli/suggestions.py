"""What a shell may offer in place of half an argument. Imported only where a shell asks."""

from __future__ import annotations

import argparse
import glob
from pathlib import Path

from argcomplete.completers import BaseCompleter

from ..estimate.gpus import GPUS
from ..shipped.models import list_presets, load_model_list
from ..shipped.workflows import list_workflows

FILES = ("FILE", "FOLDER", "JOBS", "PATH", "TEMPLATE", "URL|FILE")
"""What the help calls arguments that are files, or may be."""


class ValueCompleter(BaseCompleter):
    """Completes the arguments that aren't one of a few words."""

    def __call__(
        self, *, prefix: str, action: argparse.Action, parser: argparse.ArgumentParser, parsed_args: argparse.Namespace
    ) -> list[str]:
        """Return what the argument may be that begins with `prefix`."""
        return suggest_values(prefix, str(action.metavar))


def suggest_values(prefix: str, kind: str) -> list[str]:
    """Return what an argument may be that begins with `prefix`. `kind` is what the help calls it."""
    if kind == "WORKFLOW":
        return [*_list_files(prefix), *_list_names(prefix)]
    if kind == "GPU":
        return [gpu.name for gpu in GPUS if gpu.name.lower().startswith(prefix.lower())]
    if kind == "NAME":
        return _list_names(prefix)
    if kind == "PRESET|NAME":
        return [preset for preset in list_presets(load_model_list()) if preset.startswith(prefix)]
    if kind == "ADDRESS=FILE" and "=" in prefix:
        address, sign, path = prefix.partition("=")
        return [f"{address}{sign}{file}" for file in _list_files(path)]
    if kind == "TEXT|@FILE|-" and prefix.startswith("@"):
        return [f"@{file}" for file in _list_files(prefix[1:])]
    return _list_files(prefix) if kind in FILES else []


def _list_names(prefix: str) -> list[str]:
    """Return the shipped workflows' names that begin with `prefix`."""
    return [workflow.name for workflow in list_workflows() if workflow.name.startswith(prefix)]


def _list_files(prefix: str) -> list[str]:
    folder, slash, name = prefix.rpartition("/")
    entries = Path(folder or slash or ".").glob(f"{glob.escape(name)}*")
    return sorted(f"{folder}{slash}{entry.name}{'/' * entry.is_dir()}" for entry in entries)
