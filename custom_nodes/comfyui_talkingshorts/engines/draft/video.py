"""Make a portrait speak in time with a sound, as a quick preview: one frame at a time, straight into the file."""

from __future__ import annotations

import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

from ...core.errors import InputError
from ...core.presenter.look_code import read_look
from ...core.presenter.motion import Pose, plan_motion
from ...core.presenter.mouth import follow_speech
from ...core.progress import OnProgress, ignore_progress
from ...core.sound import Sound
from ..output.mp4 import Mp4Writer
from ..pictures.backdrop import as_rgb
from ..pictures.face_finder import find_face
from .label import DraftLabel
from .picture_puppet import PicturePuppet, StillPicture
from .presenter.puppet import Presenter

LONGEST_SIDE = 1920
LONGEST_SECONDS = 3600.0
FRAMES_AHEAD = 3
NO_FACE_NOTE = (
    "No face was found in the portrait, so its mouth can't move: the video shows the picture with a sound level. "
    "Use a picture of one person who faces the camera, upright and not too small."
)


class Puppet(Protocol):
    """What can be drawn in a pose."""

    width: int
    height: int

    def draw(self, pose: Pose) -> np.ndarray:
        """Return uint8 RGB [height, width, 3]."""
        ...


def make_draft_video(
    portrait: np.ndarray,
    sound: Sound,
    path: Path,
    label: bool = True,
    on_progress: OnProgress = ignore_progress,
) -> str | None:
    """Write an mp4 of the portrait, uint8 [h, w, 1, 3 or 4 channels], speaking the sound; return a note for the user.

    25 fps, one frame per started 1/25 s of sound. `on_progress(done, total)` is called after every frame; what it
    raises ends the work and leaves no file. Raises VideoError when the file can't be written, InputError for speech of
    over an hour.
    """
    if sound.seconds > LONGEST_SECONDS:
        raise InputError(f"The speech is {sound.seconds:.0f} s long. The most is {LONGEST_SECONDS:g} s: cut it.")
    puppet, note = make_puppet(portrait)
    motion = plan_motion(follow_speech(sound), seed=zlib.crc32(portrait[::16, ::16].tobytes()))
    stamp = DraftLabel(puppet.width, puppet.height) if label else None
    with Mp4Writer(path, puppet.width, puppet.height, sound) as writer, ThreadPoolExecutor(1) as encoder:
        waiting: deque[Future[None]] = deque()
        for frame in range(len(motion)):
            picture = puppet.draw(motion.pose_at(frame))
            if stamp:
                stamp.lay_on(picture)
            waiting.append(encoder.submit(writer.write, picture))
            if len(waiting) > FRAMES_AHEAD:
                waiting.popleft().result()
            on_progress(frame + 1, len(motion))
        for written in waiting:
            written.result()
    return note


def make_puppet(portrait: np.ndarray) -> tuple[Puppet, str | None]:
    """Return what moves for this portrait, and a note when that isn't a face: the presenter drawn anew if the picture
    is one, else the picture itself, bent around the face found in it."""
    look = read_look(portrait)
    if look is not None:
        height, width = (side // 2 * 2 for side in portrait.shape[:2])
        return Presenter(look, width, height), None
    picture = fit_for_video(portrait)
    marks = find_face(picture)
    if marks is None:
        return StillPicture(picture), NO_FACE_NOTE
    return PicturePuppet(picture, marks), None


def fit_for_video(picture: np.ndarray) -> np.ndarray:
    """Return the picture as uint8 RGB with even sides of at most 1920: grey widened, alpha laid on the backdrop."""
    import cv2

    picture = as_rgb(picture)
    height, width = picture.shape[:2]
    share = min(1.0, LONGEST_SIDE / max(height, width))
    even_width, even_height = (max(16, round(side * share / 2 - 0.25) * 2) for side in (width, height))
    if share < 1 or even_width > width or even_height > height:
        smooth = cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR
        return cv2.resize(picture, (even_width, even_height), interpolation=smooth)
    return np.ascontiguousarray(picture[:even_height, :even_width])
