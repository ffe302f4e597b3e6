"""What a canvas graph sends, subgraphs unfolded: the frontend's conversion, as far as tests need it without a browser.

A node inside a subgraph has the id `INSTANCE:NODE`, where INSTANCE is the id of the box that stands for the subgraph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

INPUT_NODE, OUTPUT_NODE = -10, -20
"""The ids of a subgraph's two ends, in every subgraph."""

Origin = tuple[str, int]


@dataclass(frozen=True)
class FlatNode:
    """A node with the id that it gets in API format, and where its wired inputs come from."""

    node: dict[str, Any]
    origins: dict[str, Origin]

    @property
    def model_files(self) -> list[str]:
        """The values that name a model file."""
        return [value for value in self.node["widgets_values"] or () if str(value).endswith(".safetensors")]


def flatten(canvas: dict[str, Any]) -> dict[str, FlatNode]:
    """Return every node that runs, by id: no notes, and no boxes that stand for a subgraph."""
    return dict(_Level(canvas, canvas, "", None).nodes())


class _Level:
    """The graph, or one box's subgraph; `outer` is the level that the box is in."""

    def __init__(self, canvas: dict[str, Any], graph: dict[str, Any], prefix: str, outer: Any) -> None:
        self._canvas = canvas
        self._prefix = prefix
        self._outer: _Level | None = outer
        self._nodes = {int(node["id"]): node for node in graph["nodes"]}
        self._links = {link["id"]: link for link in map(read_link, graph["links"])}

    def nodes(self) -> Iterator[tuple[str, FlatNode]]:
        for node_id, node in self._nodes.items():
            if self._subgraph_of(node):
                yield from self._open(node_id).nodes()
            elif node["type"] != "MarkdownNote":
                wired = {slot["name"]: slot["link"] for slot in node["inputs"] if slot["link"] is not None}
                origins = {name: self._find_origin(self._links[link]) for name, link in wired.items()}
                yield f"{self._prefix}{node_id}", FlatNode(node, origins)

    def _find_origin(self, link: dict[str, Any]) -> Origin:
        node_id, slot = int(link["origin_id"]), link["origin_slot"]
        if node_id == INPUT_NODE and self._outer:
            box = self._outer._nodes[int(self._prefix.split(":")[-2])]
            return self._outer._find_origin(self._outer._links[box["inputs"][slot]["link"]])
        if self._subgraph_of(self._nodes[node_id]):
            inside = self._open(node_id)
            ends = [end for end in inside._links.values() if int(end["target_id"]) == OUTPUT_NODE]
            return inside._find_origin(next(end for end in ends if end["target_slot"] == slot))
        return f"{self._prefix}{node_id}", slot

    def _open(self, node_id: int) -> _Level:
        subgraph = self._subgraph_of(self._nodes[node_id])
        return _Level(self._canvas, subgraph or {}, f"{self._prefix}{node_id}:", self)

    def _subgraph_of(self, node: dict[str, Any]) -> dict[str, Any] | None:
        subgraphs = self._canvas.get("definitions", {}).get("subgraphs", ())
        return next((subgraph for subgraph in subgraphs if subgraph["id"] == node["type"]), None)


def read_link(link: Any) -> dict[str, Any]:
    """Return a link as subgraphs write it; the top level writes lists."""
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return link if isinstance(link, dict) else dict(zip(names, link, strict=True))
