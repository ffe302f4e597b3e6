"""Read the speech of a video from a file: the whole of it, or not at all."""

from __future__ import annotations

from pathlib import Path

from ...core.errors import SourceError
from ...core.progress import OnProgress
from ...core.sound import Sound, require_audible
from .clip import read_recording
from .completeness import explain_missing_end


def read_speech(path: Path, on_progress: OnProgress) -> Sound:
    """Return the file's sound, at its own rate and channels; of a video file, what is heard in it.

    `on_progress(done, total)` is called often and may raise to stop. Raises SourceError when the file can't be read,
    holds no sound, is silent, or breaks off before its end.
    """
    try:
        with path.open("rb") as media:
            recording = read_recording(media, on_progress)
            missing = explain_missing_end(media, recording)
    except OSError as error:
        raise SourceError(
            f"The file {path.name} can't be read: {error.strerror}. Check it and its permissions."
        ) from error
    if missing:
        raise SourceError(f"The file {path.name} is incomplete: {missing}. Copy, download or export it once more.")
    require_audible(recording.sound, "speech")
    return recording.sound
