"""A long video is as long as its speech, and goes on where it stopped to the same frames, whichever model makes it."""

from __future__ import annotations

import errno
import gc
import hashlib
import itertools
import json
import math
import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
import torch
from comfy import model_management
from comfyui_talkingshorts.core.errors import InputError, VideoError
from comfyui_talkingshorts.core.limits import LARGEST_SEED
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.long_video import segments
from comfyui_talkingshorts.engines.pictures.portrait import NO_HEAD_NOTE, keep_head
from PIL import Image
from support.checkout import FACE_PHOTO
from support.tiny.long_videos import TinyVideos
from support.tiny.talks import Recorder, Stopped, decode_frames, paint, watch_forwards

# The folders in which version 0.1 keeps the video that test_a_session_of_version_0_1 makes, with PyAV 17.0.0.
KEYS_OF_VERSION_0_1 = {
    "TalkingShortsTalkingVideo": "330ab3f5f40762b7bfb01138e16ea52b",
    "TalkingShortsSpeechToVideo": "560cbce5b721c4ed608403770032b334",
}


@pytest.fixture(params=["talking_videos", "speech_videos"])
def videos(request: pytest.FixtureRequest) -> TinyVideos:
    """Return one engine after the other."""
    return request.getfixturevalue(request.param)


def stop_in_window(videos: TinyVideos, window: int, windows: int = 3, **inputs: Any) -> None:
    """Make all windows before the given one, counted from 1, and end the run in that one."""
    with pytest.raises(Stopped):
        videos(videos.count_frames(windows), watcher=Recorder(stops_after_steps=window), **inputs)


def test_a_portrait_without_a_face_is_told_before_the_first_window(videos: TinyVideos) -> None:
    recorder = Recorder(stops_after_steps=1)

    with pytest.raises(Stopped):
        videos(portrait=np.full((64, 64, 3), 150, np.uint8), watcher=recorder)

    assert recorder.notes == [NO_HEAD_NOTE]


def test_a_person_at_the_edge_of_the_portrait_is_in_the_video(videos: TinyVideos) -> None:
    with Image.open(FACE_PHOTO) as photo:
        wide = Image.new("RGB", (1200, 675), "grey")
        wide.paste(photo, (900, 200))
    around_the_face, _ = keep_head(np.asarray(wide), 48, 80)
    assert around_the_face.shape[1] < 500

    at_the_edge = decode_frames(videos(3, portrait=np.asarray(wide), width=48, height=80))
    in_the_middle = decode_frames(videos(3, portrait=around_the_face, width=48, height=80))

    assert np.array_equal(at_the_edge, in_the_middle)


def test_a_side_of_1080_is_cut_out_of_the_1088_that_the_model_makes(videos: TinyVideos) -> None:
    portrait = paint(32, 1088)
    recorder = Recorder()

    larger = decode_frames(videos(3, portrait=portrait, width=1088, height=32, crf=0))
    cut = decode_frames(videos(3, portrait=portrait, width=1080, height=32, crf=0, watcher=recorder))

    assert cut.shape[1:] == (32, 1080, 3)
    assert np.array_equal(cut, larger[:, :, 4:-4])
    assert recorder.last_frames[0].shape == (32, 1080, 3)


@pytest.mark.parametrize(
    ("samples", "rate"),
    [(320, 16000), (16000, 16000), (16001, 16000), (44100, 44100), (44100 // 2, 44100), (24000, 48000), (24001, 48000)],
    ids=["20 ms", "a second", "a sample more", "44.1 kHz", "half a second", "48 kHz", "48 kHz and a sample"],
)
def test_a_video_has_a_frame_for_each_started_part_of_a_second(samples: int, rate: int, videos: TinyVideos) -> None:
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, (2, samples)).astype(np.float32)
    frames = math.ceil(Fraction(samples, rate) * videos.fps)

    path = videos(speech=Sound(noise, rate))

    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.frames, video.average_rate, audio.sample_rate) == (frames, videos.fps, rate)
        assert video.duration is not None
        assert video.time_base is not None
        assert video.duration * video.time_base == Fraction(frames, videos.fps)


