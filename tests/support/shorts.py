"""Ways to look into a short that was made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np


def read_result(short: Path) -> dict[str, Any]:
    """Return the result file that stands beside a short."""
    return json.loads(short.with_suffix(".json").read_text())


@dataclass(frozen=True)
class Film:
    """A decoded short: grey frames [frames, height, width] uint8, and its sound [samples] float32."""

    frames: np.ndarray
    fps: float
    sound: np.ndarray
    sample_rate_hz: int
    tags: dict[str, str]

    @property
    def loudness(self) -> np.ndarray:
        """The sound's RMS in each frame: [frames]."""
        step = self.sample_rate_hz / self.fps
        parts = [self.sound[round(i * step) : round((i + 1) * step)] for i in range(len(self.frames))]
        return np.array([np.sqrt(np.mean(part**2)) if part.size else 0.0 for part in parts])


def decode(path: Path) -> Film:
    """Return everything that the short holds."""
    with av.open(str(path)) as container:
        fps = float(container.streams.video[0].average_rate or 0)
        frames = np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)])
        tags = dict(container.metadata)
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].sample_rate
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    return Film(frames, fps, sound.mean(axis=0), rate, tags)


def read_graph_tag(path: Path) -> dict[str, Any]:
    """Return the API graph that a short holds."""
    with av.open(str(path)) as container:
        return json.loads(container.metadata["prompt"])
