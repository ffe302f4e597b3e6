"""What a window of each kind of video computes, where no cache spares any of it, and the GPU memory that it takes."""

from __future__ import annotations

from .work import Work, measure_forward, measure_peak_bytes, measure_vae

_TOKEN_PIXELS = 16 * 16
_FRAMES_PER_LATENT = 4
_S2V_MOTION_FRAMES = 73


def measure_talking_window(frames: int, motion_frames: int, pixels: int, forwards: int) -> Work:
    """Return what a window of InfiniteTalk takes, of frames of so many pixels. It begins with `motion_frames`."""
    work = measure_forward("infinitetalk", _count_tokens(_count_latents(frames), pixels)) * forwards
    work += measure_vae("decode", frames, pixels)
    return work + measure_vae("encode", motion_frames, pixels) if motion_frames else work


def measure_talking_peak_bytes(frames: int, pixels: int) -> float:
    """Return the GPU memory that a forward of InfiniteTalk takes for one branch beside the weights."""
    return measure_peak_bytes(_count_tokens(_count_latents(frames), pixels))


def measure_s2v_window(latents: int, pixels: int, forwards: int, is_first: bool, is_last: bool) -> Work:
    """Return what a window of Wan S2V takes, of frames of so many pixels: both sides multiples of 64.

    Beside its latents the model sees the reference picture and, from the second window on, the motion before: the last
    latent whole, two at a quarter, and sixteen, four at once, at a sixteenth.
    """
    frame = _count_tokens(1, pixels)
    motion = 0 if is_first else frame + 2 * (frame // 4)
    work = measure_forward("wan_s2v", (latents + 1) * frame + motion, sound_tokens=latents * frame) * forwards
    shown_before = 1 if is_first else _S2V_MOTION_FRAMES
    work += measure_vae("decode", latents * _FRAMES_PER_LATENT + shown_before, pixels)
    return work if is_last else work + measure_vae("encode", _S2V_MOTION_FRAMES, pixels)


def measure_s2v_peak_bytes(latents: int, pixels: int) -> float:
    """Return the GPU memory that a forward of Wan S2V takes for one branch beside the weights."""
    return measure_peak_bytes(_count_tokens(latents + 3, pixels))


def _count_tokens(latents: int, pixels: int) -> int:
    return latents * pixels // _TOKEN_PIXELS


def _count_latents(frames: int) -> int:
    return (frames - 1) // _FRAMES_PER_LATENT + 1
