"""A long video survives: what was finished is kept, what is damaged is made again, and the result is the same."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.errors import VideoError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.long_video.session import Session, _lock, keeps_motion_frames, trim_sessions

HEIGHT, WIDTH, WINDOW_FRAMES, MOTION_FRAMES = 32, 48, 4, 2
WINDOWS = 5
MODULE = "comfyui_talkingshorts.engines.long_video.session"
KEY = "0f" * 16
SPEECH = Sound(np.zeros((1, WINDOWS * WINDOW_FRAMES * 320), np.float32), 8000)


class Stop(BaseException):
    """An interrupt."""


def open_session(root: Path, key: str = KEY, windows: int = WINDOWS, max_root_bytes: int = 10**9) -> Session:
    return Session(root, key, windows, crf=16, max_root_bytes=max_root_bytes)


def make_window(index: int, motion_frames: np.ndarray | None) -> np.ndarray:
    """Return frames that depend on every bit of the motion frames before them."""
    frames = np.random.default_rng(index).random((WINDOW_FRAMES, HEIGHT, WIDTH, 3), np.float32)
    return frames if motion_frames is None else (frames + np.sin(12345 * motion_frames[-1])) / 2 % 1


def make_windows(session: Session, until: int = WINDOWS) -> list[int]:
    """Make and keep the windows that are missing; return which these were."""
    made = []
    motion_frames = session.read_motion_frames()
    with session.write_windows() as writer:
        for index in range(session.finished, until):
            frames = make_window(index, motion_frames)
            motion_frames = frames[-MOTION_FRAMES:]
            writer.submit(index, frames, None if index == WINDOWS - 1 else motion_frames)
            made.append(index)
    return made


def finish_video(root: Path) -> list[int]:
    """Run the whole video as the node does; return the windows that had to be made."""
    with open_session(root) as session:
        made = make_windows(session)
        session.assemble(SPEECH, root.parent / "video.mp4")
    return made


def read_frames(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray() for frame in container.decode(video=0)])


@pytest.fixture(autouse=True)
def quick_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test cuts the power."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
def uninterrupted(tmp_path: Path) -> np.ndarray:
    """Return the frames of the video as one run makes it."""
    assert finish_video(tmp_path / "uninterrupted" / "sessions") == [*range(WINDOWS)]
    return read_frames(tmp_path / "uninterrupted" / "video.mp4")


@pytest.mark.parametrize("windows", range(WINDOWS + 1))
def test_a_video_that_was_resumed_equals_one_that_was_not(windows: int, root: Path, uninterrupted: np.ndarray) -> None:
    with open_session(root) as session:
        make_windows(session, until=windows)

    assert finish_video(root) == [*range(windows, WINDOWS)]
    np.testing.assert_array_equal(read_frames(root.parent / "video.mp4"), uninterrupted)


def test_motion_frames_come_back_bit_for_bit(root: Path) -> None:
    motion_frames = np.random.default_rng(3).normal(size=(9, HEIGHT, WIDTH, 3)).astype(np.float32)
    with open_session(root) as session, session.write_windows() as writer:
        handed_over = torch.from_numpy(motion_frames.copy())
        writer.submit(0, torch.zeros(WINDOW_FRAMES, HEIGHT, WIDTH, 3), handed_over)
        handed_over.zero_()

    with open_session(root) as session:
        read = session.read_motion_frames()

    assert read is not None
    assert (read.dtype, read.shape) == (np.float32, motion_frames.shape)
    assert read.tobytes() == motion_frames.tobytes()


def test_the_caller_may_reuse_its_frames_at_once(root: Path, uninterrupted: np.ndarray) -> None:
    with open_session(root) as session:
        motion_frames = None
        with session.write_windows() as writer:
            for index in range(WINDOWS):
                frames = make_window(index, motion_frames)
                motion_frames = frames[-MOTION_FRAMES:].copy()
                writer.submit(index, frames, motion_frames)
                frames[:] = 0
        session.assemble(SPEECH, root.parent / "video.mp4")

    np.testing.assert_array_equal(read_frames(root.parent / "video.mp4"), uninterrupted)


def test_killed_at_any_step_no_more_than_the_window_in_work_is_lost(
    root: Path, tmp_path: Path, uninterrupted: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[tuple[int, Path]] = []

    def spy(patch: pytest.MonkeyPatch, name: str) -> None:
        original = getattr(os, name)

        def run(*arguments: object, **options: object) -> object:
            copy = tmp_path / f"killed_{len(states)}" / "sessions"
            shutil.copytree(root, copy)
            states.append((session.finished, copy))
            return original(*arguments, **options)

        patch.setattr(os, name, run)

    with monkeypatch.context() as patch, open_session(root) as session:
        for name in ("replace", "fsync", "unlink"):
            spy(patch, name)
        make_windows(session)

    assert len(states) > 8 * WINDOWS
    for finished, copy in states:
        made = finish_video(copy)
        assert len(made) in (WINDOWS - finished, WINDOWS - finished - 1)
        np.testing.assert_array_equal(read_frames(copy.parent / "video.mp4"), uninterrupted)
        assert not [path for path in (copy / KEY).iterdir() if "partial" in path.name]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, flip_a_bit, empty, Path.unlink])
@pytest.mark.parametrize(
    ("name", "made_again"),
    [
        ("000000.mp4", [0, 1, 2, 3, 4]),
        ("000001.mp4", [0, 1, 2, 3, 4]),
        ("000002.mp4", [2, 3, 4]),
        ("000003.mp4", [3, 4]),
        ("000003.npy", [3, 4]),
        ("000002.npy", [4]),
        ("manifest.json", [0, 1, 2, 3, 4]),
    ],
)
def test_what_is_damaged_is_made_again(
    damage: Callable[[Path], None], name: str, made_again: list[int], root: Path, uninterrupted: np.ndarray
) -> None:
    with open_session(root) as session:
        make_windows(session, until=4)

    damage(root / KEY / name)

    assert finish_video(root) == made_again
    np.testing.assert_array_equal(read_frames(root.parent / "video.mp4"), uninterrupted)


def test_a_finished_video_needs_no_motion_frames(root: Path) -> None:
    finish_video(root)
    for path in (root / KEY).glob("*.npy"):
        path.unlink()

    assert finish_video(root) == []


def test_a_session_of_another_format_starts_afresh(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(f"{MODULE}.FORMAT_VERSION", 0)
        finish_video(root)

    assert finish_video(root) == [*range(WINDOWS)]


def test_a_session_of_another_number_of_windows_starts_afresh(root: Path) -> None:
    with open_session(root, windows=WINDOWS + 1) as session:
        make_windows(session, until=3)

    assert finish_video(root) == [*range(WINDOWS)]


@pytest.mark.parametrize(
    "change", [{"windows": [{"frames": 4}]}, {"windows": 5}, {"windows": None}, {"more": 1}, {"sha256": ""}], ids=str
)
def test_a_manifest_that_makes_no_sense_starts_afresh(change: dict[str, object], root: Path) -> None:
    finish_video(root)
    manifest = root / KEY / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))

    assert finish_video(root) == [*range(WINDOWS)]


def test_starting_afresh_forgets_what_was_finished(root: Path) -> None:
    finish_video(root)
    with open_session(root) as session:
        session.start_afresh()

    assert finish_video(root) == [*range(WINDOWS)]


def test_an_interrupt_keeps_every_window_that_was_handed_over(root: Path) -> None:
    def run() -> None:
        with open_session(root) as session, session.write_windows() as writer:
            for index in range(3):
                frames = make_window(index, None)
                writer.submit(index, frames, frames)
            raise Stop

    with pytest.raises(Stop):
        run()

    with open_session(root) as session:
        assert session.finished == 3


@pytest.mark.parametrize("step", range(4 * 4))
def test_a_full_disk_at_any_step_is_an_error_and_keeps_the_windows_before(
    step: int, root: Path, uninterrupted: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fill_up(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 2 + step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def run() -> None:
        with monkeypatch.context() as patch, open_session(root) as session:
            patch.setattr(os, "fsync", fill_up)
            make_windows(session)

    with pytest.raises(VideoError, match=r"No space left on device\. Free some space") as error:
        run()

    assert str(root) in str(error.value)
    assert not [path for path in (root / KEY).iterdir() if "partial" in path.name]
    assert len(finish_video(root)) >= WINDOWS - 1 - step // 4
    np.testing.assert_array_equal(read_frames(root.parent / "video.mp4"), uninterrupted)


def test_an_error_of_the_encoder_is_raised_at_the_next_window_and_ends_the_video_there(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    submitted = []

    def run() -> None:
        with open_session(root) as session, session.write_windows() as writer:
            for index in range(WINDOWS):
                if index == 1:
                    monkeypatch.setattr(f"{MODULE}.write_segment", refuse)
                frames = make_window(index, None)
                writer.submit(index, frames, frames)
                submitted.append(index)

    with pytest.raises(VideoError, match="Input/output error"):
        run()

    assert len(submitted) <= 4
    with open_session(root) as session:
        assert session.finished <= 1


def test_no_more_than_two_windows_wait_for_the_encoder(root: Path) -> None:
    frames = np.zeros((1, HEIGHT, WIDTH, 3), np.float32)

    with open_session(root, windows=30) as session, session.write_windows() as writer:
        for index in range(30):
            writer.submit(index, frames, frames)
            assert session.finished >= index - 1


def test_memory_grows_by_less_than_a_frame_a_window(root: Path) -> None:
    frames = np.zeros((WINDOW_FRAMES, HEIGHT, WIDTH, 3), np.float32)

    def measure_peak_bytes(windows: int) -> int:
        tracemalloc.start()
        with open_session(root, windows=windows) as session, session.write_windows() as writer:
            for index in range(windows):
                writer.submit(index, frames, frames[:MOTION_FRAMES])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    measure_peak_bytes(2)
    assert measure_peak_bytes(100) - measure_peak_bytes(20) < 80 * frames[0].nbytes / 4


@pytest.mark.parametrize("finished", [1, 2, 3, 100, 1250])
def test_few_motion_frames_are_kept_the_last_two_among_them(finished: int) -> None:
    kept = [index for index in range(finished) if keeps_motion_frames(index, finished)]

    assert kept[-2:] == [*range(finished)][-2:]
    assert len(kept) <= 12


def test_damage_costs_at_most_three_times_the_windows_since() -> None:
    finished = 500
    kept = [index for index in range(finished) if keeps_motion_frames(index, finished)]

    for damaged in range(finished):
        resumed_from = max((index + 1 for index in kept if index < damaged), default=0)
        assert finished - resumed_from < 3 * (finished - damaged)


def test_motion_frames_once_dropped_are_never_wanted_again() -> None:
    for index in range(64):
        wanted = [keeps_motion_frames(index, finished) for finished in range(index + 1, 300)]
        assert wanted == sorted(wanted, reverse=True)


def test_one_video_is_made_by_one_comfyui_at_a_time(root: Path) -> None:
    with (
        open_session(root),
        pytest.raises(VideoError, match="Another ComfyUI is making this same video"),
        open_session(root),
    ):
        pass

    with open_session(root), open_session(root, key="ab" * 16):
        pass


def test_a_session_leaves_no_lock_behind(root: Path) -> None:
    finish_video(root)

    assert [path.name for path in root.iterdir()] == [KEY]


def test_a_session_that_can_not_be_opened_lets_go_of_its_lock(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(f"{MODULE}.sync_file", refuse)
        with pytest.raises(VideoError, match="Free some space"):
            open_session(root).__enter__()

    assert finish_video(root) == [*range(WINDOWS)]


def fill_session(root: Path, key: str, size_bytes: int, age: int) -> None:
    (root / key).mkdir(parents=True)
    (root / key / "000000.mp4").write_bytes(bytes(size_bytes))
    os.utime(root / key, (10**9 - age, 10**9 - age))


def test_the_sessions_touched_longest_ago_make_room(root: Path) -> None:
    for key, age in (("old", 3), ("middle", 2), ("new", 1)):
        fill_session(root, key, 1000, age)

    trim_sessions(root, 2500, in_use="none")

    assert sorted(path.name for path in root.iterdir()) == ["middle", "new"]


def test_a_session_in_use_is_never_removed(root: Path) -> None:
    fill_session(root, "mine", 5000, 9)
    fill_session(root, "theirs", 5000, 8)
    fill_session(root, "nobodys", 5000, 1)
    with _lock(root / "theirs"):
        trim_sessions(root, 1000, in_use="mine")

    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == ["mine", "theirs"]


def test_opening_and_closing_a_session_make_room(root: Path) -> None:
    fill_session(root, "old", 5000, 1)
    with open_session(root, max_root_bytes=1000):
        assert not (root / "old").exists()
        fill_session(root, "older", 5000, 2)

    assert [path.name for path in root.iterdir()] == [KEY]


def test_a_discarded_session_leaves_nothing(root: Path) -> None:
    with open_session(root) as session:
        make_windows(session)
        session.discard()

    assert list(root.iterdir()) == []


def test_a_video_shorter_than_its_speech_is_never_written(root: Path) -> None:
    with open_session(root) as session:
        make_windows(session, until=4)
        with pytest.raises(VideoError, match="16 frames, but the speech is 20"):
            session.assemble(SPEECH, root.parent / "video.mp4")

    assert not (root.parent / "video.mp4").exists()


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
