"""`talkingshorts models`: list, download and verify the model files that the shipped workflows need."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..display.events import ModelsProgress
from ..display.terminal import Display, choose_display, format_size, make_printable
from ..errors import RunnerError
from ..models.files import LocalModel, find_model, hash_file, model_roots
from ..models.transfers import SHOW_SECONDS, Transfers, estimate_seconds_left, require_space
from ..shipped.models import ModelFile, list_presets, load_model_list, select_files

Say = Callable[[str], object]


def list_models(options: Namespace, say: Say) -> int:
    """Print one line a file, and say what each preset comes to."""
    files = load_model_list()
    chosen = select_files(files, options.names) if options.names else files
    models = {file: find_model(file, model_roots()) for file in chosen}
    width = max(len(file.relative_path) for file in chosen)
    for model in models.values():
        print(json.dumps(_describe(model)) if options.json else _line(model, width))
    for preset, needed in list_presets(files).items():
        if preset in options.names or not options.names:
            missing = sum(file.bytes for file in needed if models[file].status != "present")
            rest = f"{format_size(missing)} not here" if missing else "all here"
            say(f"{preset}: {_count_files(needed)}, {format_size(sum(file.bytes for file in needed))}, {rest}")
    return 0


def download_models(options: Namespace, say: Say) -> int:
    """Download what is missing of the presets and files named, and print the path of every file that is there then."""
    chosen = select_files(load_model_list(), options.names)
    roots = [Path(options.to).expanduser().absolute()] if options.to else model_roots()
    found = [find_model(file, roots) for file in chosen]
    wanted = [
        LocalModel(model.file, roots[0] / model.file.relative_path, model.status, model.bytes)
        for model in found
        if model.status != "present" or options.force
    ]
    say(_say_plan(found, wanted, roots[0]))
    require_space(wanted)
    if options.dry_run:
        for model in wanted:
            _answer(options, model, f"{model.file.url} -> {model.path}")
        return 0
    errors = _transfer(options, wanted)
    if not options.json:
        paths = {model.file: model.path for model in [*found, *wanted]}
        for path in paths.values():
            if path.is_file():
                print(path)
    codes = {error.exit_code for error in errors}
    return codes.pop() if len(codes) == 1 else int(bool(codes))


def verify_models(options: Namespace, say: Say) -> int:
    """Check the size and the hash of the files that are here, and of a named preset that all of them are."""
    files = load_model_list()
    chosen = select_files(files, options.names) if options.names else files
    models = [find_model(file, model_roots()) for file in chosen]
    if not options.names:
        models = [model for model in models if model.status != "missing"]
    faults = _find_faults(options, models)
    for model in models:
        fault = faults.get(model.file, "")
        verdict = f"WRONG  {model.path}: {fault}" if fault else f"ok     {model.path}{_say_unhashed(model.file)}"
        _answer(options, model, verdict, problem=fault)
    if faults:
        say(f"To mend it: talkingshorts models download --force {' '.join(file.name for file in faults)}")
    elif models:
        say(f"{_count_files(models)} checked, nothing wrong: {format_size(sum(model.bytes for model in models))}")
    else:
        say("No model files are here. To get some: talkingshorts models download PRESET")
    return 1 if faults else 0


def _transfer(options: Namespace, models: Sequence[LocalModel]) -> list[RunnerError]:
    display = choose_display(options.json)
    try:
        return Transfers(models, options.jobs).run(display.show)
    finally:
        display.close()


def _find_faults(options: Namespace, models: Sequence[LocalModel]) -> dict[ModelFile, str]:
    """Return what is wrong with which files. Reads all of those with a known hash."""
    display = choose_display(options.json)
    faults = {model.file: f"{model.status}: {model.bytes} of {model.file.bytes} bytes" for model in models}
    whole = [model for model in models if model.status == "present"]
    check = _Check([model for model in whole if model.file.sha256], display)
    try:
        for model in whole:
            faults[model.file] = check.find_fault(model) if model.file.sha256 else ""
    finally:
        display.close()
    return {file: fault for file, fault in faults.items() if fault}


class _Check:
    """Hashes files, and shows now and then how far it is through all of them."""

    def __init__(self, models: Sequence[LocalModel], display: Display) -> None:
        self._total = sum(model.bytes for model in models)
        self._display = display
        self._started = self._shown = time.monotonic()
        self._done = 0

    def find_fault(self, model: LocalModel) -> str:
        """Return how the file differs from the list's; "" when it doesn't."""
        try:
            digest = hash_file(model.path, lambda more: self._count(model.file, more))
        except OSError as error:
            return f"it can't be read: {error.strerror}"
        return "" if digest == model.file.sha256 else f"its sha256 is {digest} instead of {model.file.sha256}"

    def _count(self, file: ModelFile, more: int) -> None:
        self._done += more
        now = time.monotonic()
        if now - self._shown >= SHOW_SECONDS:
            self._shown = now
            eta_seconds = estimate_seconds_left(self._done, self._total, now - self._started)
            self._display.show(ModelsProgress("checked", (file.relative_path,), self._done, self._total, eta_seconds))


def _say_plan(models: Sequence[LocalModel], wanted: Sequence[LocalModel], folder: Path) -> str:
    if not wanted:
        return f"Nothing to download: {_count_files(models)} asked for, and all are here."
    kept = len(models) - len(wanted)
    here = f" (here already: {_count_files(models[:kept])})" if kept else ""
    return f"{_count_files(wanted)}, {format_size(sum(model.file.bytes for model in wanted))}, to {folder}{here}"


def _count_files(files: Sequence[object]) -> str:
    return f"{len(files)} file{'s' * (len(files) != 1)}"


def _say_unhashed(file: ModelFile) -> str:
    return "" if file.sha256 else " (by its size: no hash is published)"


def _line(model: LocalModel, width: int) -> str:
    file = model.file
    presets = ",".join(file.presets)
    return f"{model.status:10}  {file.relative_path:{width}}  {format_size(file.bytes):>8}  {presets}  {file.licence}"


def _answer(options: Namespace, model: LocalModel, text: str, **facts: str) -> None:
    print(json.dumps(_describe(model) | facts) if options.json else make_printable(text))


def _describe(model: LocalModel) -> dict[str, Any]:
    return asdict(model.file) | {"path": str(model.path), "status": model.status, "bytes_here": model.bytes}
