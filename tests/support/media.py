"""Recordings and films that tests make themselves."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import numpy as np


def make_sweep(rate_hz: int, channels: int, seconds: float) -> np.ndarray:
    """Return [channels, samples] float32: a rising sweep under a little noise, different in each channel."""
    time = np.arange(int(rate_hz * seconds)) / rate_hz
    noise = np.random.default_rng(7).standard_normal((channels, len(time)))
    sweeps = [np.sin(2 * np.pi * (150 + 40 * channel + 20 * time) * time) for channel in range(channels)]
    return (0.4 * np.stack(sweeps) + 0.02 * noise).astype(np.float32)


def write_media(
    target: Any,
    container: str,
    codec: str,
    *,
    rate_hz: int = 44100,
    channels: int = 2,
    seconds: float = 12,
    video: bool = False,
    picture_seconds: int = 0,
    options: tuple[tuple[str, str], ...] = (),
    samples: np.ndarray | None = None,
) -> None:
    """Encode a sweep, with a small picture when `video`, into a file or a file-like object.

    The picture goes on up to `picture_seconds` when the sound ends before that. `samples` [channels, samples] take the
    sweep's place.
    """
    sweep = make_sweep(rate_hz, channels, seconds) if samples is None else samples
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[sweep.shape[0]]
    step = rate_hz // 25
    with av.open(target, "w", format=container, options=dict(options)) as output:
        picture: Any = output.add_stream("libx264", rate=25, width=64, height=64, pix_fmt="yuv420p") if video else None
        sound: Any = output.add_stream(codec, rate=rate_hz, layout=layout)
        if codec == "aac":
            sound.options = {"aac_pns": "0"}  # else the decoder fills noise bands with random numbers
        if codec == "vorbis":
            sound.codec_context.options = {"strict": "experimental"}
        resampler = av.AudioResampler(format=sound.format, layout=layout, rate=rate_hz)
        for start in range(0, sweep.shape[1], step):
            if picture is not None:
                image = av.VideoFrame.from_ndarray(np.full((64, 64, 3), start // step % 255, np.uint8))
                image.pts, image.time_base = start // step, Fraction(1, 25)
                output.mux(picture.encode(image))
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sweep[:, start : start + step]), format="fltp", layout=layout
            )
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
            for converted in resampler.resample(frame):
                output.mux(sound.encode(converted))
        if picture is not None:
            for number in range(sweep.shape[1] // step, 25 * picture_seconds):
                image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
                image.pts, image.time_base = number, Fraction(1, 25)
                output.mux(picture.encode(image))
        for stream in (picture, sound):
            if stream is not None:
                output.mux(stream.encode(None))


@lru_cache
def make_media(container: str, codec: str, **settings: Any) -> bytes:
    """Return a file of `write_media`, made once."""
    buffer = io.BytesIO()
    write_media(buffer, container, codec, **settings)
    return buffer.getvalue()


def decode_whole(data: bytes) -> tuple[np.ndarray, int]:
    """Return every sample of the file, [channels, samples] float32, and the sample rate."""
    frames: list[np.ndarray] = []
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.audio[0]
        for frame in container.decode(stream):
            samples = frame.to_ndarray()
            if not frame.format.is_planar:
                samples = samples.reshape(-1, frame.layout.nb_channels).T
            if samples.dtype.kind != "f":
                offset, scale = (128, 128) if samples.dtype == np.uint8 else (0, 2.0 ** (8 * samples.itemsize - 1))
                samples = (samples.astype(np.float64) - offset) / scale
            frames.append(samples.astype(np.float32))
        return np.concatenate(frames, axis=1), stream.rate
