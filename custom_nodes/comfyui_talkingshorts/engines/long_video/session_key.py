"""Name a talking video by everything that decides its frames, so that only the same video is resumed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

import av
import numpy as np

from ...core.graph_key import FindPaths, hash_value, is_link, make_describer
from ...core.sound import Sound
from ..files.named import find_paths

# To be raised when the same inputs give other frames than before.
ALGORITHM_VERSION = 1
# `resume` decides nothing; the other two are hashed as what arrived, wherever it came from.
_INPUTS_LEFT_OUT = {"resume", "speech", "portrait"}


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
    describe = make_describer(prompt, find_paths)
    links = {
        name: [describe(value[0]), value[1]]
        for name, value in prompt[node_id]["inputs"].items()
        if is_link(value, prompt) and name not in {*_INPUTS_LEFT_OUT, *settings}
    }
    own = {name: value for name, value in settings.items() if name not in _INPUTS_LEFT_OUT}
    sound = [_hash_array(speech.samples), speech.sample_rate_hz]
    return hash_value([ALGORITHM_VERSION, av.__version__, links, own, sound, _hash_array(portrait)])[:32]


def _hash_array(array: np.ndarray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data.cast("B"))
    return digest.hexdigest()
