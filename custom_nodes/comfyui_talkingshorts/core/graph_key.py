"""Hash what a node's outputs depend on: the graph that leads to it, in ComfyUI's API format, and the files it names."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Prompt = Mapping[str, Any]
FindPaths = Callable[[str], Iterable[str]]
# The inputs of a node, none of them linked -> its one output.
Fold = Callable[[Mapping[str, Any]], Any]


def make_describer(prompt: Prompt, find_paths: FindPaths) -> Callable[[str], str]:
    """Return a function of a node's id that gives a hash of the node and of all that leads to it.

    Count class, inputs and links, and size and time of change of every file that an input names; numbers and titles of
    nodes don't.
    """
    describe = functools.cache(lambda node_id: _hash_node(prompt, find_paths, describe, node_id))
    return describe


def hash_value(value: Any) -> str:
    """Return the SHA-256 of a JSON-able value as hexadecimal digits."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def is_link(value: Any, prompt: Prompt) -> bool:
    """Return whether an input's value is another node's output: [node id, index of the output]."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and value[0] in prompt


def list_texts(value: Any) -> list[str]:
    """Return every text in a value: some loaders keep their files' names in lists and tables."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in list_texts(part)]


def read_stamp(path: str) -> tuple[int, int] | None:
    """Return a file's size and time of change; None for what is no file."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):  # any text is tried: too long for a name, or with characters that none takes
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def list_ancestors(prompt: Prompt, node_id: str) -> set[str]:
    """Return the ids of the node itself and of all nodes that lead to it."""
    found, waiting = {node_id}, [node_id]
    while waiting:
        inputs = prompt[waiting.pop()]["inputs"].values()
        new = {value[0] for value in inputs if is_link(value, prompt)} - found
        found |= new
        waiting += new
    return found


def fold_constants(prompt: Prompt, folds: Mapping[str, Fold]) -> dict[str, Any]:
    """Return the prompt with the output itself wherever there was a link to a node whose output is known beforehand.

    `folds` says by class how a node's inputs become its one output. A node counts once all its inputs are known.
    """
    folded: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    for node_id in _sort_by_links(prompt):
        node = prompt[node_id]
        inputs = {
            name: outputs[value[0]] if is_link(value, prompt) and value[0] in outputs and value[1] == 0 else value
            for name, value in node["inputs"].items()
        }
        folded[node_id] = {"class_type": node["class_type"], "inputs": inputs}
        fold = folds.get(node["class_type"])
        if fold is not None and not any(is_link(value, prompt) for value in inputs.values()):
            try:
                outputs[node_id] = fold(inputs)
            except (KeyError, TypeError, AttributeError):  # such a node fails when it runs
                continue
    return folded


def _hash_node(prompt: Prompt, find_paths: FindPaths, describe: Callable[[str], str], node_id: str) -> str:
    node = prompt[node_id]
    inputs = {
        name: [describe(value[0]), value[1]]
        if is_link(value, prompt)
        else [value, [_read_stamps(text, find_paths) for text in list_texts(value)]]
        for name, value in node["inputs"].items()
    }
    return hash_value([node["class_type"], inputs])


def _read_stamps(name: str, find_paths: FindPaths) -> list[tuple[int, int]]:
    """Return size and time of change of each file that the name may mean."""
    return sorted({stamp for path in find_paths(name) if (stamp := read_stamp(path)) is not None})


def _sort_by_links(prompt: Prompt) -> Iterable[str]:
    """Return the nodes' ids, each after those that it links to; nodes in a circle come in any order."""
    done: dict[str, None] = {}
    entered: set[str] = set()
    for start in prompt:
        waiting = [start]
        while waiting:
            node_id = waiting[-1]
            links = [value[0] for value in prompt[node_id]["inputs"].values() if is_link(value, prompt)]
            missing = [] if node_id in entered else [link for link in links if link not in entered]
            entered.add(node_id)
            if missing:
                waiting += missing
            else:
                done[waiting.pop()] = None
    return done
