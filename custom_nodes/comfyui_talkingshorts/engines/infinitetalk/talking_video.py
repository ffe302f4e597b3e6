"""Make a portrait speak: from a picture and a sound to a finished video, a window at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ...core.errors import InputError, VideoError
from ...core.infinitetalk.buckets import Size, choose_size
from ...core.infinitetalk.flow_schedule import choose_shift, plan_sigmas
from ...core.infinitetalk.options import GuidanceBatch, VaeTiling
from ...core.infinitetalk.windows import MOTION_FRAMES, WINDOW_FRAMES, Window, plan_windows
from ...core.limits import require_seed
from ...core.sound import Sound, count_video_frames
from ..long_video.picture import fit_picture
from ..long_video.session import Session
from ..long_video.session_key import make_session_key
from ..long_video.work import Home, Subject, Watcher, explaining_lack_of_memory
from .audio_features import CHANNELS, LAYERS, write_features
from .guider import Guidance
from .sampling import Models, Sampling, WindowSampler
from .speech import prepare_speech

_LESS_MEMORY = (
    "close other programs, choose a smaller size, fewer window_frames, an fp8 model, or guidance_batch sequential."
)


@dataclass(frozen=True)
class TalkingSettings:
    """The node's inputs beside models, sound, picture and prompts; `shift` 0 is the recommended one."""

    size_mode: str
    width: int
    height: int
    steps: int
    schedule: str
    shift: float
    text_scale: float
    audio_scale: float
    seed: int
    window_frames: int = WINDOW_FRAMES
    motion_frames: int = MOTION_FRAMES
    short_last_window: bool = False
    guidance_batch: GuidanceBatch = "auto"
    guidance_end: float = 1.0
    color_strength: float = 1.0
    vae_tiling: VaeTiling = "auto"
    apg: bool = False
    crf: int = 16
    resume: bool = True


def make_talking_video(
    models: Models,
    audio_encoder: Any,
    subject: Subject,
    settings: TalkingSettings,
    home: Home,
    path: Path,
    watcher: Watcher,
) -> int:
    """Write the video of the subject, one frame per started 1/25 s of its speech, and return how many frames it has.

    Memory doesn't grow with the length. Finished windows are kept until the video is: the same call goes on after the
    last of them, to the same frames.
    Raises InputError for settings that make no sense, ModelError for models that don't belong together, VideoError
    when the video can't be written or memory runs out.
    """
    frames = count_video_frames(subject.speech)
    windows = plan_windows(frames, settings.window_frames, settings.motion_frames, settings.short_last_window)
    size = choose_size(settings.size_mode, Size(*subject.portrait.shape[:2]), Size(settings.height, settings.width))
    sampling = _plan_sampling(settings, size)
    key = make_session_key(home.prompt, home.node_id, asdict(settings), subject.speech, subject.portrait)
    with Session(home.sessions, key, len(windows), settings.crf) as session:
        if not settings.resume:
            session.start_afresh()
        watcher.begin(len(windows), settings.steps, session.finished)
        if session.finished < len(windows):
            features_path = path.with_suffix(".features.npy")
            try:
                with explaining_lack_of_memory(_LESS_MEMORY):
                    _hear(audio_encoder, subject.speech, frames, features_path)
                    picture = fit_picture(subject.portrait, size)
                    prompts = (subject.positive, subject.negative)
                    sampler = WindowSampler(models, prompts, picture, features_path, frames, sampling)
                    _sample_windows(sampler, windows, session, settings.motion_frames, watcher)
            finally:
                features_path.unlink(missing_ok=True)
        session.assemble(subject.speech, path)
        session.discard()
    return frames


def _plan_sampling(settings: TalkingSettings, size: Size) -> Sampling:
    """Return how to sample. Raises InputError for scales or shares out of range."""
    require_seed(settings.seed)
    for name, value, most in (
        ("text_scale", settings.text_scale, 100.0),
        ("audio_scale", settings.audio_scale, 100.0),
        ("guidance_end", settings.guidance_end, 1.0),
        ("color_strength", settings.color_strength, 1.0),
    ):
        if not 0 <= value <= most:
            raise InputError(f"{name} is {value:g}: give a number from 0 to {most:g}.")
    shift = settings.shift or choose_shift(settings.schedule, size)
    return Sampling(
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


def _hear(audio_encoder: Any, speech: Sound, frames: int, features_path: Path) -> None:
    """Write the audio features of the speech. Raises VideoError when they can't be written."""
    try:
        write_features(audio_encoder, prepare_speech(speech), frames, features_path)
    except OSError as error:
        raise VideoError(
            f"What was heard of the speech can't be kept in {features_path.parent}: {error.strerror or error}. The "
            f"folder must exist and have {frames * LAYERS * CHANNELS * 4 / 1e9:.2f} GB free (ComfyUI's "
            "--temp-directory names another one)."
        ) from error


def _sample_windows(
    sampler: WindowSampler, windows: Sequence[Window], session: Session, motion_frames: int, watcher: Watcher
) -> None:
    """Sample the windows that aren't finished, each encoded and kept while the next is sampled."""
    first = session.finished
    kept_motion = session.read_motion_frames()
    motion = None if kept_motion is None else torch.from_numpy(kept_motion)
    with session.write_windows() as writer:
        for index in range(first, len(windows)):
            sampled = sampler.sample(index, windows[index], motion, watcher.end_step)
            motion = None if index + 1 == len(windows) else sampled.frames[-motion_frames:].clone()
            writer.submit(index, sampled.kept, motion)
            watcher.end_window(sampled.kept[-1])
