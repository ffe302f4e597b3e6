"""Make a portrait speak with Wan S2V: what a speech video is made of, for the loop that makes any long video."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import comfy.samplers

from ...core.errors import InputError
from ...core.limits import require_size
from ...core.long_video.size import Size, round_up_to_step
from ...core.sound import count_video_frames
from ...core.wan_s2v.windows import S2V_FPS, S2V_WINDOW_FRAMES, S2VWindow, plan_s2v_windows
from ..long_video.inputs import LongVideoSettings, Subject, Workplace
from ..long_video.loop import VideoPlan, Watcher, make_long_video
from ..long_video.picture_fit import fit_picture, keep_person
from .sampling import S2VModels, S2VSampler, S2VSampling
from .speech_features import SpeechEncoder, normalize_speech

_LARGEST_CFG, _MOST_STEPS = 100.0, 10000
_LESS_MEMORY = "close other programs, choose a smaller size, an fp8 model, vae_tiling on, or chunk_frames 73."


@dataclass(frozen=True, kw_only=True)
class SpeechVideoSettings(LongVideoSettings):
    """The node's inputs beside models, sampler, sound, picture and prompts."""

    width: int
    height: int
    steps: int
    cfg: float
    scheduler: str
    chunk_frames: int = S2V_WINDOW_FRAMES


def make_speech_video(
    models: S2VModels,
    sampler: Any,
    subject: Subject,
    settings: SpeechVideoSettings,
    workplace: Workplace,
    watcher: Watcher,
) -> int:
    """Write the video of the subject, one frame per started 1/16 s of its speech, and return how many frames it has.

    `sampler` is ComfyUI's SAMPLER; the model's shift is set before, on the model. Raises InputError for settings that
    make no sense, ModelError for models of another kind, and as make_long_video.
    """
    _require_sense(settings)
    windows = plan_s2v_windows(count_video_frames(subject.speech, S2V_FPS), settings.chunk_frames)
    size = Size(settings.height, settings.width)
    subject = keep_person(subject, round_up_to_step(size), watcher)
    open_sampler = partial(_open_sampler, models, sampler, subject, settings, windows)
    plan = VideoPlan(size, S2V_FPS, len(windows), open_sampler, _LESS_MEMORY)
    return make_long_video(plan, subject, settings, workplace, watcher)


def _require_sense(settings: SpeechVideoSettings) -> None:
    """Raise InputError for settings out of range."""
    require_size(settings.width, settings.height)
    if not 1 <= settings.steps <= _MOST_STEPS:
        raise InputError(f"steps is {settings.steps}: give a whole number from 1 to {_MOST_STEPS}, such as 20.")
    if not 0 <= settings.cfg <= _LARGEST_CFG:
        raise InputError(f"cfg is {settings.cfg:g}: give a number from 0 to {_LARGEST_CFG:g}, such as 6.")
    if settings.scheduler not in comfy.samplers.SCHEDULER_NAMES:
        raise InputError(
            f"scheduler is {settings.scheduler}: choose one of {', '.join(comfy.samplers.SCHEDULER_NAMES)}."
        )


@contextlib.contextmanager
def _open_sampler(
    models: S2VModels, sampler: Any, subject: Subject, settings: SpeechVideoSettings, windows: Sequence[S2VWindow]
) -> Iterator[S2VSampler]:
    yield S2VSampler(
        models,
        (subject.positive, subject.negative),
        fit_picture(subject.portrait, round_up_to_step(Size(settings.height, settings.width))),
        SpeechEncoder(models.audio_encoder, normalize_speech(subject.speech)),
        windows,
        S2VSampling(
            steps=settings.steps,
            cfg=settings.cfg,
            sampler=sampler,
            scheduler=settings.scheduler,
            seed=settings.seed,
            vae_tiling=settings.vae_tiling,
        ),
    )