def test_the_sound_is_the_speech_as_it_was_to_its_end(videos: TinyVideos) -> None:
    length = videos.count_frames(2) * 48000 // videos.fps
    samples = 0.05 * np.random.default_rng(1).standard_normal((2, length)).astype(np.float32)
    samples[:, -2400:-1200] = 0.8 * np.sin(np.arange(1200) / 5)

    path = videos(speech=Sound(samples, 48000))

    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    loud = np.flatnonzero(np.abs(sound[0]) > 0.4)
    assert loud[0] == pytest.approx(samples.shape[1] - 2400, abs=48)
    assert loud[-1] == pytest.approx(samples.shape[1] - 1200, abs=48)


@pytest.mark.parametrize("windows", [1, 2, 3])
@pytest.mark.parametrize("is_longest", [False, True], ids=["shortest", "longest"])
def test_windows_follow_on_each_other_to_the_end_of_the_speech(
    windows: int, is_longest: bool, videos: TinyVideos
) -> None:
    frames = videos.count_frames(windows + 1) - 1 if is_longest else videos.count_frames(windows)
    watcher = Recorder()

    path = videos(frames, watcher=watcher)

    assert watcher.begun == (windows, 1, 0)
    assert watcher.steps == windows
    assert len(watcher.last_frames) == windows
    assert len(decode_frames(path)) == frames


def test_silence_makes_a_video_too(videos: TinyVideos) -> None:
    assert decode_frames(videos(speech=Sound(np.zeros((1, 16000), np.float32), 16000))).std() > 1


@pytest.mark.parametrize(
    "portrait",
    [paint(33, 51), paint(32, 48, channels=1), paint(32, 48, channels=4), paint(1, 1), paint(7, 300)],
    ids=["odd sides", "greyscale", "RGBA", "a pixel", "a stripe"],
)
def test_any_picture_is_fitted(portrait: np.ndarray, videos: TinyVideos) -> None:
    assert decode_frames(videos(portrait=portrait)).shape == (5, videos.height, videos.width, 3)


def test_another_seed_makes_another_video_and_the_largest_counts_on_from_0(videos: TinyVideos) -> None:
    frames = videos.count_frames(2)
    one, other, largest = (decode_frames(videos(frames, name=str(seed), seed=seed)) for seed in (1, 2, LARGEST_SEED))

    assert (one != other).mean() > 0.1
    assert (one != largest).mean() > 0.1


def test_a_seed_out_of_range_is_refused_before_any_work(videos: TinyVideos) -> None:
    with pytest.raises(InputError, match=f"seed is {LARGEST_SEED + 1}"):
        videos(seed=LARGEST_SEED + 1)

    assert list(videos.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("stops_after_steps", "finished"), [(1, 0), (3, 1), (5, 2)], ids=["first window", "second window", "last window"]
)
def test_a_video_that_was_stopped_goes_on_after_its_last_finished_window_to_the_same_frames(
    stops_after_steps: int, finished: int, videos: TinyVideos
) -> None:
    frames = videos.count_frames(3)
    want = decode_frames(videos(frames, name="whole", steps=2))
    with pytest.raises(Stopped):
        videos(frames, steps=2, watcher=Recorder(stops_after_steps))
    watcher = Recorder()

    with watch_forwards(videos.models.model) as batches:
        got = decode_frames(videos(frames, steps=2, watcher=watcher))

    assert watcher.begun == (3, 2, finished)
    assert len(batches) == 2 * (3 - finished)
    assert watcher.work is not None
    assert watcher.work.forwards == sum(batches)
    assert np.array_equal(got, want)
    assert videos.list_kept() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda videos: {"seed": 2},
        lambda videos: {"steps": 2},
        lambda videos: {"portrait": videos.paint(seed=1)},
        lambda videos: {"speech": Sound(0.5 * videos.speak(videos.count_frames(3)).samples, 16000)},
        lambda videos: {"resume": False},
    ],
    ids=["seed", "setting", "picture", "speech", "resume off"],
)
def test_other_inputs_start_afresh(change: Callable[[TinyVideos], dict[str, Any]], videos: TinyVideos) -> None:
    stop_in_window(videos, 3)
    watcher = Recorder()

    videos(videos.count_frames(3), watcher=watcher, **change(videos))

    assert watcher.begun is not None
    assert watcher.begun[2] == 0


