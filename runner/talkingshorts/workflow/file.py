"""Load a workflow in ComfyUI's API format, from JSON or from a PNG, FLAC or mp4 that embeds one, and name its nodes."""

from __future__ import annotations

import copy
import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from ..errors import UsageError, ValidationError
from ..texts.kind import name_kind
from .document import API_GRAPH, CANVAS_GRAPH, name_document

Graph = dict[str, dict[str, Any]]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

TABLE_ENDINGS = frozenset({".csv", ".tsv", ".xlsx", ".jsonl"})

MAX_GRAPH_BYTES = 64 << 20
MAX_NESTING = 64

UI_FORMAT_REMEDY = (
    "is in the canvas format, which ComfyUI's server can't run. "
    "Open it in ComfyUI and save it with Workflow > Export (API), then use that file."
)


@dataclass(frozen=True)
class Workflow:
    """A graph as POST /prompt takes it, and where it came from."""

    name: str
    graph: Graph

    @property
    def stem(self) -> str:
        """The file's name without its endings: `draft` for draft.api.json."""
        return PurePath(self.name).stem.removesuffix(".api")

    def copy(self) -> Workflow:
        """Return a workflow whose graph can be changed without changing this one."""
        return Workflow(self.name, copy.deepcopy(self.graph))

    def copy_nodes(self, node_ids: Iterable[str]) -> Workflow:
        """Return a workflow of which these nodes' inputs can be changed; it shares the other nodes with this one."""
        own = {node_id: self.graph[node_id] for node_id in node_ids}
        copies = {node_id: {**node, "inputs": dict(node["inputs"])} for node_id, node in own.items()}
        return Workflow(self.name, {**self.graph, **copies})

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
        with path.open("rb") as file:
            return Workflow(path.name, _read_graph(path, file))
    except OSError as error:
        raise UsageError(f"The workflow {path} can't be read: {error.strerror}.") from error


def _read_graph(path: Path, file: BinaryIO) -> Graph:
    """Return the graph in the file, reading no more of it than a graph can take."""
    head = file.read(len(PNG_SIGNATURE))
    if head == PNG_SIGNATURE:
        return _embedded_graph(path, _read_png_texts(path, file))
    if head[4:] == b"ftyp":
        from ..media.mp4 import read_tags

        return _embedded_graph(path, read_tags(path))
    if head[:4] == b"fLaC":
        from ..media.audio import read_flac_tags

        return _embedded_graph(path, read_flac_tags(path))
    content = head + file.read(MAX_GRAPH_BYTES)
    if len(content) > MAX_GRAPH_BYTES:
        raise ValidationError(f"The workflow {path} is over {MAX_GRAPH_BYTES >> 20} MB: that can't be a graph.")
    if kind := name_kind(content):
        raise ValidationError(f"The file {path} is {kind}, not a workflow{_explain_order(path)}.")
    if not content.strip():
        raise ValidationError(f"The workflow {path} is empty: export it once more with Workflow > Export (API).")
    try:
        document = _parse_json(content)
    except ValueError as error:
        reason = "its letters aren't UTF-8" if isinstance(error, UnicodeError) else error
        raise ValidationError(
            f"The workflow {path} is neither JSON, nor a PNG, FLAC or mp4 made by ComfyUI ({reason})"
            f"{_explain_order(path)}."
        ) from error
    return _api_graph(path, document)


def _explain_order(path: Path) -> str:
    """Return, as the end of a sentence about a file that is no workflow, that a table comes second; "" for no table."""
    return ": a batch takes the workflow first, then the table" if path.suffix.lower() in TABLE_ENDINGS else ""


def _parse_json(text: str | bytes) -> Any:
    """Return the document. Raises ValueError when it is none, or nested more deeply than any graph."""
    too_deep = ValueError(f"it is nested more than {MAX_NESTING} levels deep")
    try:
        document = json.loads(text)
    except RecursionError:
        raise too_deep from None
    if _is_nested_too_deeply(document):
        raise too_deep
    return document


def _is_nested_too_deeply(document: Any) -> bool:
    level = [document]
    for _ in range(MAX_NESTING):
        containers = [item for item in level if isinstance(item, dict | list)]
        level = [child for item in containers for child in (item.values() if isinstance(item, dict) else item)]
    return bool(level)


def _embedded_graph(path: Path, texts: dict[str, str]) -> Graph:
    if "prompt" not in texts and "workflow" in texts:
        raise ValidationError(f"The workflow embedded in {path} {UI_FORMAT_REMEDY}")
    if "prompt" not in texts:
        raise ValidationError(f"{path} holds no workflow: use the file as ComfyUI saved it, or an API-format JSON.")
    try:
        document = _parse_json(texts["prompt"])
    except ValueError as error:
        raise ValidationError(f"The workflow embedded in {path} is damaged ({error}).") from error
    return _api_graph(path, document)


def _api_graph(path: Path, document: Any) -> Graph:
    """Return the graph in `document`: bare, or under the key `prompt` as POST /prompt and result files have it."""
    kind = name_document(document)
    if kind == CANVAS_GRAPH:
        raise ValidationError(f"The workflow {path} {UI_FORMAT_REMEDY}")
    if kind not in ("", API_GRAPH):
        raise ValidationError(f"The file {path} is {kind}, not a workflow of ComfyUI.")
    graph = document
    if isinstance(document, dict) and isinstance(document.get("prompt"), dict):
        graph = document["prompt"]
    if not isinstance(graph, dict) or not graph:
        raise ValidationError(f"The workflow {path} holds no nodes: expected an API-format graph, node id -> node.")
    for node_id, node in graph.items():
        # A class named by dots alone would lead /object_info/CLASS elsewhere.
        kind = node.get("class_type") if isinstance(node, dict) else None
        if not isinstance(kind, str) or not kind.strip("."):
            raise ValidationError(
                f"The workflow {path} isn't an API-format graph: its entry {node_id!r} has no class_type."
            )
        if not isinstance(node.setdefault("inputs", {}), dict):
            raise ValidationError(
                f"The workflow {path} isn't an API-format graph: the inputs of #{node_id} aren't a map."
            )
    return graph


def _read_png_texts(path: Path, file: BinaryIO) -> dict[str, str]:
    try:
        return dict(_png_texts(file))
    except (zlib.error, IndexError) as error:
        raise ValidationError(f"The texts embedded in {path} are damaged ({error}).") from error


def _png_texts(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield keyword and text of each tEXt, zTXt and iTXt chunk (PNG specification, 11.3.3) after the signature."""
    while len(head := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        if not kind.isalpha():
            return
        if kind not in (b"tEXt", b"zTXt", b"iTXt") or size > MAX_GRAPH_BYTES:
            file.seek(size + 4, os.SEEK_CUR)
            continue
        data = file.read(size)
        file.seek(4, os.SEEK_CUR)
        keyword, _, rest = data.partition(b"\0")
        if kind == b"tEXt":
            yield keyword.decode("latin-1"), rest.decode("latin-1")
        elif kind == b"zTXt":
            yield keyword.decode("latin-1"), _inflate(rest[1:]).decode("latin-1")
        else:
            text = rest[2:].split(b"\0", 2)[2]
            yield keyword.decode("latin-1"), (_inflate(text) if rest[0] else text).decode("utf-8", "replace")


def _inflate(data: bytes) -> bytes:
    return zlib.decompressobj().decompress(data, MAX_GRAPH_BYTES)
