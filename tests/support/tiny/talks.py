"""Talking videos small enough for tests: what goes in, and what is seen of the work."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from comfyui_talkingshorts.core.cost.work import Work
from comfyui_talkingshorts.core.sound import Sound

HEIGHT, WIDTH = 32, 48


def speak(frames: int, sample_rate_hz: int = 16000, channels: int = 1, fps: int = 25) -> Sound:
    """Return noise that swells and fades as syllables do, just as long as so many frames of video."""
    samples = frames * sample_rate_hz // fps
    noise = np.random.default_rng(1).standard_normal((channels, samples))
    return Sound((0.1 * noise * np.sin(np.linspace(0, frames, samples))).astype(np.float32), sample_rate_hz)


def paint(height: int = HEIGHT, width: int = WIDTH, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Return a picture [height, width, channels] uint8 of a few large spots."""
    spots = np.random.default_rng(seed).integers(0, 256, (4, 4, channels), np.uint8)
    return spots.repeat(-(-height // 4), 0)[:height].repeat(-(-width // 4), 1)[:, :width]


def add_lora(model: Any) -> Any:
    """Return the video model with a LoRA that changes its first block."""
    from comfy.sd import load_lora_for_models

    weight = model.model.diffusion_model.blocks[0].ffn[0].weight
    lora = {
        "diffusion_model.blocks.0.ffn.0.lora_A.weight": torch.ones(1, weight.shape[1]),
        "diffusion_model.blocks.0.ffn.0.lora_B.weight": torch.ones(weight.shape[0], 1),
    }
    return load_lora_for_models(model, None, lora, 1.0, 0.0)[0]


@contextlib.contextmanager
def watch_forwards(model: Any) -> Iterator[list[int]]:
    """Yield the list of how many branches each forward of the video model has, while the block lasts.

    What a cache skips is no forward.
    """
    batches: list[int] = []

    def note(network: Any, arguments: Any) -> None:
        batches.append(arguments[0].shape[0])

    hook = model.model.diffusion_model.blocks[0].register_forward_pre_hook(note)
    try:
        yield batches
    finally:
        hook.remove()


def decode_frames(path: Path) -> np.ndarray:
    """Return every frame of a video: [frames, height, width, 3] uint8."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


class Stopped(Exception):
    """Ends a run as an interrupt or a crash would."""


@dataclass
class Recorder:
    """A watcher that remembers what it was told, and ends the work after so many steps."""

    stops_after_steps: int | None = None
    begun: tuple[int, int, int] | None = None
    work: Work | None = None
    needed_bytes: float = 0
    steps: int = 0
    last_frames: list[torch.Tensor] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def tell(self, note: str) -> None:
        self.notes.append(note)

    def begin(self, windows: int, steps: int, finished_windows: int, work: Work, needed_bytes: float) -> None:
        self.begun = (windows, steps, finished_windows)
        self.work, self.needed_bytes = work, needed_bytes

    def end_step(self) -> None:
        self.steps += 1
        if self.steps == self.stops_after_steps:
            raise Stopped

    def end_window(self, last_frame: torch.Tensor) -> None:
        self.last_frames.append(last_frame)


class KeptFrames:
    """Stands for a session, and keeps the frames."""

    finished = 0

    def __init__(self) -> None:
        self.frames: list[np.ndarray] = []

    def read_motion_frames(self) -> None:
        return None

    def write_windows(self) -> KeptFrames:
        return self

    def __enter__(self) -> KeptFrames:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, index: int, frames: torch.Tensor, motion: torch.Tensor | None) -> None:
        self.frames.append(frames.numpy().copy())
