"""What any long video is made of, beside its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.long_video.vae_tiling import VaeTiling
from ...core.sound import Sound


@dataclass(frozen=True)
class Subject:
    """What is to be shown and heard: a picture uint8 [height, width, 1, 3 or 4 channels], a sound, and the prompts."""

    portrait: np.ndarray
    speech: Sound
    positive: list[Any]
    negative: list[Any]


@dataclass(frozen=True, kw_only=True)
class LongVideoSettings:
    """The settings that all long videos have. An engine adds its own; the names of all are part of a session's key."""

    seed: int
    vae_tiling: VaeTiling = "auto"
    crf: int = 16
    resume: bool = True


@dataclass(frozen=True)
class Workplace:
    """Where a node works: ComfyUI's hidden prompt and its id in it, the folder of all sessions, the video's path."""

    prompt: Mapping[str, Any]
    node_id: str
    sessions: Path
    video: Path
