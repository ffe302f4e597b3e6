"""WAV files that recorders and editors write, and FFmpeg alone reads wrong."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.voice_source import Piece
from comfyui_talkingshorts.engines.voice_source.clip import cut_clip
from comfyui_talkingshorts.engines.voice_source.wav_header import correct_wav_header

RATE_HZ = 8000
SOUND = np.random.default_rng(5).uniform(-0.5, 0.5, (2, 6 * RATE_HZ)).astype(np.float32)
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
EXTRA_CHUNKS = b"JUNK\x1b\0\0\0" + bytes(28) + b"bext\x02\0\0\0ab"


def make_format(kind: int, sample_bytes: int, bits: int, byte_rate: int | None = None) -> bytes:
    block_bytes = 2 * sample_bytes
    true_byte_rate = RATE_HZ * block_bytes
    rate = true_byte_rate if byte_rate is None else byte_rate
    return struct.pack("<HHIIHH", kind, 2, RATE_HZ, rate, block_bytes, bits)


def make_extensible(sample_bytes: int, bits: int, valid_bits: int, kind: int = PCM) -> bytes:
    guid_rest = bytes.fromhex("000000001000800000aa00389b71")
    return make_format(EXTENSIBLE, sample_bytes, bits) + struct.pack("<HHIH", 22, valid_bits, 3, kind) + guid_rest


def make_wav(form: bytes, samples: np.ndarray, before: bytes = b"", container: bytes = b"RIFF") -> bytes:
    data = samples.T.tobytes()
    chunks = before + struct.pack("<4sI", b"fmt ", len(form)) + form + struct.pack("<4sI", b"data", len(data)) + data
    return container + struct.pack("<I4s", 4 + len(chunks), b"WAVE") + chunks


def as_integers(bits: int, kind: str) -> np.ndarray:
    """Return the sound as whole numbers whose upper `bits` bits count."""
    low = 8 * np.dtype(kind).itemsize - bits
    return (np.round(SOUND * (2 ** (bits - 1) - 1)).astype(np.int64) << low).astype(kind)


def cut(wav: bytes, start_seconds: float) -> Sound:
    return cut_clip(io.BytesIO(wav), Piece(start_seconds, 2), lambda done, total: None)


WAVS = {
    "24 valid bits in 32": make_wav(make_extensible(4, 32, 24), as_integers(24, "<i4")),
    "20 valid bits in 32": make_wav(make_extensible(4, 32, 20), as_integers(20, "<i4")),
    "12 valid bits in 16": make_wav(make_extensible(2, 16, 12), as_integers(12, "<i2")),
    "24 bits noted for 32": make_wav(make_extensible(4, 24, 24), as_integers(24, "<i4")),
    "extensible floats": make_wav(make_extensible(4, 32, 32, FLOAT), SOUND.astype("<f4")),
    "a byte rate of 0": make_wav(make_format(PCM, 2, 16, byte_rate=0), as_integers(16, "<i2")),
    "a byte rate of 1": make_wav(make_format(PCM, 2, 16, byte_rate=1), as_integers(16, "<i2")),
    "half the byte rate": make_wav(make_format(PCM, 2, 16, byte_rate=16000), as_integers(16, "<i2")),
    "twice the byte rate of floats": make_wav(make_format(FLOAT, 4, 32, byte_rate=128000), SOUND.astype("<f4")),
    "behind other chunks": make_wav(make_format(PCM, 2, 16, byte_rate=9), as_integers(16, "<i2"), EXTRA_CHUNKS),
}


@pytest.mark.parametrize("start_seconds", [0, 3])
@pytest.mark.parametrize("name", WAVS)
def test_every_section_of_it_is_the_one_asked_for(name: str, start_seconds: int) -> None:
    clip = cut(WAVS[name], start_seconds)

    start = start_seconds * RATE_HZ
    np.testing.assert_allclose(clip.samples, SOUND[:, start : start + 2 * RATE_HZ], atol=1e-3)


def test_a_header_that_is_right_is_left_alone() -> None:
    media = io.BytesIO(make_wav(make_format(PCM, 2, 16), as_integers(16, "<i2")))

    assert correct_wav_header(media) is media
    assert media.tell() == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0abcd",
        b"RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff",
        b"RIFF\0\0\0\0WAVE" + b"JUNK\0\0\0\0" * 100,
        make_wav(struct.pack("<HHIIHH", PCM, 0, 0, 0, 0, 0), SOUND),
        b"OggS" + bytes(100),
    ],
)
def test_what_has_no_such_header_is_left_alone(data: bytes) -> None:
    media = io.BytesIO(data)

    assert correct_wav_header(media) is media


def test_samples_that_are_no_numbers_are_refused() -> None:
    broken = SOUND.copy()
    broken[0, RATE_HZ] = np.nan
    wav = make_wav(make_format(FLOAT, 4, 32), broken.astype("<f4"))

    with pytest.raises(SourceError, match="aren't numbers"):
        cut(wav, 0)
    assert cut(wav, 3).seconds == 2
