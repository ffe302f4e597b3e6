"""Load a workflow in ComfyUI's API format, from JSON or from a PNG or mp4 that embeds one, and name its nodes."""

from __future__ import annotations

import copy
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UsageError, ValidationError

Graph = dict[str, dict[str, Any]]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

UI_FORMAT_REMEDY = (
    "is in the canvas format, which ComfyUI's server can't run. "
    "Open it in ComfyUI and save it with Workflow > Export (API), then use that file."
)


@dataclass(frozen=True)
class Workflow:
    """A graph as POST /prompt takes it, and where it came from."""

    name: str
    graph: Graph

    def copy(self) -> Workflow:
        """Return a workflow whose graph can be changed without changing this one."""
        return Workflow(self.name, copy.deepcopy(self.graph))

    def class_type(self, node_id: str) -> str:
        """Return the node's class, or "" for a node that the graph doesn't hold."""
        return self.graph.get(node_id, {}).get("class_type", "")

    def title(self, node_id: str) -> str:
        """Return the title given on the canvas, or the class when there is none."""
        meta = self.graph.get(node_id, {}).get("_meta")
        title = meta.get("title") if isinstance(meta, dict) else None
        return str(title) if title else self.class_type(node_id) or node_id

    def describe(self, node_id: str) -> str:
        """Return the node as people read it: `KSampler 'Main' (#3)`."""
        kind = self.class_type(node_id).removeprefix("TalkingShorts") or "node"
        title = self.title(node_id)
        return f"{kind} (#{node_id})" if title == self.class_type(node_id) else f"{kind} '{title}' (#{node_id})"


def is_link(value: Any) -> bool:
    """Tell whether an input's value is a link, as the server does: every list is one."""
    return isinstance(value, list)


def load_workflow(path: Path) -> Workflow:
    """Return the workflow in `path`.

    Raises UsageError when the file can't be read, ValidationError when it holds no graph in API format.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The workflow {path} can't be read: {error.strerror}.") from error
    if content.startswith(PNG_SIGNATURE):
        return Workflow(path.name, _embedded_graph(path, _read_png_texts(path, content)))
    if content[4:8] == b"ftyp":
        from .mp4_info import read_tags

        return Workflow(path.name, _embedded_graph(path, read_tags(path)))
    try:
        document = json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValidationError(
            f"The workflow {path} is neither JSON, nor a PNG or mp4 made by ComfyUI ({error})."
        ) from error
    return Workflow(path.name, _api_graph(path, document))


def _embedded_graph(path: Path, texts: dict[str, str]) -> Graph:
    if "prompt" not in texts:
        raise ValidationError(f"{path} embeds no workflow: use the file as ComfyUI saved it, or an API-format JSON.")
    try:
        return _api_graph(path, json.loads(texts["prompt"]))
    except json.JSONDecodeError as error:
        raise ValidationError(f"The workflow embedded in {path} is damaged ({error}).") from error


def _api_graph(path: Path, document: Any) -> Graph:
    """Return the graph in `document`: bare, or under the key `prompt` as POST /prompt and result files have it."""
    if isinstance(document, dict) and isinstance(document.get("nodes"), list):
        raise ValidationError(f"The workflow {path} {UI_FORMAT_REMEDY}")
    graph = document
    if isinstance(document, dict) and isinstance(document.get("prompt"), dict):
        graph = document["prompt"]
    if not isinstance(graph, dict) or not graph:
        raise ValidationError(f"The workflow {path} holds no nodes: expected an API-format graph, node id -> node.")
    for node_id, node in graph.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise ValidationError(
                f"The workflow {path} isn't an API-format graph: its entry {node_id!r} has no class_type."
            )
        if not isinstance(node.setdefault("inputs", {}), dict):
            raise ValidationError(
                f"The workflow {path} isn't an API-format graph: the inputs of #{node_id} are no map."
            )
    return graph


def _read_png_texts(path: Path, content: bytes) -> dict[str, str]:
    try:
        return dict(_png_texts(content))
    except (zlib.error, IndexError) as error:
        raise ValidationError(f"The texts embedded in {path} are damaged ({error}).") from error


def _png_texts(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield keyword and text of each tEXt, zTXt and iTXt chunk (PNG specification, 11.3.3)."""
    position = len(PNG_SIGNATURE)
    while position + 12 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, position)
        data = content[position + 8 : position + 8 + size]
        keyword, _, rest = data.partition(b"\0")
        if kind == b"tEXt":
            yield keyword.decode("latin-1"), rest.decode("latin-1")
        elif kind == b"zTXt":
            yield keyword.decode("latin-1"), zlib.decompress(rest[1:]).decode("latin-1")
        elif kind == b"iTXt":
            text = rest[2:].split(b"\0", 2)[2]
            yield keyword.decode("latin-1"), (zlib.decompress(text) if rest[0] else text).decode("utf-8", "replace")
        position += size + 12
