"""How a Wan S2V video is made of chunks, and which part of the sound each of them hears."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError

SPEECH_VIDEO_FPS = 16
"""What Wan S2V is trained for."""
CHUNK_FRAMES = 77
MOTION_FRAMES, MOTION_LATENTS = 73, 19
"""What a chunk continues from: the last frames of the video so far, and how many latents they are."""
LEADING_FRAMES = 3
"""How many frames the first chunk makes too many at its start, where no motion leads into them: they are dropped."""
FRAMES_PER_LATENT = 4


@dataclass(frozen=True)
class Chunk:
    """A stretch of the video that is sampled at once, as so many latents of four frames.

    Its frames hear the sound from frame `first_heard_frame` on, counted from LEADING_FRAMES of silence that stand
    before the speech. Of the frames the first `dropped_frames` don't count, and the `kept_frames` after them go into
    the video; the rest of the last chunk lies past its end.
    """

    first_heard_frame: int
    latents: int
    dropped_frames: int
    kept_frames: int

    @property
    def frames(self) -> int:
        return self.latents * FRAMES_PER_LATENT


def plan_chunks(frames: int, chunk_frames: int = CHUNK_FRAMES) -> list[Chunk]:
    """Return the chunks of a video of so many frames, one or more.

    The first adds chunk_frames (4n+1), as its first latent is worth one frame, each later one 4n+4.
    Source: WanS2V.generate in Wan-Video/Wan2.2, wan/speech2video.py (infer_frames is 4n+4 there). It hears the speech
    from the first dropped frame on, so that pictures come 3/16 s before their sound; here silence is heard meanwhile.
    Raises InputError unless a chunk replaces all frames that the next continues from.
    """
    latents = (chunk_frames - 1) // FRAMES_PER_LATENT + 1
    if chunk_frames < MOTION_FRAMES or chunk_frames != (latents - 1) * FRAMES_PER_LATENT + 1:
        near = max(MOTION_FRAMES, (latents - 1) * FRAMES_PER_LATENT + 1)
        raise InputError(
            f"chunk_frames is {chunk_frames}: each chunk continues from {MOTION_FRAMES} frames of the one before, and "
            f"the video VAE takes 4n+1. Give 73, 77, 81, ..., such as {near}; the model was trained on {CHUNK_FRAMES}."
        )
    chunks: list[Chunk] = []
    done = 0
    while done < frames:
        made = latents * FRAMES_PER_LATENT
        dropped = 0 if chunks else LEADING_FRAMES
        kept = min(made - dropped, frames - done)
        chunks.append(Chunk(len(chunks) * made, latents, dropped, kept))
        done += kept
    return chunks
