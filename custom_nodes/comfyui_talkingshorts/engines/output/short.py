"""Save a finished video as the short that people share: H.264 and AAC in mp4, marked as AI-generated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import VideoError
from ...core.version import PACK_VERSION
from ..files.whole import hash_file, replacing
from .ai_mark import make_ai_mark

if TYPE_CHECKING:
    from comfy_api.latest import Input

_SYNTHETIC = "the speaker and the voice are"
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

    try:
        with replacing(path) as partial:
            video.save_to(
                str(partial),
                format=Types.VideoContainer.MP4,
                codec=Types.VideoCodec.H264,
                metadata={**metadata, **make_ai_mark(_SYNTHETIC)},  # ComfyUI makes tags of it
                bit_depth=8,
                crf=None if _is_shareable(video) else TRANSCODE_CRF,
            )
            return _measure(partial, path.name)
    except (FFmpegError, OSError, ValueError) as error:
        raise VideoError(
            f"The short {path.name} can't be saved: {error}. Check the free space, the rights of {path.parent}, and "
            "that width and height are even."
        ) from error


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
    size, sha256 = path.stat().st_size, hash_file(path)
    return ShortReport(name, round(seconds, 3), frames, fps, width, height, has_audio, size, sha256)
