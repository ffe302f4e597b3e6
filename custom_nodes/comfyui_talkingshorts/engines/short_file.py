"""Save a finished video as the short that people share: H.264 and AAC in mp4, marked as AI-generated."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import VideoError
from ..core.version import PACK_VERSION

if TYPE_CHECKING:
    from comfy_api.latest import Input

# IPTC's term for a work that joins several elements, at least one of them synthetic.
AI_GENERATED_MARK = {
    "ai_generated": "true",
    "comment": "AI-generated with TalkingShorts: the speaker and the voice are synthetic.",
    "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic",
}
TRANSCODE_CRF = 16


@dataclass(frozen=True)
class ShortReport:
    """What was saved: measured on the finished file."""

    file: str
    seconds: float
    frames: int
    fps: float
    width: int
    height: int
    has_audio: bool
    bytes: int
    sha256: str
    pack_version: str = PACK_VERSION


def save_short(video: Input.Video, path: Path, metadata: Mapping[str, Any]) -> ShortReport:
    """Save the video under `path` and return the report.

    Streams that are H.264 yuv420p and AAC already are copied as they are; anything else is encoded again. `metadata`
    (name -> JSON-able value) and the AI-generated mark become the file's tags. The file appears under its name only
    when it is complete. Raises VideoError when it can't be written.
    """
    from av.error import FFmpegError
    from comfy_api.latest import Types

    partial = _partial_path(path)
    try:
        video.save_to(
            str(partial),
            format=Types.VideoContainer.MP4,
            codec=Types.VideoCodec.H264,
            metadata={**metadata, **AI_GENERATED_MARK},
            bit_depth=8,
            crf=None if _is_shareable(video) else TRANSCODE_CRF,
        )
        report = _measure(partial, path.name)
        partial.replace(path)
    except (FFmpegError, OSError, ValueError) as error:
        raise VideoError(
            f"The short {path.name} can't be saved: {error}. Check the free space, the rights of {path.parent}, and "
            "that width and height are even."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return report


def require_possible(path: Path) -> None:
    """Raise OSError or ValueError for a name that no file can have: too long, or with characters that none takes."""
    with contextlib.suppress(FileNotFoundError):
        _partial_path(path).lstat()


def _partial_path(path: Path) -> Path:
    return path.with_name(f".{path.stem}.partial.mp4")


def _is_shareable(video: Input.Video) -> bool:
    """Return whether the video is a file whose streams every player can play."""
    import av
    from comfy_api.latest import InputImpl

    if not isinstance(video, InputImpl.VideoFromFile):
        return False
    with av.open(video.get_stream_source()) as container:
        pictures = container.streams.video
        return (
            bool(pictures)
            and (pictures[0].codec.name, pictures[0].pix_fmt) == ("h264", "yuv420p")
            and all(sound.codec_context is not None and sound.codec.name == "aac" for sound in container.streams.audio)
        )


def _measure(path: Path, name: str) -> ShortReport:
    """Return the report of a finished mp4."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 0)
        frames = stream.frames
        seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        width, height, has_audio = stream.width, stream.height, bool(container.streams.audio)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ShortReport(name, round(seconds, 3), frames, fps, width, height, has_audio, path.stat().st_size, sha256)
