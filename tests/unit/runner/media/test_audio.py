import json
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from talkingshorts.media.audio import AudioInfo, read_audio_info, read_flac_tags


def write_sound(path: Path, codec: str, rate_hz: int, channels: int, samples: int) -> Path:
    """Write silence with FFmpeg, whose headers are the ones found in the wild."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    with av.open(str(path), "w") as container:
        container.metadata["prompt"] = json.dumps({"1": {"class_type": "Ümlaut = 你好"}})
        stream: Any = container.add_stream(codec, rate=rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, samples * channels), np.int16), format="s16", layout=layout)
        frame.sample_rate = rate_hz
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.flac", "flac"),
        ("a.wav", "pcm_s16le"),
        ("a.wav", "pcm_s24le"),
        ("a.wav", "pcm_f32le"),
        ("a.wav", "pcm_mulaw"),
    ],
)
@pytest.mark.parametrize(("rate_hz", "channels", "samples"), [(24000, 1, 24001), (44100, 2, 441), (192000, 6, 5)])
def test_the_facts_of_a_sound_are_read_from_its_header(
    name: str, codec: str, rate_hz: int, channels: int, samples: int, tmp_path: Path
) -> None:
    path = write_sound(tmp_path / name, codec, rate_hz, channels, samples)

    assert read_audio_info(path) == AudioInfo(round(samples / rate_hz, 6), rate_hz, channels)


@pytest.mark.parametrize(
    ("name", "codec", "channels"),
    [("a.mp3", "libmp3lame", 1), ("a.mp3", "libmp3lame", 2), ("a.ogg", "libopus", 2), ("a.opus", "libopus", 1)],
)
def test_the_facts_of_a_sound_of_another_codec_are_as_near_as_its_frames_allow(
    name: str, codec: str, channels: int, tmp_path: Path
) -> None:
    path = write_sound(tmp_path / name, codec, 48000, channels, 4800)

    info = read_audio_info(path)

    assert info is not None
    assert (info.sample_rate_hz, info.channels) == (48000, channels)
    assert info.seconds == pytest.approx(0.1, abs=0.06)
    assert read_flac_tags(path) == {}


def test_a_file_that_is_not_there_is_told_as_that(tmp_path: Path) -> None:
    for read in (read_audio_info, read_flac_tags):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none.flac")


def test_a_wav_that_claims_more_than_it_holds_is_as_long_as_it_is(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000))
    content = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(content[:40] + b"\xff\xff\xff\xff" + content[44:])

    assert read_audio_info(tmp_path / "a.wav") == AudioInfo(1.0, 8000, 1)


def test_tags_of_a_flac_are_read_as_they_were_written(tmp_path: Path) -> None:
    tags = read_flac_tags(write_sound(tmp_path / "a.flac", "flac", 24000, 1, 100))

    assert json.loads(tags["prompt"]) == {"1": {"class_type": "Ümlaut = 你好"}}


@pytest.mark.parametrize("content", [b"", b"\x89PNG and so on", b"RIFF\x00\x00\x00\x00AVI and so on"])
def test_what_is_no_sound_has_no_facts(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)

    assert read_audio_info(tmp_path / "a") is None
    assert read_flac_tags(tmp_path / "a") == {}


@pytest.mark.parametrize(("name", "codec"), [("a.flac", "flac"), ("a.wav", "pcm_s16le")])
def test_damaged_files_are_read_without_failing(name: str, codec: str, tmp_path: Path) -> None:
    content = write_sound(tmp_path / name, codec, 24000, 1, 100).read_bytes()
    random, damaged = np.random.default_rng(1), tmp_path / "damaged"
    for end in range(0, 700, 5):
        damaged.write_bytes(content[:end])
        read_audio_info(damaged)
        read_flac_tags(damaged)
    for _ in range(300):
        changed = np.frombuffer(content, np.uint8).copy()
        changed[random.integers(4, len(content), 6)] = random.choice([0, 1, 127, 255], 6)
        damaged.write_bytes(changed.tobytes())
        read_audio_info(damaged)
        read_flac_tags(damaged)
