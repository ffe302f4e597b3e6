"""How a Wan S2V video is made of windows, and which part of the sound each of them takes in."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError

S2V_FPS = 16
"""What Wan S2V is trained for."""
S2V_WINDOW_FRAMES = 77
S2V_MOTION_FRAMES, S2V_MOTION_LATENTS = 73, 19
"""What a window continues from: the last frames of the video so far, and how many latents they are."""
LEADING_FRAMES = 3
"""How many frames the first window makes too many at its start, where no motion leads into them: they are dropped."""
_FRAMES_PER_LATENT = 4


@dataclass(frozen=True)
class S2VWindow:
    """A stretch of the video that is sampled at once, as so many latents of four frames.

    Its sound begins at frame `first_audio_frame`, counted from LEADING_FRAMES of silence that stand before the speech.
    Of the frames the first `dropped_frames` don't count, and the `kept_frames` after them go into the video; the rest
    of the last window lies past its end.
    """

    first_audio_frame: int
    latents: int
    dropped_frames: int
    kept_frames: int

    @property
    def frames(self) -> int:
        return self.latents * _FRAMES_PER_LATENT


def plan_s2v_windows(frames: int, window_frames: int = S2V_WINDOW_FRAMES) -> list[S2VWindow]:
    """Return the windows of a video of so many frames, one or more.

    The first adds window_frames (4n+1), as its first latent is worth one frame, each later one 4n+4.
    Source: WanS2V.generate in Wan-Video/Wan2.2, wan/speech2video.py (infer_frames is 4n+4 there). It encodes the speech
    from the first dropped frame on, so that pictures come 3/16 s before their sound; here silence stands in for it.
    Raises InputError unless a window replaces all frames that the next continues from.
    """
    latents = (window_frames - 1) // _FRAMES_PER_LATENT + 1
    if window_frames < S2V_MOTION_FRAMES or window_frames != (latents - 1) * _FRAMES_PER_LATENT + 1:
        near = max(S2V_MOTION_FRAMES, (latents - 1) * _FRAMES_PER_LATENT + 1)
        raise InputError(
            f"chunk_frames is {window_frames}: each window continues from {S2V_MOTION_FRAMES} frames of the one "
            f"before, and the video VAE takes 4n+1. Give 73, 77, 81, ..., such as {near}; the model was trained on "
            f"{S2V_WINDOW_FRAMES}."
        )
    windows: list[S2VWindow] = []
    done = 0
    while done < frames:
        made = latents * _FRAMES_PER_LATENT
        dropped = 0 if windows else LEADING_FRAMES
        kept = min(made - dropped, frames - done)
        windows.append(S2VWindow(len(windows) * made, latents, dropped, kept))
        done += kept
    return windows
