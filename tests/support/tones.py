"""Recordings in which each second tells its number: second n sounds 300 + 20 n Hz."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import numpy as np
from comfyui_talkingshorts.core.sound import Sound

LOUD = 0.05


@lru_cache
def make_tones(
    container: str,
    codec: str,
    first_second: int,
    seconds: int,
    *,
    rate_hz: int = 48000,
    channels: int = 2,
    clock_seconds: float = 0,
    hole: tuple[int, float] = (0, 0),
    options: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return a file that holds so many seconds from `first_second` on; its clock starts at `clock_seconds`.

    `hole` is after how many seconds, and for how many, nothing was recorded.
    """
    time = np.arange(seconds * rate_hz) / rate_hz
    tones = (0.4 * np.sin(2 * np.pi * (300 + 20 * (first_second + np.floor(time))) * (time % 1))).astype(np.float32)
    layout = {1: "mono", 2: "stereo"}[channels]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=dict(options)) as output:
        sound: Any = output.add_stream(codec, rate=rate_hz, layout=layout)
        if codec == "vorbis":
            sound.codec_context.options = {"strict": "experimental"}
        resampler = av.AudioResampler(format=sound.format, layout=layout, rate=rate_hz)
        step = rate_hz // 25
        for start in range(0, len(tones), step):
            block = np.stack([tones[start : start + step]] * channels)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            late_seconds = clock_seconds + (hole[1] if start >= hole[0] * rate_hz else 0)
            frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
            frame.pts = start + round(late_seconds * rate_hz)
            for converted in resampler.resample(frame):
                output.mux(sound.encode(converted))
        output.mux(sound.encode(None))
    return buffer.getvalue()


def list_seconds(sound: Sound, first_second: float = 0) -> list[int | None]:
    """Return the number that each second of a sound tells, None for silence; it begins at `first_second`."""
    rate_hz = sound.sample_rate_hz
    numbers: list[int | None] = []
    second = -(-first_second // 1)
    while (second + 0.8 - first_second) * rate_hz <= sound.mono.size:
        begin, end = (round((second + part - first_second) * rate_hz) for part in (0.2, 0.8))
        block = sound.mono[begin:end]
        tone_hz = np.abs(np.fft.rfft(block * np.hanning(block.size), 1 << 17)).argmax() * rate_hz / (1 << 17)
        numbers.append(round((tone_hz - 300) / 20) if np.abs(block).max() > LOUD else None)
        second += 1
    return numbers