def test_a_session_of_version_0_1_goes_on_to_the_same_frames(
    videos: TinyVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(av, "__version__", "17.0.0")
    # Of whole numbers, which are the same on every machine.
    ramp = (np.arange(videos.count_frames(3) * 16000 // videos.fps) % 64 - 32) / 320
    speech = Sound(ramp.astype(np.float32)[None], 16000)
    want = decode_frames(videos(speech=speech, name="whole"))
    stop_in_window(videos, 3, speech=speech)
    [made] = videos.sessions.glob("*/")
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    shutil.rmtree(videos.sessions)

    write_session_of_version_0_1(videos, files)
    watcher = Recorder()
    got = decode_frames(videos(speech=speech, watcher=watcher))

    assert watcher.begun == (3, 1, 2)
    np.testing.assert_array_equal(got, want)


def write_session_of_version_0_1(videos: TinyVideos, files: dict[str, bytes]) -> None:
    """Write two finished windows as that version did: its folder, its manifest, its names of files."""
    folder = videos.sessions / KEYS_OF_VERSION_0_1[videos.node]
    folder.mkdir(parents=True)
    for name in ("000000.mp4", "000000.npy", "000001.mp4", "000001.npy"):
        (folder / name).write_bytes(files[name])
    windows = [
        {
            "frames": frames,
            "segment_sha256": hashlib.sha256(files[f"{index:06d}.mp4"]).hexdigest(),
            "motion_sha256": hashlib.sha256(files[f"{index:06d}.npy"]).hexdigest(),
        }
        for index, frames in enumerate((videos.window_frames, videos.added_frames))
    ]
    manifest = {"format": 1, "window_count": 3, "windows": windows}
    digest = hashlib.sha256(json.dumps(manifest).encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({**manifest, "sha256": digest}))


def test_a_video_whose_last_file_could_not_be_written_is_only_put_together_anew(
    videos: TinyVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = videos.count_frames(3)
    with monkeypatch.context() as patches:
        patches.setattr(segments, "Soundtrack", fail_for_want_of_space)
        with pytest.raises(VideoError, match="No space left"):
            videos(frames)
    assert [name for name in videos.list_kept() if name.endswith(".mp4")] == [f"{n:06d}.mp4" for n in range(3)]
    watcher = Recorder()

    with watch_forwards(videos.models.model) as batches:
        videos(frames, watcher=watcher)

    assert batches == []
    assert watcher.begun is None
    assert videos.list_kept() == []


def fail_for_want_of_space(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_ends_the_run_in_words_and_leaves_the_windows_before(
    videos: TinyVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = videos.count_frames(3)
    sync = os.fsync
    calls = itertools.count()
    with monkeypatch.context() as patches:
        patches.setattr(os, "fsync", lambda file: fail_for_want_of_space() if next(calls) == 8 else sync(file))
        with pytest.raises(VideoError, match=r"No space left on device.*it goes on"):
            videos(frames)
    watcher = Recorder()

    videos(frames, watcher=watcher)

    assert watcher.begun is not None
    assert watcher.begun[2] in (1, 2)


def test_a_damaged_window_is_made_again(videos: TinyVideos) -> None:
    frames = videos.count_frames(3)
    want = decode_frames(videos(frames, name="whole"))
    stop_in_window(videos, 3)
    [segment] = videos.sessions.glob("*/000001.mp4")
    segment.write_bytes(segment.read_bytes()[:-100] + bytes(100))
    watcher = Recorder()

    got = decode_frames(videos(frames, watcher=watcher))

    assert watcher.begun == (3, 1, 1)
    assert np.array_equal(got, want)


@pytest.mark.parametrize("window", [1, 2])
def test_values_that_are_no_picture_stop_before_anything_is_written_of_them(
    window: int, videos: TinyVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward, calls = videos.network.forward, itertools.count(1)

    def compute(x: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        return forward(x, *arguments, **options) * (torch.nan if next(calls) == window else 1)

    monkeypatch.setattr(videos.network, "forward", compute)

    with pytest.raises(VideoError, match=rf"Window {window} came out as .*\(NaN\).*windows are kept\. .*weight_dtype"):
        videos(videos.count_frames(3))

    assert [name for name in videos.list_kept() if name.endswith(".mp4")] == ["000000.mp4"][: window - 1]
    assert not list(videos.folder.glob("video*"))


def test_a_lack_of_memory_is_told_in_words(videos: TinyVideos, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out(*_: Any, **__: Any) -> Any:
        raise model_management.OOM_EXCEPTION("CUDA out of memory.")

    monkeypatch.setattr(videos.network, "forward", run_out)

    with pytest.raises(VideoError, match=r"memory ran out.*goes on.*an fp8 model"):
        videos()


def test_the_watcher_hears_of_each_step_and_sees_each_window(videos: TinyVideos) -> None:
    watcher = Recorder()
    ends = np.cumsum([videos.window_frames, videos.added_frames, 1]) - 1

    path = videos(videos.count_frames(3), steps=2, crf=0, watcher=watcher)

    assert (watcher.begun, watcher.steps) == ((3, 2, 0), 6)
    shown = 255 * torch.stack(watcher.last_frames).numpy()
    difference = (shown - decode_frames(path)[ends]) @ (0.299, 0.587, 0.114)  # colours are stored coarsely
    assert np.abs(difference).mean() < 5


def test_a_smaller_crf_makes_a_larger_file_of_the_same_video(videos: TinyVideos) -> None:
    lossless, rough = (videos(videos.window_frames, name=str(crf), crf=crf) for crf in (0, 40))

    assert lossless.stat().st_size > 1.5 * rough.stat().st_size


def test_what_is_kept_between_windows_does_not_grow_with_their_number(videos: TinyVideos) -> None:
    stop_in_window(videos, 7, windows=7)

    assert len([name for name in videos.list_kept() if name.endswith(".npy")]) <= 4


def test_the_watcher_hears_before_the_first_step_what_the_video_will_take(videos: TinyVideos) -> None:
    one, three = Recorder(), Recorder()
    videos(videos.count_frames(1), name="one", watcher=one)
    videos(videos.count_frames(3), name="three", watcher=three)

    assert one.work is not None
    assert three.work is not None
    assert three.work.forwards == 3 * one.work.forwards
    assert three.work.flops > 2.9 * one.work.flops
    assert three.needed_bytes == one.needed_bytes > videos.models.model.model_size()


class MemoryRecorder(Recorder):
    """Also notes how much memory tensors and arrays take at the end of each window."""

    def __init__(self) -> None:
        super().__init__()
        self.held_bytes: list[int] = []

    def end_window(self, last_frame: torch.Tensor) -> None:
        gc.collect()
        held = [thing for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor)]
        # Other tests may have left tensors that have no memory of their own to count.
        counted = [tensor for tensor in held if not tensor.is_meta and tensor.layout is torch.strided]
        self.held_bytes.append(sum(tensor.untyped_storage().nbytes() for tensor in counted))


def test_memory_does_not_grow_with_the_windows(videos: TinyVideos) -> None:
    watcher = MemoryRecorder()

    videos(videos.count_frames(9), watcher=watcher)

    frame_bytes = videos.height * videos.width * 3 * 4
    assert len(watcher.held_bytes) == 9
    assert watcher.held_bytes[-2] - watcher.held_bytes[2] < frame_bytes
