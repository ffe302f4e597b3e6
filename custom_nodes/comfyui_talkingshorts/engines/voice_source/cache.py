"""Voices that were fetched before, kept as float32 wav files in a folder of limited size."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from ...core.errors import SourceError
from ...core.folder_cap import list_least_recent
from ...core.progress import ignore_progress
from ...core.sound import Sound
from ...core.voice_source import MAX_DURATION_SECONDS, FileSource, Piece, WebSource
from ..files.whole import replacing
from .clip import cut_clip

MAX_FOLDER_BYTES = 1 << 30
_FORMAT_VERSION = 2


@dataclass(frozen=True)
class Voice:
    """A piece of a source's sound, where it starts in the source, and the source's title."""

    sound: Sound
    start_seconds: float
    title: str


class VoiceCache:
    """Keeps voices, their sound bit for bit. What is damaged counts as missing; the oldest make room."""

    def __init__(self, folder: Path, max_bytes: int = MAX_FOLDER_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def load(self, key: str) -> Voice | None:
        """Return the voice kept under `key`, or None."""
        wav_path, note_path = self._paths(key)
        try:
            note = json.loads(note_path.read_text(encoding="utf-8"))
            wav = wav_path.read_bytes()
            if hashlib.sha256(wav).hexdigest() != note["sha256"]:
                return None
            sound = cut_clip(io.BytesIO(wav), Piece(0, MAX_DURATION_SECONDS), ignore_progress)
            os.utime(wav_path)
            return Voice(sound, float(note["start_seconds"]), str(note["title"]))
        except (OSError, ValueError, KeyError, TypeError, SourceError):
            return None

    def store(self, key: str, voice: Voice) -> None:
        """Keep the voice. A folder that can't be written only means that it is fetched again next time."""
        wav = _encode_wav(voice.sound)
        facts = {"title": voice.title, "start_seconds": voice.start_seconds}
        note = json.dumps({**facts, "sha256": hashlib.sha256(wav).hexdigest()})
        wav_path, note_path = self._paths(key)
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(wav_path, wav)
            _write(note_path, note.encode())
            self._make_room()

    def _paths(self, key: str) -> tuple[Path, Path]:
        return self._folder / f"{key}.wav", self._folder / f"{key}.json"

    def _make_room(self) -> None:
        for wav in list_least_recent(self._folder.glob("*.wav"), self._max_bytes):
            wav.with_suffix(".json").unlink(missing_ok=True)
            wav.unlink(missing_ok=True)


def make_cache_key(source: WebSource | FileSource, piece: Piece) -> str:
    """Return the name under which a voice is kept; for a file it changes when the file does."""
    if isinstance(source, FileSource):
        stat = source.path.stat()
        identity = [str(source.path.resolve()), stat.st_size, stat.st_mtime_ns]
    else:
        identity = [source.url]
    parts = [_FORMAT_VERSION, *identity, float(piece.start_seconds), float(piece.duration_seconds), piece.may_move]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _encode_wav(sound: Sound) -> bytes:
    channels, _ = sound.samples.shape
    layout = av.AudioLayout({1: "mono", 2: "stereo"}.get(channels, f"{channels}c"))
    packed = np.ascontiguousarray(sound.samples.T, dtype=np.float32).reshape(1, -1)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="wav") as container:
        stream = container.add_stream("pcm_f32le", rate=sound.sample_rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate = sound.sample_rate_hz
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    with replacing(path, shared=True) as partial:
        partial.write_bytes(data)
