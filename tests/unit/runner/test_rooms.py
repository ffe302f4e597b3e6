"""The runner's rooms: who stands on whom, and that nothing runs in a circle."""

from __future__ import annotations

import ast
import graphlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import ROOT

RUNNER = ROOT / "runner" / "talkingshorts"
FILES = sorted(RUNNER.rglob("*.py"))
PACKAGES = sorted({path.parent for path in FILES} - {RUNNER})

LEVELS = """
cli  setup
doctor  leftovers  service
batch  webhooks
shorts
jobs
estimate  managed  models  results
comfyui
workflow
shipped
display  files  home  http  media  texts  wording
errors
"""
"""The rooms from top to bottom. Each uses only rooms on lower lines."""

HEIGHTS = {room: height for height, line in enumerate(reversed(LEVELS.split("\n"))) for room in line.split()}


ENTRANCES = {"main", "add_commands"}
"""What a program begins with, and what a module of `cli` adds its commands with."""


def name_of(path: Path) -> str:
    return str(path.relative_to(RUNNER))


def room_of(path: Path) -> str:
    """Return the package right below talkingshorts that a file is in, or the name of a file that stands alone."""
    return path.relative_to(RUNNER).parts[0].removesuffix(".py")


def find_module(module: str) -> Path | None:
    """Return the runner's file that a full name stands for, if it is one of the runner's."""
    if module.partition(".")[0] != "talkingshorts":
        return None
    path = RUNNER.joinpath(*module.split(".")[1:])
    found = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return found if found.is_file() else None


def list_modules(path: Path) -> Iterator[str]:
    """Yield the full name of all that a file imports, also inside functions."""
    package = ("talkingshorts", *path.relative_to(RUNNER).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*start, *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def list_files_used(path: Path) -> set[Path]:
    """Return the runner's own files that a file imports."""
    return {found for module in list_modules(path) if (found := find_module(module))} - {path}


def list_rooms_used(path: Path) -> set[str]:
    """Return the other rooms that a file imports from. The `__init__` above them all only has the version."""
    return {room_of(used) for used in list_files_used(path)} - {"__init__", room_of(path)}


def test_every_room_has_its_level() -> None:
    assert {room_of(path) for path in FILES} - {"__init__", "__main__"} == set(HEIGHTS)


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) in HEIGHTS], ids=name_of)
def test_a_room_uses_only_what_stands_below_it(path: Path) -> None:
    above = {room for room in list_rooms_used(path) if HEIGHTS[room] >= HEIGHTS[room_of(path)]}

    assert above == set(), f"{room_of(path)} must not import from {above}: see LEVELS"


@pytest.mark.parametrize("room", HEIGHTS)
def test_the_modules_of_a_room_import_each_other_in_no_circle(room: str) -> None:
    files = {path for path in FILES if room_of(path) == room}

    graphlib.TopologicalSorter({path: list_files_used(path) & files for path in files}).prepare()


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_a_package_is_only_a_place(package: Path) -> None:
    assert (package / "__init__.py").read_text() == ""


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_the_services_surfaces_know_fastapi(path: Path) -> None:
    is_surface = path.is_relative_to(RUNNER / "service" / "surfaces")

    assert is_surface or not {"fastapi", "starlette"} & {module.split(".")[0] for module in list_modules(path)}


@pytest.mark.parametrize("path", sorted((RUNNER / "jobs").glob("*.py")), ids=name_of)
def test_a_job_tells_events_and_knows_no_display(path: Path) -> None:
    displays = [RUNNER / "display" / name for name in ("terminal.py", "batch.py")]

    assert not list_files_used(path) & set(displays)


def list_public_names(path: Path) -> Iterator[str]:
    """Yield the functions, classes and constants that a file defines."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def test_no_public_name_stands_twice() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for name in set(list_public_names(path)) - ENTRANCES:
            if not name.startswith("_"):
                homes[name].append(name_of(path))

    assert {name: files for name, files in homes.items() if len(files) > 1} == {}
