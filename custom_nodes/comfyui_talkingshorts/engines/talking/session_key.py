"""Name a talking video by everything that decides its frames, so that only the same video is resumed."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import av
import numpy as np

from ...core.sound import Sound

# To be raised when the same inputs give other frames than before.
ALGORITHM_VERSION = 1
# `resume` decides nothing; the other two are hashed as what arrived, wherever it came from.
_INPUTS_LEFT_OUT = {"resume", "speech", "portrait"}

FindPaths = Callable[[str], Iterable[str]]


def find_paths(name: str) -> Iterator[str]:
    """Yield the paths at which ComfyUI would look for a file of this name: among its models and in its input folder."""
    import folder_paths

    for folder in folder_paths.folder_names_and_paths:
        path = folder_paths.get_full_path(folder, name)
        if path is not None:
            yield path
    with contextlib.suppress(ValueError):  # a text that would lead out of the folder
        yield folder_paths.get_annotated_filepath(name)


def make_session_key(
    prompt: Mapping[str, Any],
    node_id: str,
    settings: Mapping[str, Any],
    speech: Sound,
    portrait: np.ndarray,
    find_paths: FindPaths = find_paths,
) -> str:
    """Return 32 hexadecimal digits: a hash of all that decides the frames of the video that node `node_id` makes.

    `prompt` is ComfyUI's hidden one (API format). Of it count the nodes whose outputs arrive here, by class, inputs and
    links, and size and time of change of every file that one of their inputs names. Numbers and titles of nodes,
    other nodes, `resume`, and where speech and portrait came from don't count. `settings` are the node's own inputs as
    they arrived, defaults filled in (JSON-able). Also count the samples, the picture, and the encoder's version,
    whose segments must fit together.
    """
    if node_id not in prompt:  # made while the graph ran, so that what leads here isn't known
        return uuid.uuid4().hex
    describe = functools.cache(functools.partial(_hash_node, prompt, find_paths, lambda node: describe(node)))
    links = {
        name: [describe(value[0]), value[1]]
        for name, value in prompt[node_id]["inputs"].items()
        if _is_link(value, prompt) and name not in {*_INPUTS_LEFT_OUT, *settings}
    }
    own = {name: value for name, value in settings.items() if name not in _INPUTS_LEFT_OUT}
    sound = [_hash_array(speech.samples), speech.sample_rate_hz]
    return _hash([ALGORITHM_VERSION, av.__version__, links, own, sound, _hash_array(portrait)])[:32]


def _hash_node(prompt: Mapping[str, Any], find_paths: FindPaths, describe: Callable[[str], str], node_id: str) -> str:
    """Return a hash of a node and of all that leads to it; `describe` does the same for another node."""
    node = prompt[node_id]
    inputs = {
        name: [describe(value[0]), value[1]]
        if _is_link(value, prompt)
        else [value, [_read_stamps(text, find_paths) for text in _list_texts(value)]]
        for name, value in node["inputs"].items()
    }
    return _hash([node["class_type"], inputs])


def _is_link(value: Any, prompt: Mapping[str, Any]) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and value[0] in prompt


def _list_texts(value: Any) -> list[str]:
    """Return every text in a value: some loaders keep their files' names in lists and tables."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _list_texts(part)]


def _read_stamps(name: str, find_paths: FindPaths) -> list[tuple[int, int]]:
    """Return size and time of change of each file that the name may mean."""
    stamps = set()
    for path in find_paths(name):
        try:
            status = os.stat(path)  # noqa: PTH116
        except (OSError, ValueError):  # any text is tried: too long for a name, or with characters that none takes
            continue
        if stat.S_ISREG(status.st_mode):
            stamps.add((status.st_size, status.st_mtime_ns))
    return sorted(stamps)


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _hash_array(array: np.ndarray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data.cast("B"))
    return digest.hexdigest()
