"""Save speech without loss, as FLAC that is marked as AI-generated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from ...core.errors import SoundError
from ...core.sound import Sound
from ...core.version import PACK_VERSION
from ..files.whole import hash_file, replacing
from .ai_mark import collect_tags

_SYNTHETIC = "the voice is"
CHUNK_SAMPLES = 1 << 18


@dataclass(frozen=True)
class SpeechReport:
    """What was saved: measured on the finished file."""

    file: str
    seconds: float
    sample_rate_hz: int
    channels: int
    bytes: int
    sha256: str
    pack_version: str = PACK_VERSION


def save_speech(sound: Sound, path: Path, metadata: Mapping[str, Any]) -> SpeechReport:
    """Save the sound under `path` as 24-bit FLAC and return the report.

    Mono and stereo keep their channels, more channels are mixed to mono; samples beyond -1..1 are clipped. `metadata`
    (name -> JSON-able value) and the AI-generated mark become the file's tags. The file appears under its name only
    when it is complete. Raises SoundError when it can't be written.
    """
    tags = collect_tags(metadata, _SYNTHETIC)
    try:
        with replacing(path) as partial:
            _encode(sound, partial, tags)
            return _measure(partial, path.name)
    except (FFmpegError, OSError, ValueError) as error:
        raise SoundError(
            f"The speech {path.name} can't be saved: {error}. Check the free space, the rights of {path.parent}, and "
            f"that FLAC knows the sample rate ({sound.sample_rate_hz} Hz)."
        ) from error


def _encode(sound: Sound, path: Path, tags: Mapping[str, str]) -> None:
    samples = sound.samples if len(sound.samples) <= 2 else sound.mono[None]
    layout = "mono" if len(samples) == 1 else "stereo"
    with av.open(str(path), "w", format="flac") as container:
        container.metadata.update(tags)
        stream = container.add_stream("flac", rate=sound.sample_rate_hz, layout=layout, format="s32")
        for chunk in _quantize(samples):
            frame = av.AudioFrame.from_ndarray(chunk, format="s32", layout=layout)
            frame.sample_rate = sound.sample_rate_hz
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _quantize(samples: np.ndarray) -> Iterator[np.ndarray]:
    """Yield samples [channels, samples] piece by piece as FFmpeg packs 24 bits: [1, samples * channels] int32."""
    for start in range(0, samples.shape[-1], CHUNK_SAMPLES):
        steps = np.rint(samples[:, start : start + CHUNK_SAMPLES] * 2.0**23)
        yield np.clip(steps, -(2**23), 2**23 - 1).astype(np.int32).T.reshape(1, -1) << 8


def _measure(path: Path, name: str) -> SpeechReport:
    """Return the report of a finished FLAC."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        sample_rate_hz, channels = stream.sample_rate, stream.channels
    return SpeechReport(name, round(seconds, 6), sample_rate_hz, channels, path.stat().st_size, hash_file(path))
