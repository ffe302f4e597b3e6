"""Make a video of any length a window at a time, so that a run that ended early goes on where it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Protocol

import torch
from comfy import model_management

from ...core.cost.work import Work
from ...core.errors import VideoError
from ...core.limits import require_seed
from ...core.long_video.size import Size
from ...core.sound import count_video_frames
from .inputs import LongVideoSettings, Subject, Workplace
from .latents import OnStep
from .session import Session
from .session_key import make_session_key


class Watcher(Protocol):
    """Who is told how far the video is; what it raises ends the work, and the finished windows stay."""

    def tell(self, note: str) -> None:
        """Hear what the user should know before hours are spent."""
        ...

    def begin(self, windows: int, steps: int, finished_windows: int, work: Work, needed_bytes: float) -> None:
        """Hear that all is loaded and sampling begins, of the windows that aren't finished: they take so much work.

        With `needed_bytes` of GPU memory no weight has to wait in RAM. A video whose windows are all finished never
        begins.
        """
        ...

    def end_step(self) -> None: ...

    def end_window(self, last_frame: torch.Tensor) -> None:
        """Hear of a finished window; `last_frame` is [height, width, 3] float32 0..1."""
        ...


@dataclass(frozen=True)
class SampledWindow:
    """What a window adds to the video, `kept` [frames, height, width, 3] float32 0..1 on the CPU, and its `motion`.

    The motion is what the next window continues from, float32 of any shape; the last window needs none.
    """

    kept: torch.Tensor
    motion: torch.Tensor | None


class WindowSampler(Protocol):
    """Samples the windows of one video, one after the other; each takes `steps` steps."""

    @property
    def steps(self) -> int: ...

    @property
    def needed_bytes(self) -> float:
        """The GPU memory for all weights, and for a forward."""
        ...

    def measure(self, index: int) -> Work:
        """Return what window `index` computes, where no cache spares any of it."""
        ...

    def sample(self, index: int, motion: torch.Tensor | None, on_step: OnStep) -> SampledWindow:
        """Return window `index`, which continues from the motion of the one before (None for the first).

        The same motion gives the same window, whatever was sampled before. Raises VideoError when the model computes
        something that is no picture.
        """
        ...


@dataclass(frozen=True)
class VideoPlan:
    """What an engine makes of its inputs before any work: the size, the frames a second, how many windows, and who
    samples them.

    `open_sampler` loads and computes all that the windows share; what it samples may be a little larger than `size`.
    `memory_advice` says what takes less memory.
    """

    size: Size
    fps: int
    window_count: int
    open_sampler: Callable[[], AbstractContextManager[WindowSampler]]
    memory_advice: str


def make_long_video(
    plan: VideoPlan, subject: Subject, settings: LongVideoSettings, workplace: Workplace, watcher: Watcher
) -> int:
    """Write the planned video with the subject's speech, and return how many frames it has.

    Memory doesn't grow with the length. Finished windows are kept until the video is: the same call goes on after the
    last of them, to the same frames. Raises InputError for a seed out of range, VideoError when the video can't be
    written or memory runs out, and whatever the sampler and the watcher raise.
    """
    require_seed(settings.seed)
    key = make_session_key(workplace.prompt, workplace.node_id, asdict(settings), subject.speech, subject.portrait)
    with Session(workplace.sessions, key, plan.window_count, settings.crf, fps=plan.fps) as session:
        if not settings.resume:
            session.start_afresh()
        if session.finished < plan.window_count:
            with _explaining_lack_of_memory(plan.memory_advice), plan.open_sampler() as sampler:
                sample_windows(sampler, plan.size, plan.window_count, session, watcher)
        session.assemble(subject.speech, workplace.video)
        session.discard()
    return count_video_frames(subject.speech, plan.fps)


def sample_windows(sampler: WindowSampler, size: Size, window_count: int, session: Session, watcher: Watcher) -> None:
    """Sample the windows that aren't finished, each cut to the size, encoded and kept while the next is sampled."""
    first = session.finished
    work = sum((sampler.measure(index) for index in range(first, window_count)), Work())
    watcher.begin(window_count, sampler.steps, first, work, sampler.needed_bytes)
    kept_motion = session.read_motion_frames()
    motion = None if kept_motion is None else torch.from_numpy(kept_motion)
    with session.write_windows() as writer:
        for index in range(first, window_count):
            sampled = sampler.sample(index, motion, watcher.end_step)
            # As it comes back from the disk, so that a window is the same after a crash.
            motion = None if sampled.motion is None else sampled.motion.to("cpu", torch.float32)
            kept = _cut_to_size(sampled.kept, size)
            writer.submit(index, kept, motion)
            watcher.end_window(kept[-1])


def _cut_to_size(frames: torch.Tensor, size: Size) -> torch.Tensor:
    """Return the middle of frames [frames, height, width, 3], which are as large as the size or larger."""
    top, left = (frames.shape[1] - size.height) // 2, (frames.shape[2] - size.width) // 2
    return frames[:, top : top + size.height, left : left + size.width]


@contextlib.contextmanager
def _explaining_lack_of_memory(advice: str) -> Iterator[None]:
    """Turn any lack of memory into a VideoError that says how to go on, ending with `advice` on what takes less."""
    try:
        yield
    except Exception as error:
        model_management.raise_non_oom(error)
        raise VideoError(
            "The GPU's memory ran out. Finished parts are kept: run the same graph again and it goes on. If it "
            f"happens again, {advice}"
        ) from error
