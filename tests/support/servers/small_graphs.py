"""Small graphs of core nodes, for tests of what happens around a job rather than in it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from pathlib import Path
from typing import Any

HOLD_NODE = Path(__file__).with_name("hold_node.py")

_colors = itertools.count(os.getpid() % 10_000)


def quick_graph(prefix: str) -> dict[str, Any]:
    """Return a graph that saves one picture at once. No two are alike, so that nothing comes from a cache."""
    return {
        "1": {"class_type": "EmptyImage", "inputs": _size(64) | {"batch_size": 1, "color": next(_colors)}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}},
    }


def slow_graph(prefix: str, steps: int = 40) -> dict[str, Any]:
    """Return a graph of many nodes that each take some hundredths of a second; it can be cancelled between them."""
    graph = quick_graph(prefix)
    picture = "1"
    for step in range(steps):
        node_id = str(100 + step)
        scale = _size(640 + 8 * (step % 2)) | {"upscale_method": "lanczos", "crop": "disabled"}
        graph[node_id] = {"class_type": "ImageScale", "inputs": {"image": [picture, 0], **scale}}
        picture = node_id
    small = {"image": [picture, 0], "upscale_method": "area", "crop": "disabled"}
    graph["8"] = {"class_type": "ImageScale", "inputs": _size(64) | small}
    graph["9"]["inputs"]["images"] = ["8", 0]
    return graph


def held_graph(prefix: str, gate: Path) -> dict[str, Any]:
    """Return a graph that saves one picture once the file `gate` is there; until then it runs and can be cancelled.

    ComfyUI must have the node of `add_hold_node`.
    """
    return hold(quick_graph(prefix), gate)


def hold(graph: dict[str, Any], gate: Path) -> dict[str, Any]:
    """Return a graph of this file, held after its first node until the file 5.gate, at first `gate`, is there."""
    for node in graph.values():
        for name, value in node["inputs"].items():
            if value == ["1", 0]:
                node["inputs"][name] = ["5", 0]
    holding = {"class_type": "HoldForTests", "inputs": {"image": ["1", 0], "gate": str(gate)}}
    return graph | {"5": holding}


def add_hold_node(base: Path) -> None:
    """Give the ComfyUI that is to start in this base directory the node of `held_graph`."""
    (base / "custom_nodes").mkdir(parents=True, exist_ok=True)
    shutil.copy(HOLD_NODE, base / "custom_nodes")


def picture_graph(prefix: str) -> dict[str, Any]:
    """Return a graph that saves the picture given as 1.image."""
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": "none.png"}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}},
    }


def write_graph(folder: Path, graph: dict[str, Any], name: str = "graph.json") -> str:
    """Write the graph for the command line, and return the file's path."""
    (folder / name).write_text(json.dumps(graph))
    return str(folder / name)


def _size(side: int) -> dict[str, Any]:
    return {"width": side, "height": side}
