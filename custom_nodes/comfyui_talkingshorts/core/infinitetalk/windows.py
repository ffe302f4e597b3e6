"""How a talking video is made of windows, and which sound drives each of their frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError

WINDOW_FRAMES = 81
MOTION_FRAMES = 9
CONTEXT_OFFSETS = (-2, -1, 0, 1, 2)
_FRAMES_PER_LATENT = 4


@dataclass(frozen=True)
class Window:
    """A stretch of the video that is sampled at once.

    It spans `frames` frames (4n+1) from `start_frame` of the video on, maybe past its end. The first `motion_frames`
    were made by the window before and are pinned; the `kept_frames` after them are new.
    """

    start_frame: int
    frames: int
    motion_frames: int
    kept_frames: int

    @property
    def end_frame(self) -> int:
        return self.start_frame + self.frames

    @property
    def kept(self) -> slice:
        """Which of the window's own frames go into the video."""
        return slice(self.motion_frames, self.motion_frames + self.kept_frames)

    @property
    def output(self) -> slice:
        """Where they land in the video."""
        return slice(self.start_frame + self.kept.start, self.start_frame + self.kept.stop)


def plan_windows(
    frames: int,
    window_frames: int = WINDOW_FRAMES,
    motion_frames: int = MOTION_FRAMES,
    is_last_shortened: bool = False,
) -> list[Window]:
    """Return the windows of a video of so many frames (one or more), each overlapping the next by motion_frames.

    One window suffices up to window_frames; the last one's surplus frames are dropped. With is_last_shortened it makes
    only as many frames as the video still needs, rounded up to 4n+1: less work, but no longer the official result.
    Source: the loop of generate_infinitetalk in MeiGen-AI/InfiniteTalk, wan/multitalk.py, which refuses the one window.
    Raises InputError unless both lengths are 4n+1, as the video VAE wants, and a window longer than its motion.
    """
    _require_lengths(window_frames, motion_frames)
    windows: list[Window] = []
    done = 0
    while done < frames:
        pinned = motion_frames if windows else 0
        length = min(window_frames, _whole_latents(pinned + frames - done)) if is_last_shortened else window_frames
        kept = min(length - pinned, frames - done)
        windows.append(Window(done - pinned, length, pinned, kept))
        done += kept
    return windows


def index_audio(window: Window, frames: int) -> np.ndarray:
    """Return which of the `frames` audio features drive each frame of a window: [window frames, 5] int64.

    The five are its own and two to either side. Past its end the sound runs backwards, before its start the first
    feature is repeated. Source: as plan_windows; its tail of `end - len + 3` reversed embeddings is a reflection.
    """
    positions = np.arange(window.start_frame, window.end_frame)[:, None] + CONTEXT_OFFSETS
    return np.minimum(positions, 2 * frames - 1 - positions).clip(min=0)


def count_latents(frames: int) -> int:
    """Return how many latent frames the video VAE needs for so many frames, one or more: n+1 for up to 4n+1."""
    return -(-(frames - 1) // _FRAMES_PER_LATENT) + 1


def _whole_latents(frames: int) -> int:
    return (count_latents(frames) - 1) * _FRAMES_PER_LATENT + 1


def _require_lengths(window_frames: int, motion_frames: int) -> None:
    for name, length in (("window_frames", window_frames), ("motion_frames", motion_frames)):
        if length < 1 or length != _whole_latents(length):
            near = max(1, length - (length - 1) % _FRAMES_PER_LATENT)
            raise InputError(f"{name} is {length}: the video VAE takes 1, 5, 9, ... frames, such as {near}.")
    if motion_frames >= window_frames:
        raise InputError(
            f"motion_frames is {motion_frames}, but a window has only {window_frames}: nothing new would be made. "
            f"Set motion_frames to {MOTION_FRAMES}, or window_frames to {WINDOW_FRAMES}."
        )
