"""Make a portrait speak with Wan S2V: from a picture and a sound to a finished video, a chunk at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import comfy.samplers
import torch

from ...core.errors import InputError
from ...core.infinitetalk.buckets import Size
from ...core.infinitetalk.options import VaeTiling
from ...core.limits import require_seed, require_size
from ...core.sound import count_video_frames
from ...core.wan_s2v.chunks import CHUNK_FRAMES, SPEECH_VIDEO_FPS, Chunk, plan_chunks
from ...core.wan_s2v.margin import Margin, plan_margin
from ..long_video.picture import fit_picture
from ..long_video.session import Session
from ..long_video.session_key import make_session_key
from ..long_video.work import Home, Subject, Watcher, explaining_lack_of_memory
from .hearing import SpeechListener, prepare_speech
from .sampling import ChunkSampler, Models, Sampling

_LARGEST_CFG, _MOST_STEPS = 100.0, 10000
# What lies farthest back in time the model sees in blocks of 64 pixels. Of other sizes it would miss the rest, and
# lose count of its tokens.
_BLOCK_PIXELS = 64
_LESS_MEMORY = "close other programs, choose a smaller size, an fp8 model, vae_tiling on, or chunk_frames 73."


@dataclass(frozen=True)
class SpeechVideoSettings:
    """The node's inputs beside models, sampler, sound, picture and prompts."""

    width: int
    height: int
    steps: int
    cfg: float
    scheduler: str
    seed: int
    chunk_frames: int = CHUNK_FRAMES
    vae_tiling: VaeTiling = "auto"
    crf: int = 16
    resume: bool = True


def make_speech_video(
    models: Models,
    sampler: Any,
    subject: Subject,
    settings: SpeechVideoSettings,
    home: Home,
    path: Path,
    watcher: Watcher,
) -> int:
    """Write the video of the subject, one frame per started 1/16 s of its speech, and return how many frames it has.

    `sampler` is ComfyUI's SAMPLER; the model's shift is set before, on the model. Memory doesn't grow with the length.
    Finished chunks are kept until the video is: the same call goes on after the last of them, to the same frames.
    Raises InputError for settings that make no sense, ModelError for models of another kind, VideoError when the video
    can't be written or memory runs out.
    """
    _require_sense(settings)
    frames = count_video_frames(subject.speech, SPEECH_VIDEO_FPS)
    chunks = plan_chunks(frames, settings.chunk_frames)
    size = Size(settings.height, settings.width)
    margin = plan_margin(size, _BLOCK_PIXELS)
    key = make_session_key(home.prompt, home.node_id, asdict(settings), subject.speech, subject.portrait)
    with Session(home.sessions, key, len(chunks), settings.crf, fps=SPEECH_VIDEO_FPS) as session:
        if not settings.resume:
            session.start_afresh()
        if session.finished < len(chunks):
            with explaining_lack_of_memory(_LESS_MEMORY):
                chunk_sampler = ChunkSampler(
                    models.model,
                    models.vae,
                    SpeechListener(models.audio_encoder, prepare_speech(subject.speech)),
                    (subject.positive, subject.negative),
                    margin.add(fit_picture(subject.portrait, size)),
                    _plan_sampling(settings, sampler),
                )
                _sample_chunks(chunk_sampler, chunks, session, margin, watcher)
        session.assemble(subject.speech, path)
        session.discard()
    return frames


def _require_sense(settings: SpeechVideoSettings) -> None:
    """Raise InputError for settings out of range."""
    require_size(settings.width, settings.height)
    require_seed(settings.seed)
    if not 1 <= settings.steps <= _MOST_STEPS:
        raise InputError(f"steps is {settings.steps}: give a whole number from 1 to {_MOST_STEPS}, such as 20.")
    if not 0 <= settings.cfg <= _LARGEST_CFG:
        raise InputError(f"cfg is {settings.cfg:g}: give a number from 0 to {_LARGEST_CFG:g}, such as 6.")
    if settings.scheduler not in comfy.samplers.SCHEDULER_NAMES:
        raise InputError(
            f"scheduler is {settings.scheduler}: choose one of {', '.join(comfy.samplers.SCHEDULER_NAMES)}."
        )


def _plan_sampling(settings: SpeechVideoSettings, sampler: Any) -> Sampling:
    return Sampling(
        steps=settings.steps,
        cfg=settings.cfg,
        sampler=sampler,
        scheduler=settings.scheduler,
        seed=settings.seed,
        vae_tiling=settings.vae_tiling,
    )


def _sample_chunks(
    sampler: ChunkSampler, chunks: Sequence[Chunk], session: Session, margin: Margin, watcher: Watcher
) -> None:
    """Sample the chunks that aren't finished, each encoded and kept while the next is sampled."""
    first = session.finished
    watcher.begin(len(chunks), sampler.steps, first)
    kept_motion = session.read_motion_frames()
    motion = None if kept_motion is None else torch.from_numpy(kept_motion)
    rows, columns = margin.inner
    with session.write_windows() as writer:
        for index in range(first, len(chunks)):
            frames = sampler.sample(index, chunks[index], motion, watcher.end_step)
            motion = None if index + 1 == len(chunks) else sampler.encode_motion(frames)
            kept = frames[: chunks[index].kept_frames, rows, columns]
            writer.submit(index, kept, motion)
            watcher.end_window(kept[-1])
