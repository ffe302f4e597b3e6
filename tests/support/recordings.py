"""Recordings as phones, recorders, browsers and editors write them. Which second is heard tells their sound."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mutagen.flac
import mutagen.id3
import mutagen.mp4
import numpy as np
from PIL import Image
from support.media import write_media

SECONDS = 6
_FIRST_HZ, _STEP_HZ = 300.0, 40.0

Options = tuple[tuple[str, str], ...]


def make_stairs(rate_hz: int, seconds: int = SECONDS) -> np.ndarray:
    """Return [samples] float32: a tone of 300 Hz that rises by 40 Hz every second."""
    time = np.arange(rate_hz * seconds) / rate_hz
    return (0.4 * np.sin(2 * np.pi * (_FIRST_HZ + _STEP_HZ * np.floor(time)) * time)).astype(np.float32)


def tell_seconds(samples: np.ndarray, rate_hz: int) -> list[int]:
    """Return which second of the stairs each whole second of [samples] is."""
    seconds = samples[: samples.size // rate_hz * rate_hz].reshape(-1, rate_hz)
    inner = seconds[:, rate_hz // 5 : -rate_hz // 5]
    loudest = np.abs(np.fft.rfft((inner - inner.mean(axis=1, keepdims=True)) * np.hanning(inner.shape[1]))).argmax(1)
    return [round((peak * rate_hz / inner.shape[1] - _FIRST_HZ) / _STEP_HZ) for peak in loudest]


def record(
    container: str,
    codec: str,
    *,
    rate_hz: int = 44100,
    gains: Sequence[float] = (1.0,),
    offset: float = 0.0,
    video: bool = False,
    options: Options = (),
) -> bytes:
    """Return a file with the stairs in each channel, times its gain, on a constant offset."""
    samples = np.outer(np.array(gains, np.float32), make_stairs(rate_hz)) + np.float32(offset)
    file = io.BytesIO()
    write_media(file, container, codec, rate_hz=rate_hz, video=video, options=options, samples=samples)
    return file.getvalue()


def _tag(data: bytes, ending: str, add_tags: Callable[[Path], Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"tagged.{ending}")
        path.write_bytes(data)
        add_tags(path)
        return path.read_bytes()


def _make_cover(side: int) -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", quality=95)
    return file.getvalue()


def with_cover(cover: bytes) -> bytes:
    """Return an mp3 whose ID3 tag holds a picture."""

    def add(path: Path) -> None:
        tags = mutagen.id3.ID3()
        tags.add(mutagen.id3.APIC(encoding=3, mime="image/jpeg", type=3, desc="cover", data=cover))
        tags.save(path)

    return _tag(record("mp3", "libmp3lame"), "mp3", add)


def _with_mp4_cover() -> bytes:
    def add(path: Path) -> None:
        file = mutagen.mp4.MP4(path)
        file["covr"] = [mutagen.mp4.MP4Cover(_make_cover(300))]
        file.save()

    return _tag(record("ipod", "aac"), "m4a", add)


def _with_flac_cover() -> bytes:
    def add(path: Path) -> None:
        file, picture = mutagen.flac.FLAC(path), mutagen.flac.Picture()
        picture.data, picture.mime = _make_cover(300), "image/jpeg"
        file.add_picture(picture)
        file.save()

    return _tag(record("flac", "flac"), "flac", add)


def _without_length(flac: bytes) -> bytes:
    """Return a FLAC whose header leaves open how many samples follow, as one that was streamed."""
    return flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]


def _with_streamed_size(wav: bytes, size: bytes) -> bytes:
    """Return a WAV whose sizes were never filled in, as one that was piped."""
    data = wav.index(b"data")
    return wav[:4] + size + wav[8 : data + 4] + size + wav[data + 8 :]


RECORDINGS: Mapping[str, Callable[[], bytes]] = {
    # Phones and messengers
    "voice memo in ALAC": lambda: record("ipod", "alac"),
    "voice memo in AAC": lambda: record("ipod", "aac", rate_hz=48000),
    "AMR of an old phone": lambda: record("amr", "libopencore_amrnb", rate_hz=8000),
    "3GP of an old phone": lambda: record("3gp", "libopencore_amrnb", rate_hz=8000, video=True),
    "MOV with a picture": lambda: record("mov", "aac", video=True),
    "MOV with plain samples": lambda: record("mov", "pcm_s16le", rate_hz=48000, gains=(1, 1), video=True),
    "Opus of a messenger": lambda: record("ogg", "libopus", rate_hz=48000),
    "CAF": lambda: record("caf", "pcm_s16be"),
    # Recorders and editors
    "WAV of 8 bits": lambda: record("wav", "pcm_u8", rate_hz=22050),
    "WAV of 24 bits": lambda: record("wav", "pcm_s24le", rate_hz=48000, gains=(1, 1)),
    "WAV of 32 bits": lambda: record("wav", "pcm_s32le", rate_hz=48000),
    "WAV of floats": lambda: record("wav", "pcm_f32le", rate_hz=48000),
    "WAV of doubles at 96 kHz": lambda: record("wav", "pcm_f64le", rate_hz=96000),
    "WAV in IMA ADPCM": lambda: record("wav", "adpcm_ima_wav", rate_hz=22050),
    "WAV in MS ADPCM": lambda: record("wav", "adpcm_ms", rate_hz=22050),
    "WAV in mu-law": lambda: record("wav", "pcm_mulaw", rate_hz=8000),
    "WAV in A-law": lambda: record("wav", "pcm_alaw", rate_hz=8000),
    "WAV with an mp3 inside": lambda: record("wav", "libmp3lame"),
    "Broadcast WAV": lambda: record("wav", "pcm_s24le", rate_hz=48000, options=(("write_bext", "1"),)),
    "RF64": lambda: record("wav", "pcm_s16le", options=(("rf64", "always"),)),
    "W64": lambda: record("w64", "pcm_s16le"),
    "WAV without its size": lambda: _with_streamed_size(record("wav", "pcm_s16le"), bytes(4)),
    "WAV of unknown size": lambda: _with_streamed_size(record("wav", "pcm_s16le"), b"\xff" * 4),
    "AIFF": lambda: record("aiff", "pcm_s16be"),
    "AU": lambda: record("au", "pcm_mulaw", rate_hz=8000),
    "FLAC without its length": lambda: _without_length(record("flac", "flac")),
    "WavPack": lambda: record("wv", "wavpack"),
    "TTA": lambda: record("tta", "tta"),
    "AC-3 in 5.1": lambda: record("ac3", "ac3", rate_hz=48000, gains=(1,) * 6),
    "MP2": lambda: record("mp2", "mp2"),
    # Browsers and films
    "WebM of a browser": lambda: record("webm", "libopus", rate_hz=48000, options=(("live", "1"),)),
    "Vorbis in WebM": lambda: record("webm", "vorbis", gains=(1, 1)),
    "fragmented MP4 of a browser": lambda: record(
        "mp4", "aac", options=(("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
    ),
    "FLAC in Matroska": lambda: record("matroska", "flac"),
    "plain samples in Matroska": lambda: record("matroska", "pcm_s16le"),
    "AVI": lambda: record("avi", "libmp3lame", video=True),
    "FLV": lambda: record("flv", "aac"),
    "MPEG": lambda: record("mpeg", "mp2", rate_hz=48000),
    "M2TS": lambda: record("mpegts", "aac", rate_hz=48000, options=(("mpegts_m2ts_mode", "1"),)),
    # Music libraries
    "mp3 with a cover": lambda: with_cover(_make_cover(300)),
    "mp3 with a cover of 10 MB": lambda: with_cover(_make_cover(2600) + bytes(4 << 20)),
    "mp3 with a broken cover": lambda: with_cover(b"\xff\xd8\xff\xe0broken"),
    "mp3 behind zeros": lambda: bytes(65536) + record("mp3", "libmp3lame"),
    "mp3 before a tag": lambda: record("mp3", "libmp3lame") + b"TAG" + bytes(125),
    "m4a with a cover": _with_mp4_cover,
    "flac with a cover": _with_flac_cover,
    # Levels and channels
    "one dead channel": lambda: record("wav", "pcm_s16le", gains=(0, 1)),
    "one voice in 5.1": lambda: record("wav", "pcm_s16le", gains=(0, 0, 1, 0, 0, 0)),
    "a constant offset": lambda: record("wav", "pcm_s16le", gains=(0.5,), offset=0.4),
    "very quiet": lambda: record("wav", "pcm_s24le", gains=(0.001,)),
    "floats over full scale": lambda: record("wav", "pcm_f32le", gains=(6,)),
}
"""By what a person would call it: what makes the file. All hold the stairs."""


def truncate(data: bytes, parts: int = 5) -> list[bytes]:
    """Return the file broken off at every fifth."""
    return [data[: len(data) * part // parts] for part in range(1, parts)]
