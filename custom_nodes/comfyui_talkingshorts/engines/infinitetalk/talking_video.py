"""Make a portrait speak with InfiniteTalk: what a talking video is made of, for the loop that makes any long video."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ...core.errors import InputError, VideoError
from ...core.infinitetalk.buckets import choose_size
from ...core.infinitetalk.flow_schedule import choose_shift, plan_sigmas
from ...core.infinitetalk.guidance_batch import GuidanceBatch
from ...core.infinitetalk.windows import MOTION_FRAMES, WINDOW_FRAMES, Window, plan_windows
from ...core.long_video.size import Size, round_up_to_step
from ...core.sound import VIDEO_FPS, Sound, count_video_frames
from ..long_video.inputs import LongVideoSettings, Subject, Workplace
from ..long_video.loop import VideoPlan, Watcher, make_long_video
from ..long_video.picture_fit import fit_picture, keep_person
from .audio_features import CHANNELS, LAYERS, write_features
from .guider import Guidance
from .sampling import TalkingModels, TalkingSampler, TalkingSampling
from .speech import prepare_speech

_LESS_MEMORY = (
    "close other programs, choose a smaller size, fewer window_frames, an fp8 model, or guidance_batch sequential."
)


@dataclass(frozen=True, kw_only=True)
class TalkingSettings(LongVideoSettings):
    """The node's inputs beside models, sound, picture and prompts; `shift` 0 is the recommended one."""

    size_mode: str
    width: int
    height: int
    steps: int
    schedule: str
    shift: float
    text_scale: float
    audio_scale: float
    window_frames: int = WINDOW_FRAMES
    motion_frames: int = MOTION_FRAMES
    short_last_window: bool = False
    guidance_batch: GuidanceBatch = "auto"
    guidance_end: float = 1.0
    color_strength: float = 1.0
    apg: bool = False


def make_talking_video(
    models: TalkingModels, subject: Subject, settings: TalkingSettings, workplace: Workplace, watcher: Watcher
) -> int:
    """Write the video of the subject, one frame per started 1/25 s of its speech, and return how many frames it has.

    Raises InputError for settings that make no sense, ModelError for models that don't belong together, and as
    make_long_video.
    """
    windows = plan_windows(
        count_video_frames(subject.speech),
        settings.window_frames,
        settings.motion_frames,
        settings.short_last_window,
    )
    size = choose_size(settings.size_mode, Size(*subject.portrait.shape[:2]), Size(settings.height, settings.width))
    sampled_size = round_up_to_step(size)
    subject = keep_person(subject, sampled_size, watcher)
    sampling = _plan_sampling(settings, sampled_size)
    features_path = workplace.video.with_suffix(".features.npy")
    plan = VideoPlan(
        size,
        VIDEO_FPS,
        len(windows),
        partial(_open_sampler, models, subject, sampled_size, windows, sampling, features_path),
        _LESS_MEMORY,
    )
    return make_long_video(plan, subject, settings, workplace, watcher)


def _plan_sampling(settings: TalkingSettings, size: Size) -> TalkingSampling:
    """Return how to sample. Raises InputError for scales or shares out of range."""
    for name, value, most in (
        ("text_scale", settings.text_scale, 100.0),
        ("audio_scale", settings.audio_scale, 100.0),
        ("guidance_end", settings.guidance_end, 1.0),
        ("color_strength", settings.color_strength, 1.0),
    ):
        if not 0 <= value <= most:
            raise InputError(f"{name} is {value:g}: give a number from 0 to {most:g}.")
    shift = settings.shift or choose_shift(settings.schedule, size)
    return TalkingSampling(
        sigmas=torch.from_numpy(plan_sigmas(settings.steps, shift, settings.schedule)),
        guidance=Guidance(
            text_scale=settings.text_scale,
            audio_scale=settings.audio_scale,
            end=settings.guidance_end,
            batch=settings.guidance_batch,
            is_projected=settings.apg,
        ),
        seed=settings.seed,
        window_frames=settings.window_frames,
        colour_strength=settings.color_strength,
        vae_tiling=settings.vae_tiling,
    )


@contextlib.contextmanager
def _open_sampler(
    models: TalkingModels,
    subject: Subject,
    size: Size,
    windows: Sequence[Window],
    sampling: TalkingSampling,
    features_path: Path,
) -> Iterator[TalkingSampler]:
    """Yield what samples the windows, for as long as its audio features are on the disk."""
    try:
        _encode_speech(models.audio_encoder, subject.speech, features_path)
        picture = fit_picture(subject.portrait, size)
        prompts = (subject.positive, subject.negative)
        yield TalkingSampler(models, prompts, picture, features_path, windows, sampling)
    finally:
        features_path.unlink(missing_ok=True)


def _encode_speech(audio_encoder: Any, speech: Sound, features_path: Path) -> None:
    """Write the audio features of the speech. Raises VideoError when they can't be written."""
    frames = count_video_frames(speech)
    try:
        write_features(audio_encoder, prepare_speech(speech), frames, features_path)
    except OSError as error:
        raise VideoError(
            f"The features of the speech can't be kept in {features_path.parent}: {error.strerror or error}. The "
            f"folder must exist and have {frames * LAYERS * CHANNELS * 4 / 1e9:.2f} GB free (ComfyUI's "
            "--temp-directory names another one)."
        ) from error
