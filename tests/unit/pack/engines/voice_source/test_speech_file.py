"""A speech is read whole, or refused in words."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.progress import ignore_progress
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.voice_source.speech_file import read_speech
from support.media import decode_whole, write_media

FAST_START = (("movflags", "faststart"),)
LIVE = (("live", "1"),)

# The name, container and codec of recordings as people have them. Each says how long it is, one way or another.
RECORDINGS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "talk.wav": ("wav", "pcm_s16le", {}),
    "8 bit.wav": ("wav", "pcm_u8", {}),
    "surround.wav": ("wav", "pcm_f32le", {"channels": 6}),
    "talk.aiff": ("aiff", "pcm_s16be", {}),
    "talk.flac": ("flac", "flac", {}),
    "talk.mp3": ("mp3", "libmp3lame", {}),
    "tagged.mp3": ("mp3", "libmp3lame", {"options": (("id3v2_version", "3"), ("metadata_header_padding", "3000"))}),
    "voice memo.m4a": ("ipod", "aac", {"options": FAST_START}),
    "film.mp4": ("mp4", "aac", {"video": True, "options": FAST_START}),
    "voice message.opus": ("ogg", "libopus", {"rate_hz": 48000}),
    "talk.ogg": ("ogg", "vorbis", {}),
    "browser.webm": ("webm", "libopus", {"rate_hz": 48000}),
}

# These don't: a live recording has no header to come back to, and MPEG-TS never tells.
OPEN_ENDED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "live.webm": ("webm", "libopus", {"rate_hz": 48000, "options": LIVE}),
    "stream.ts": ("mpegts", "aac", {"rate_hz": 48000}),
    "plain.mp3": ("mp3", "libmp3lame", {"options": (("write_xing", "0"),)}),
}


def make(folder: Path, name: str) -> Path:
    container, codec, settings = {**RECORDINGS, **OPEN_ENDED}[name]
    path = folder / name
    write_media(str(path), container, codec, seconds=6, **settings)
    return path


def cut_off(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


def write_wav(path: Path, samples: np.ndarray) -> Path:
    """Write [channels, samples] as 16-bit wav, 8 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((samples.shape[0], 2, 8000, 0, "NONE", ""))
        file.writeframes((samples.T * 32767).astype("<i2").tobytes())
    return path


def read(path: Path) -> Sound:
    return read_speech(path, ignore_progress)


@pytest.mark.parametrize("name", [*RECORDINGS, *OPEN_ENDED])
def test_every_sample_of_a_recording_is_read(name: str, tmp_path: Path) -> None:
    path = make(tmp_path, name)
    whole, rate_hz = decode_whole(path.read_bytes())

    speech = read(path)

    assert speech.sample_rate_hz == rate_hz
    np.testing.assert_allclose(speech.samples, whole, atol=2e-6)


@pytest.mark.parametrize("share", [0.5, 0.8])
@pytest.mark.parametrize("name", RECORDINGS)
def test_half_a_download_is_refused(name: str, share: float, tmp_path: Path) -> None:
    path = make(tmp_path, name)
    cut_off(path, share)

    with pytest.raises(SourceError, match=rf"The file {name} is incomplete: .* Copy, download or export it once more"):
        read(path)


def test_an_mp4_whose_index_at_the_end_is_missing_is_called_broken_off(tmp_path: Path) -> None:
    path = tmp_path / "memo.m4a"
    write_media(str(path), "ipod", "aac", seconds=6)
    cut_off(path, 0.9)

    with pytest.raises(SourceError, match=r"breaks off. Copy, download or export it once more"):
        read(path)


def test_what_is_missing_is_told_where_the_file_says_how_long_it_should_be(tmp_path: Path) -> None:
    path = make(tmp_path, "talk.mp3")
    cut_off(path, 0.5)

    with pytest.raises(SourceError, match=r"of its 6\.0 s only 3\.\d s are there"):
        read(path)


def test_a_file_whose_end_nobody_can_know_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    for name in OPEN_ENDED:
        path = make(tmp_path, name)
        cut_off(path, 0.5)

        assert 2 < read(path).seconds < 4


def test_a_wav_from_a_pipe_claims_the_most_and_is_complete(tmp_path: Path) -> None:
    path = make(tmp_path, "talk.wav")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)

    assert read(path).seconds == 6


def test_a_film_that_goes_on_without_sound_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    write_media(str(path), "matroska", "aac", seconds=6, video=True, picture_seconds=20)

    assert read(path).seconds == pytest.approx(6, abs=0.1)


def test_silence_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "muted.wav", np.zeros((1, 16000)))

    with pytest.raises(SourceError, match=r"The speech is silent: -120 dBFS over 2\.0 s.*check"):
        read(path)


def test_channels_that_cancel_each_other_out_are_refused(tmp_path: Path) -> None:
    tone = 0.3 * np.sin(np.arange(16000) / 5)

    with pytest.raises(SourceError, match="speech's 2 channels cancel each other out"):
        read(write_wav(tmp_path / "phase.wav", np.stack([tone, -tone])))


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_text("hello")

    with pytest.raises(SourceError, match="isn't sound or video but a text file"):
        read(tmp_path / "notes.wav")
