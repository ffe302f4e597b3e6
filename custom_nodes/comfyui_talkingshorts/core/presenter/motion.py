"""How the presenter moves while speaking: blinks, glances, brows, head and breath, per video frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..sound import VIDEO_FPS
from .mouth import CLOSED, MouthShape, SpeechTrack

BLINK = np.array([0.45, 0.95, 1.0, 0.85, 0.50, 0.20], np.float32)
BLINK_GAP_SECONDS = (1.8, 4.6)
FIRST_BLINK_SECONDS = (0.5, 1.2)
GLANCE_SECONDS = (0.9, 2.8)
BREATH_SECONDS = 3.6


@dataclass(frozen=True)
class Pose:
    """The presenter at one moment. Zero is rest; yaw, pitch, roll, gaze and breath go from -1 to 1, the rest 0..1."""

    mouth: MouthShape = CLOSED
    blink: float = 0.0
    brow: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    breath: float = 0.0
    loudness: float = 0.0


@dataclass(frozen=True)
class Motion:
    """A pose per video frame: the moves are [frames] float32 each, in the order of Pose's fields."""

    speech: SpeechTrack
    moves: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.speech)

    def pose_at(self, frame: int) -> Pose:
        moves = {name: float(values[frame]) for name, values in self.moves.items()}
        return Pose(mouth=self.speech.mouth_at(frame), loudness=float(self.speech.loudness[frame]), **moves)


def plan_motion(speech: SpeechTrack, seed: int = 0) -> Motion:
    """Return lively but calm motion: the head drifts, nods with emphasis and rests in pauses; the same for one seed."""
    frames = len(speech)
    chance = np.random.default_rng(seed)
    drift = {name: _drift(frames, chance) for name in ("yaw", "pitch", "roll")}
    emphasis = _ease(speech.loudness, 0.16)
    talking = _ease(emphasis, 0.5)
    accent = np.clip(emphasis - talking, -0.5, 0.5)
    liveliness = 0.55 + 0.45 * np.minimum(1, talking * 2)
    return Motion(
        speech,
        {
            "blink": _blinks(frames, chance),
            "brow": np.clip(_ease(0.10 + 1.5 * accent + 0.25 * _drift(frames, chance), 0.12), 0, 1),
            "gaze_x": 0.45 * _glances(frames, chance) - 0.25 * drift["yaw"],
            "gaze_y": 0.30 * _glances(frames, chance),
            "yaw": 0.62 * drift["yaw"] * liveliness,
            "pitch": 0.42 * drift["pitch"] * liveliness + 0.75 * accent,
            "roll": 0.60 * drift["roll"] * liveliness + 0.12 * drift["yaw"],
            "breath": np.sin(2 * np.pi * (np.arange(frames) / (VIDEO_FPS * BREATH_SECONDS) + chance.random())),
        },
    )


def _drift(frames: int, chance: np.random.Generator) -> np.ndarray:
    """Return a slow wander within -1..1: a few sines of unrelated periods, at rest at the start."""
    seconds = np.arange(frames) / VIDEO_FPS
    waves = np.zeros(frames)
    for period, size in ((2.3, 0.22), (4.1, 0.38), (7.3, 0.40)):
        waves += size * np.sin(2 * np.pi * (seconds / (period * chance.uniform(0.85, 1.15)) + chance.random()))
    return waves * np.minimum(1, 0.15 + seconds / 0.8)


def _blinks(frames: int, chance: np.random.Generator) -> np.ndarray:
    closed = np.zeros(frames + len(BLINK), np.float32)
    start = round(chance.uniform(*FIRST_BLINK_SECONDS) * VIDEO_FPS)
    while start < frames:
        closed[start : start + len(BLINK)] = BLINK
        start += len(BLINK) + round(chance.uniform(*BLINK_GAP_SECONDS) * VIDEO_FPS)
    return closed[:frames]


def _glances(frames: int, chance: np.random.Generator) -> np.ndarray:
    """Return where the eyes rest: still for a while, then elsewhere within two frames."""
    places = np.zeros(frames)
    start = round(chance.uniform(*GLANCE_SECONDS) * VIDEO_FPS)
    while start < frames:
        end = start + round(chance.uniform(*GLANCE_SECONDS) * VIDEO_FPS)
        places[start:end] = chance.choice([0.0, 0.0, chance.uniform(-1, 1)])
        start = end
    return _ease(places, 0.05)


def _ease(values: np.ndarray, seconds: float) -> np.ndarray:
    """Return the values smoothed by a Hann window that reaches `seconds` to both sides."""
    reach = max(1, round(seconds * VIDEO_FPS))
    window = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(np.pad(values, reach, "edge"), window / window.sum(), "valid")
