import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from talkingshorts.media.mp4 import VideoInfo, read_tags, read_video_info


def write_video(path: Path, frames: int, rate: Fraction, with_audio: bool, movflags: str = "use_metadata_tags") -> Path:
    with av.open(str(path), "w", options={"movflags": movflags}) as container:
        container.metadata["prompt"] = json.dumps({"1": {"class_type": "Ümlaut"}})
        video = container.add_stream("libx264", rate=rate, width=48, height=80, pix_fmt="yuv420p")
        audio = container.add_stream("aac", rate=16000, layout="mono") if with_audio else None
        for _ in range(frames):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((80, 48, 3), np.uint8), format="rgb24")))
        container.mux(video.encode())
        if audio is not None:
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
            sound.sample_rate = 16000
            container.mux(audio.encode(sound))
            container.mux(audio.encode())
    return path


@pytest.mark.parametrize("movflags", ["use_metadata_tags", "use_metadata_tags+faststart"])
def test_the_facts_of_a_video_are_read_from_its_boxes(tmp_path: Path, movflags: str) -> None:
    path = write_video(tmp_path / "a.mp4", 30, Fraction(25), with_audio=True, movflags=movflags)

    assert read_video_info(path) == VideoInfo(48, 80, 25.0, 30, 1.2, has_audio=True)


def test_a_silent_video_has_no_audio(tmp_path: Path) -> None:
    info = read_video_info(write_video(tmp_path / "a.mp4", 3, Fraction(25), with_audio=False))

    assert info is not None
    assert not info.has_audio


def test_a_fractional_rate_is_kept(tmp_path: Path) -> None:
    info = read_video_info(write_video(tmp_path / "a.mp4", 48, Fraction(24000, 1001), with_audio=False))

    assert info is not None
    assert info.fps == pytest.approx(23.976024)
    assert (info.frames, info.seconds) == (48, 2.002)


def test_tags_are_read_as_they_were_written(tmp_path: Path) -> None:
    tags = read_tags(write_video(tmp_path / "a.mp4", 1, Fraction(25), with_audio=False))

    assert json.loads(tags["prompt"]) == {"1": {"class_type": "Ümlaut"}}


def test_what_is_no_mp4_has_no_facts(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\x89PNG and so on")

    assert read_video_info(path) is None
    assert read_tags(path) == {}


def test_an_mp4_cut_short_anywhere_raises_nothing(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", 3, Fraction(25), True, "use_metadata_tags+faststart").read_bytes()
    path = tmp_path / "cut.mp4"
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        read_video_info(path)
        read_tags(path)


def test_damaged_files_are_read_without_failing(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.mp4", 3, Fraction(25), with_audio=True, movflags="use_metadata_tags+faststart")
    content, random = whole.read_bytes(), np.random.default_rng(1)
    damaged = tmp_path / "damaged.mp4"
    for end in range(8, 800, 16):
        damaged.write_bytes(content[:end])
        assert (read_video_info(damaged), read_tags(damaged)) == (None, {})
    for _ in range(300):
        changed = np.frombuffer(content, np.uint8).copy()
        changed[random.integers(8, len(content), 6)] = random.choice([0, 1, 127, 255], 6)
        damaged.write_bytes(changed.tobytes())
        read_video_info(damaged)
        assert isinstance(read_tags(damaged), dict)
