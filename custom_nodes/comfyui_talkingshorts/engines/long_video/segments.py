"""Encode the windows of a video one by one, and join them into the finished file without encoding again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import numpy as np

from ...core.sound import VIDEO_FPS, Sound
from ..files.whole import replacing
from ..output.mp4 import MP4_OPTIONS, Soundtrack, add_h264_stream, make_write_error

if TYPE_CHECKING:
    import torch

# As sharp as slower presets to 0.1 dB, at half of medium's time (480x832, crf 16).
_PRESET = "faster"
# x264's output depends on it: with a fixed number, a video is the same on every machine.
_THREADS = "4"
# So many frames x264 decodes ahead of the one to show, at most.
_REORDERED_FRAMES = 2


def quantize(frames: np.ndarray | torch.Tensor) -> np.ndarray:
    """Return uint8 [frames, height, width, 3] as floor(255 * v) of float frames on the CPU; beyond 0..1 is clipped.

    This is also how ComfyUI's SaveVideo and the official code round.
    """
    pixels = np.empty(frames.shape, np.uint8)
    for frame, target in zip(np.asarray(frames), pixels, strict=True):
        scaled = frame * np.float32(255)
        np.copyto(target, np.clip(scaled, 0, 255, out=scaled), casting="unsafe")
    return pixels


def write_segment(path: Path, pixels: np.ndarray, crf: int, fps: int = VIDEO_FPS) -> None:
    """Encode uint8 RGB [frames, height, width, 3] as an mp4 without sound, of closed GOPs and starting at 0 s.

    The same pixels give the same bytes. Raises OSError.
    """
    _, height, width, _ = pixels.shape
    with av.open(str(path), "w", format="mp4") as container:
        stream = add_h264_stream(container, width, height, crf, _PRESET, fps)
        stream.options = {**stream.options, "threads": _THREADS}
        for index, frame in enumerate(pixels):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = index
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def join_segments(segments: Sequence[Path], speech: Sound, path: Path, fps: int = VIDEO_FPS) -> None:
    """Write the segments, of `fps` frames a second, one after another as they are, and the speech as AAC into one mp4.

    The file appears under its name only when it is complete. Raises VideoError when it can't be written.
    """
    try:
        with replacing(path) as partial, av.open(str(partial), "w", format="mp4", options=MP4_OPTIONS) as container:
            with av.open(str(segments[0])) as first:
                video = container.add_stream_from_template(first.streams.video[0])
            soundtrack = Soundtrack(container, speech, fps)
            for index, packet in enumerate(_read_packets(segments, fps)):
                packet.stream = video
                container.mux(packet)
                soundtrack.write_until_frame(index + 1)
            soundtrack.finish()
    except OSError as error:
        raise make_write_error(path, error) from error


def _read_packets(segments: Sequence[Path], fps: int) -> Iterator[av.Packet]:
    """Yield one packet a frame, at the time where it belongs in the whole video."""
    first_frame = 0
    for segment in segments:
        with av.open(str(segment)) as container:
            stream = container.streams.video[0]
            ticks = int(Fraction(1, fps) / cast(Fraction, stream.time_base))
            packets = (packet for packet in container.demux(stream) if packet.size)  # the last, empty one tells the end
            for index, packet in enumerate(packets):
                packet.pts = cast(int, packet.pts) + first_frame * ticks
                # The encoder counts on from a segment's own first B-frame, and a short segment has none.
                packet.dts = (first_frame + index - _REORDERED_FRAMES) * ticks
                yield packet
            first_frame += stream.frames
