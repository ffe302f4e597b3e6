"""Where a node makes its video: the finished file, and what is kept until it is finished."""

from __future__ import annotations

import uuid
from pathlib import Path

import folder_paths
from comfy_api.latest import io

from ...engines.long_video.inputs import Workplace


def make_workplace(node: type[io.ComfyNode]) -> Workplace:
    """Return where the node that executes works; its schema asks for the hidden prompt and unique_id.

    The video is a new mp4 in ComfyUI's temp folder. The sessions are kept in the output folder: ComfyUI empties the
    temp folder at every start.
    """
    return Workplace(
        prompt=node.hidden.prompt,
        node_id=node.hidden.unique_id,
        sessions=Path(folder_paths.get_output_directory(), ".talkingshorts", "sessions"),
        video=Path(folder_paths.get_temp_directory(), f"talkingshorts_talking_{uuid.uuid4().hex}.mp4"),
    )
