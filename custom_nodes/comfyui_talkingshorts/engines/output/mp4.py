"""Write H.264 + AAC mp4 files a frame at a time, so that memory doesn't grow with the length of the video."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from ...core.errors import VideoError
from ...core.sound import VIDEO_FPS, Sound, find_sounding, mix_down
from ..files.whole import replacing

MP4_OPTIONS = {"movflags": "faststart+use_metadata_tags"}
AAC_SAMPLE_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)

# How FFmpeg turns RGB into YUV unless told otherwise, by its numbers: BT.601 (AVCOL_SPC_SMPTE170M), in 16..235.
_BT601, _LIMITED_RANGE = 6, 1


class Mp4Writer:
    """A context manager that streams frames, and the sound that belongs to them, into one mp4.

    The file appears under its own name only when the block ends well; an error or an interrupt leaves nothing behind.
    Raises VideoError when the file can't be written.
    """

    def __init__(self, path: Path, width: int, height: int, sound: Sound, crf: int = 16) -> None:
        """`width` and `height` must be even, as yuv420p asks; `crf` 0 is lossless, 16 visually lossless."""
        self._path = path
        self._frames = 0
        with contextlib.ExitStack() as stack:
            partial = stack.enter_context(replacing(path))
            try:
                self._container = av.open(str(partial), "w", format="mp4", options=MP4_OPTIONS)
            except OSError as error:
                raise VideoError(f"The video {path} can't be written: {error.strerror}.") from error
            stack.push(self._finish)
            self._video = add_h264_stream(self._container, width, height, crf, "veryfast")
            self._soundtrack = Soundtrack(self._container, sound)
            self._file = stack.pop_all()

    def write(self, frame: np.ndarray) -> None:
        """Append one frame, uint8 RGB [height, width, 3], and the sound up to its end."""
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture.pts = self._frames
        self._frames += 1
        try:
            self._container.mux(self._video.encode(picture))
            self._soundtrack.write_until_frame(self._frames)
        except OSError as error:
            raise make_write_error(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.__exit__(kind, error, trace)
        except OSError as os_error:
            raise make_write_error(self._path, os_error) from os_error

    def _finish(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what is left and close the file, or only close it after an error. Raises OSError."""
        try:
            if kind is None:
                self._container.mux(self._video.encode(None))
                self._soundtrack.finish()
                self._container.close()
        finally:
            with contextlib.suppress(OSError):
                self._container.close()


class Soundtrack:
    """The sound of a video as AAC, written in step with the pictures, as players read them."""

    def __init__(self, container: OutputContainer, sound: Sound, fps: int = VIDEO_FPS) -> None:
        """Add the audio stream. Mono and more than two channels become their mean on both sides.

        `fps` is how many pictures there are a second.
        """
        self._container = container
        self._sound = sound
        self._fps = fps
        self._sent_samples = 0
        self._audio = container.add_stream("aac", rate=_pick_aac_rate(sound.sample_rate_hz), layout="stereo")
        self._audio.bit_rate = 192_000

    def write_until_frame(self, frames: int) -> None:
        """Write the sound of the first `frames` video frames, as far as it isn't written yet. Raises OSError."""
        self._write_until(frames * self._sound.sample_rate_hz // self._fps)

    def finish(self) -> None:
        """Write the rest of the sound. Raises OSError."""
        self._write_until(self._sound.samples.shape[-1])
        self._container.mux(self._audio.encode(None))

    def _write_until(self, end_sample: int) -> None:
        samples = self._sound.samples[:, self._sent_samples : end_sample]
        if samples.shape[-1] == 0:
            return
        chunk = av.AudioFrame.from_ndarray(_as_stereo(samples), format="fltp", layout="stereo")
        chunk.sample_rate = self._sound.sample_rate_hz
        chunk.pts = self._sent_samples
        chunk.time_base = Fraction(1, self._sound.sample_rate_hz)
        self._sent_samples += samples.shape[-1]
        self._container.mux(self._audio.encode(chunk))


def add_h264_stream(
    container: OutputContainer, width: int, height: int, crf: int, preset: str, fps: int = VIDEO_FPS
) -> VideoStream:
    """Return a new yuv420p stream that encodes the same frames to the same bytes each time.

    `width` and `height` must be even; `crf` 0 is lossless.
    """
    stream = container.add_stream("libx264", rate=fps, width=width, height=height, pix_fmt="yuv420p")
    stream.time_base = Fraction(1, fps)
    # Without cpu-independent, x264's MB-tree differs between two runs on one machine.
    stream.options = {"crf": str(crf), "preset": preset, "x264-params": "cpu-independent=1:stitchable=1"}
    # Untagged, tall videos are shown with BT.709's colours.
    stream.codec_context.colorspace = _BT601
    stream.codec_context.color_range = _LIMITED_RANGE
    return stream


def make_write_error(path: Path, error: OSError) -> VideoError:
    """Return what to tell the user when a video can't be written."""
    return VideoError(f"The video {path} can't be written: {error.strerror}. Free some space or pick another folder.")


def _as_stereo(samples: np.ndarray) -> np.ndarray:
    """Return [2, samples]: stereo as it is, anything else, and stereo with a dead channel, mixed on both sides."""
    is_stereo = samples.shape[0] == 2 and find_sounding(samples).all()
    stereo = samples if is_stereo else np.repeat(mix_down(samples)[None], 2, axis=0)
    return np.ascontiguousarray(stereo, dtype=np.float32)


def _pick_aac_rate(sample_rate_hz: int) -> int:
    """Return the lowest rate that AAC allows and that keeps every frequency of the source."""
    return next((rate for rate in AAC_SAMPLE_RATES_HZ if rate >= sample_rate_hz), AAC_SAMPLE_RATES_HZ[-1])
