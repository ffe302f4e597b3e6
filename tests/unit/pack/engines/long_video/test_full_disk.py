"""Files that can't grow, as on a full disk: each writer says so and leaves nothing behind."""

from __future__ import annotations

import contextlib
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SoundError, VideoError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.long_video.segments import join_segments, write_segment
from comfyui_talkingshorts.engines.long_video.session import Session
from comfyui_talkingshorts.engines.output.mp4 import Mp4Writer
from comfyui_talkingshorts.engines.output.speech import save_speech
from comfyui_talkingshorts.engines.voice_source.cache import VoiceCache
from talkingshorts.comfyui.client import Delivery, RemoteFile
from talkingshorts.errors import UsageError
from talkingshorts.jobs.records import JobRecord, JobStore, new_job_id
from talkingshorts.results.fetch import download, write_report

LIMIT_BYTES = 4096


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder while no file may pass 4 KiB."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, hard))
    try:
        yield tmp_path
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


class Source:
    @contextlib.contextmanager
    def deliver(self, file: RemoteFile, start: int = 0, version: str | None = None) -> Iterator[Delivery]:
        yield Delivery(0, None, "v1", (bytes(LIMIT_BYTES) for _ in range(8)))


def make_record(text: str) -> JobRecord:
    return JobRecord(new_job_id(), "http://127.0.0.1", False, "w", {}, {"script": text}, None, "out", "0.30.0")


def write_noise(path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (96, 64, 3), np.uint8)
    with Mp4Writer(path, 64, 96, Sound(np.zeros((1, 8000), np.float32), 8000)) as writer:
        for _ in range(25):
            writer.write(noise)


def test_a_video_that_does_not_fit_is_an_error_and_leaves_no_file(full_disk: Path) -> None:
    with pytest.raises(VideoError, match="Free some space"):
        write_noise(full_disk / "a.mp4")

    assert list(full_disk.iterdir()) == []


@pytest.mark.parametrize(("grain", "motion_frames"), [(255, 1), (0, 9)], ids=["the segment", "the motion frames"])
def test_a_window_that_does_not_fit_is_an_error_and_keeps_those_before(
    grain: int, motion_frames: int, full_disk: Path
) -> None:
    def add_windows() -> None:
        with Session(full_disk, "key", 3, crf=16) as session:
            session.add(0, np.zeros((2, 16, 16, 3), np.uint8), np.zeros((1, 8, 8, 3), np.float32))
            pixels = np.random.default_rng(1).integers(0, 1 + grain, (9, 96, 64, 3), np.uint8)
            session.add(1, pixels, np.zeros((motion_frames, 16, 16, 3), np.float32))

    with pytest.raises(VideoError, match="Free some space"):
        add_windows()

    assert sorted(path.name for path in (full_disk / "key").glob("[!0]*")) == ["manifest.json"]
    with Session(full_disk, "key", 3, crf=16) as session:
        assert session.finished == 1
    assert len(list((full_disk / "key").iterdir())) == 3


@pytest.mark.parametrize("segments", [1, 40], ids=["at the end", "midway"])
def test_windows_that_do_not_fit_into_one_video_are_an_error_and_stay(segments: int, full_disk: Path) -> None:
    segment = full_disk / "0.mp4"
    write_segment(segment, np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), np.uint8), 16)
    noise = np.random.default_rng(1).uniform(-1, 1, (2, 48000)).astype(np.float32)

    with pytest.raises(VideoError, match="Free some space"):
        join_segments([segment] * segments, Sound(noise, 48000), full_disk / "a.mp4")

    assert list(full_disk.iterdir()) == [segment]


@pytest.mark.parametrize("seconds", [1, 60], ids=["at the end", "midway"])
def test_speech_that_does_not_fit_is_an_error_and_keeps_the_file_that_stood_there(
    seconds: int, full_disk: Path
) -> None:
    (full_disk / "a.flac").write_text("before")
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 8000 * seconds)).astype(np.float32)

    with pytest.raises(SoundError, match="Check the free space"):
        save_speech(Sound(noise, 8000), full_disk / "a.flac", {})

    assert [path.name for path in full_disk.iterdir()] == ["a.flac"]
    assert (full_disk / "a.flac").read_text() == "before"


def test_a_download_that_does_not_fit_keeps_the_file_that_stood_there(full_disk: Path) -> None:
    (full_disk / "a.mp4").write_text("before")

    with pytest.raises(UsageError, match=r"a\.mp4 can't be written: File too large"):
        download(Source(), RemoteFile("1", "a.mp4", "", "output"), full_disk / "a.mp4")

    assert [path.name for path in full_disk.iterdir()] == ["a.mp4"]
    assert (full_disk / "a.mp4").read_text() == "before"


def test_a_report_that_does_not_fit_leaves_no_file(full_disk: Path) -> None:
    with pytest.raises(UsageError, match="can't be written"):
        write_report(full_disk / "a.json", {"script": "x" * 2 * LIMIT_BYTES})

    assert list(full_disk.iterdir()) == []


def test_a_job_that_can_not_be_noted_is_an_error_and_leaves_no_file(full_disk: Path) -> None:
    with pytest.raises(UsageError, match="TALKINGSHORTS_HOME"):
        JobStore(full_disk).save(make_record("x" * 2 * LIMIT_BYTES))

    assert list(full_disk.iterdir()) == []


def test_a_voice_that_can_not_be_kept_is_used_all_the_same(full_disk: Path) -> None:
    VoiceCache(full_disk).store("key", Sound(np.zeros((1, 8000), np.float32), 8000), "title")

    assert list(full_disk.iterdir()) == []
