"""What any video of a speaking portrait is made of, beside its models: what goes in, where it is kept, who watches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from comfy import model_management

from ...core.errors import VideoError
from ...core.sound import Sound


@dataclass(frozen=True)
class Subject:
    """What is to be shown and heard: a picture uint8 [height, width, 1, 3 or 4 channels], a sound, and the prompts."""

    portrait: np.ndarray
    speech: Sound
    positive: list[Any]
    negative: list[Any]


@dataclass(frozen=True)
class Home:
    """Where the work is kept: ComfyUI's hidden prompt and the node's id in it, and the folder of all sessions."""

    prompt: Mapping[str, Any]
    node_id: str
    sessions: Path


class Watcher(Protocol):
    """Who is told how far the video is; what it raises ends the work, and the finished windows stay."""

    def begin(self, windows: int, steps: int, finished_windows: int) -> None: ...

    def end_step(self) -> None: ...

    def end_window(self, last_frame: torch.Tensor) -> None:
        """Hear of a finished window; `last_frame` is [height, width, 3] float32 0..1."""
        ...


@contextlib.contextmanager
def explaining_lack_of_memory(advice: str) -> Iterator[None]:
    """Turn any lack of memory into a VideoError that says how to go on, ending with `advice` on what takes less."""
    try:
        yield
    except Exception as error:
        model_management.raise_non_oom(error)
        raise VideoError(
            "The GPU's memory ran out. Finished parts are kept: run the same graph again and it goes on. If it "
            f"happens again, {advice}"
        ) from error
