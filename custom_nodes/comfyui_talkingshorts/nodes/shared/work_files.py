"""Where videos of speaking portraits are made: the finished file, and what is kept until it is finished."""

from __future__ import annotations

import uuid
from pathlib import Path

import folder_paths


def make_video_path() -> Path:
    """Return the path of a new mp4 in ComfyUI's temp folder."""
    return Path(folder_paths.get_temp_directory()) / f"talkingshorts_talking_{uuid.uuid4().hex}.mp4"


def get_sessions_folder() -> Path:
    """Return the folder of all sessions, in the output folder: ComfyUI empties the temp folder at every start."""
    return Path(folder_paths.get_output_directory(), ".talkingshorts", "sessions")
