"""`talkingshorts models list|download|verify`: the model files that the shipped workflows need."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..home import expand_home
from .answers import print_note
from .options import AddCommand, nest_commands, read_count

if TYPE_CHECKING:
    from ..models.files import LocalModel


def add_commands(add: AddCommand) -> None:
    """Add `models`."""
    parser = add("models", "list, download or verify the model files that the workflows need")
    add_action = nest_commands(parser, "list|download|verify")
    listing = "list the model files: whether each is here, its size, and which presets need it"
    _add_names(add_action("list", listing, show_models), "*")
    downloading = "download what is missing; a stopped download resumes where it was"
    download = add_action("download", downloading, download_models)
    _add_names(download, "+")
    download.add_argument(
        "--to", type=expand_home, metavar="FOLDER", help="a models folder (default: that of the managed ComfyUI)"
    )
    download.add_argument("--jobs", type=read_count, default=3, metavar="N", help="files at once (default: 3)")
    download.add_argument("--force", action="store_true", help="download even what is already here")
    download.add_argument("--dry-run", action="store_true", help="only say what would be downloaded")
    verifying = "check size and hash of the model files that are here; of a preset, that all are"
    _add_names(add_action("verify", verifying, verify_models), "*")


def _add_names(parser: ArgumentParser, count: str) -> None:
    parser.add_argument(
        "names", nargs=count, metavar="PRESET|NAME", help="a preset such as fast (see `models list`), or a file"
    )


def show_models(options: Namespace) -> int:
    """Print one line a file, and say what each preset comes to."""
    from ..display.terminal import format_size
    from ..models.files import find_model, model_roots
    from ..shipped.models import list_presets, load_model_list, select_files

    files = load_model_list()
    chosen = select_files(files, options.names) if options.names else files
    models = {file: find_model(file, model_roots()) for file in chosen}
    width = max(len(file.relative_path) for file in chosen)
    for model in models.values():
        print(json.dumps(_describe(model)) if options.json else _format_line(model, width))
    for preset, needed in list_presets(files).items():
        if preset in options.names or not options.names:
            missing = sum(file.bytes for file in needed if models[file].status != "present")
            rest = f"{format_size(missing)} not here" if missing else "all here"
            size = format_size(sum(file.bytes for file in needed))
            print_note(f"{preset}: {_count_files(needed)}, {size}, {rest}")
    return 0


def download_models(options: Namespace) -> int:
    """Download what is missing of the presets and files named, and print the path of every file that is there then."""
    from ..display.terminal import choose_display, clearing
    from ..models.files import LocalModel, find_model, model_roots
    from ..models.transfers import Transfers, require_space
    from ..shipped.models import load_model_list, select_files

    chosen = select_files(load_model_list(), options.names)
    roots = [Path(options.to).absolute()] if options.to else model_roots()
    found = [find_model(file, roots) for file in chosen]
    wanted = [
        LocalModel(model.file, roots[0] / model.file.relative_path, model.status, model.bytes)
        for model in found
        if model.status != "present" or options.force
    ]
    print_note(_explain_plan(found, wanted, roots[0]))
    require_space(wanted)
    if options.dry_run:
        for model in wanted:
            _print_model(options, model, f"{model.file.url} -> {model.path}")
        return 0
    with clearing(choose_display(options.json)) as display:
        errors = Transfers(wanted, options.jobs).run(display.show)
    if not options.json:
        paths = {model.file: model.path for model in [*found, *wanted]}
        for path in paths.values():
            if path.is_file():
                print(path)
    codes = {error.exit_code for error in errors}
    return codes.pop() if len(codes) == 1 else int(bool(codes))


def verify_models(options: Namespace) -> int:
    """Check the size and the hash of the files that are here, and of a named preset that all of them are."""
    from ..display.terminal import choose_display, clearing, format_size
    from ..models.files import find_model, model_roots
    from ..models.verify import find_faults
    from ..shipped.models import load_model_list, select_files

    files = load_model_list()
    chosen = select_files(files, options.names) if options.names else files
    models = [find_model(file, model_roots()) for file in chosen]
    if not options.names:
        models = [model for model in models if model.status != "missing"]
    with clearing(choose_display(options.json)) as display:
        faults = find_faults(models, display.show)
    for model in models:
        fault = faults.get(model.file, "")
        unhashed = "" if model.file.sha256 else " (by its size: no hash is published)"
        verdict = f"WRONG  {model.path}: {fault}" if fault else f"ok     {model.path}{unhashed}"
        _print_model(options, model, verdict, problem=fault)
    if faults:
        print_note(f"To mend it: talkingshorts models download --force {' '.join(file.name for file in faults)}")
    elif models:
        size = format_size(sum(model.bytes for model in models))
        print_note(f"{_count_files(models)} checked, nothing wrong: {size}")
    else:
        print_note("No model files are here. To get some: talkingshorts models download PRESET")
    return 1 if faults else 0


def _explain_plan(models: Sequence[LocalModel], wanted: Sequence[LocalModel], folder: Path) -> str:
    from ..display.terminal import format_size

    if not wanted:
        return f"Nothing to download: {_count_files(models)} asked for, and all are here."
    kept = len(models) - len(wanted)
    here = f" (here already: {_count_files(models[:kept])})" if kept else ""
    return f"{_count_files(wanted)}, {format_size(sum(model.file.bytes for model in wanted))}, to {folder}{here}"


def _count_files(files: Sequence[object]) -> str:
    return f"{len(files)} file{'s' * (len(files) != 1)}"


def _format_line(model: LocalModel, width: int) -> str:
    from ..display.terminal import format_size

    file = model.file
    presets = ",".join(file.presets)
    return f"{model.status:10}  {file.relative_path:{width}}  {format_size(file.bytes):>8}  {presets}  {file.licence}"


def _print_model(options: Namespace, model: LocalModel, text: str, **facts: str) -> None:
    from ..display.terminal import make_printable

    print(json.dumps(_describe(model) | facts) if options.json else make_printable(text))


def _describe(model: LocalModel) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(model.file) | {"path": str(model.path), "status": model.status, "bytes_here": model.bytes}
