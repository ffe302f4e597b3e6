"""The pack's rooms: who stands on whom, and that a name means one thing in a layer."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import ROOT

PACK = ROOT / "custom_nodes" / "comfyui_talkingshorts"

LEVELS = {
    "engines": """
infinitetalk  wan_s2v
draft  long_video  vibevoice
output  output_cache  voice_source
pictures  speech
files
""",
    "core": """
infinitetalk  wan_s2v
long_video  presenter  vibevoice
file_content  script
cost  folder_cap  graph_key  limits  pictures  sound  voice_source
errors  link  null_text  progress  version
""",
}
"""The rooms of a layer from top to bottom. Each uses only rooms on lower lines: the two video models know nothing of
each other. Single files of core are rooms too."""

HEIGHTS = {
    layer: {room: height for height, line in enumerate(reversed(levels.split("\n"))) for room in line.split()}
    for layer, levels in LEVELS.items()
}
FILES = {layer: sorted(path for path in (PACK / layer).rglob("*.py")) for layer in ("core", "engines", "nodes")}


def name_of(path: Path) -> str:
    return str(path.relative_to(PACK))


def room_of(path: Path) -> str:
    """Return the folder right below its layer that a file is in, or the name of a file that stands alone."""
    return path.relative_to(PACK).parts[1].removesuffix(".py")


def list_rooms_used(path: Path) -> set[str]:
    """Return the other rooms of its own layer that a file imports from, also inside functions."""
    return {room for room in _list_rooms(path) if room != room_of(path)}


def _list_rooms(path: Path) -> Iterator[str]:
    layer = path.relative_to(PACK).parts[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = path.parents[node.level - 1].relative_to(PACK).parts
            names = [*package, *(node.module or "").split(".")]
            parts = [name for name in names if name]
            if parts[:1] == [layer]:
                yield from parts[1:2] or [alias.name for alias in node.names]


@pytest.mark.parametrize("layer", LEVELS)
def test_every_room_has_its_level(layer: str) -> None:
    assert {room_of(path) for path in FILES[layer]} - {"__init__"} == set(HEIGHTS[layer])


@pytest.mark.parametrize("path", [*FILES["core"], *FILES["engines"]], ids=name_of)
def test_a_room_uses_only_rooms_below_it(path: Path) -> None:
    heights = HEIGHTS[path.relative_to(PACK).parts[0]]

    assert [room for room in list_rooms_used(path) if heights[room] >= heights[room_of(path)]] == []


def list_public_names(path: Path) -> Iterator[str]:
    """Yield the functions, classes and constants that a file defines, apart from the rate of its own kind of sound."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            yield from (name for name in names if name != "SAMPLE_RATE_HZ")


@pytest.mark.parametrize("layer", FILES)
def test_a_public_name_means_one_thing_in_a_layer(layer: str) -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in FILES[layer]:
        for name in set(list_public_names(path)):
            if not name.startswith("_"):
                places[name].append(name_of(path))

    assert {name: found for name, found in places.items() if len(found) > 1} == {}
