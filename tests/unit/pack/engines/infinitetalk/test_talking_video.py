"""A talking video is as long as its speech, goes on where it stopped, and refuses what it can't make."""

from __future__ import annotations

import errno
import gc
import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
import torch
from comfy import model_management
from comfyui_talkingshorts.core.errors import InputError, ModelError, VideoError
from comfyui_talkingshorts.core.limits import LARGEST_SEED
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.infinitetalk import talking_video as talk_module
from comfyui_talkingshorts.engines.infinitetalk.sampling import Models
from comfyui_talkingshorts.engines.infinitetalk.talking_video import Home, Subject, TalkingSettings, make_talking_video
from comfyui_talkingshorts.engines.long_video import segments
from support.tiny.talking_models import encode_prompt
from support.tiny.talks import HEIGHT, WIDTH, Recorder, Stopped, decode_frames, paint, speak, watch_forwards

Talk = Callable[..., Path]
SETTINGS = TalkingSettings(
    size_mode="custom",
    width=WIDTH,
    height=HEIGHT,
    steps=1,
    schedule="official",
    shift=0.0,
    text_scale=1.0,
    audio_scale=1.0,
    seed=1,
    window_frames=9,
    motion_frames=5,
)
THREE_WINDOWS = 17


@pytest.fixture
def models(talking_models: dict[str, Any]) -> Models:
    return Models(*(talking_models[kind] for kind in ("diffusion_models", "model_patches", "vae", "clip_vision")))


@pytest.fixture
def talk(models: Models, talking_models: dict[str, Any], tmp_path: Path) -> Talk:
    """Return a function that makes a video, of a speech of `frames` frames unless told otherwise."""
    prompt = encode_prompt(talking_models["text_encoders"], "a woman talks")

    def make(
        frames: int = 9,
        speech: Sound | None = None,
        portrait: np.ndarray | None = None,
        watcher: Recorder | None = None,
        audio_encoder: Any = talking_models["audio_encoders"],
        name: str = "video",
        **settings: Any,
    ) -> Path:
        path = tmp_path / f"{name}.mp4"
        subject = Subject(paint() if portrait is None else portrait, speech or speak(frames), prompt, prompt)
        home = Home({"7": {"class_type": "TalkingShortsTalkingVideo", "inputs": {}}}, "7", tmp_path / "sessions")
        wanted = replace(SETTINGS, **settings)
        count = make_talking_video(models, audio_encoder, subject, wanted, home, path, watcher or Recorder())
        assert count == len(decode_frames(path))
        return path

    return make


@pytest.mark.parametrize(
    ("samples", "rate", "frames"),
    [(320, 16000, 1), (16000, 16000, 25), (16001, 16000, 26), (44100 // 2, 44100, 13), (24000, 48000, 13)],
    ids=["20 ms", "a second", "a sample more", "44.1 kHz", "48 kHz"],
)
def test_a_video_has_a_frame_for_each_started_25th_of_a_second(
    samples: int, rate: int, frames: int, talk: Talk
) -> None:
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, (2, samples)).astype(np.float32)

    path = talk(speech=Sound(noise, rate), window_frames=17)

    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.frames, video.average_rate, audio.sample_rate) == (frames, 25, rate)
        assert video.duration is not None
        assert video.time_base is not None
        assert video.duration * video.time_base == Fraction(frames, 25)


@pytest.mark.parametrize(("frames", "windows"), [(80, 1), (81, 1), (82, 2), (97, 2), (153, 2), (154, 3)])
def test_the_models_own_windows_make_a_video_of(frames: int, windows: int, talk: Talk) -> None:
    watcher = Recorder()

    path = talk(frames, watcher=watcher, window_frames=81, motion_frames=9, width=16, height=16)

    assert watcher.begun == (windows, 1, 0)
    assert watcher.steps == windows
    assert len(decode_frames(path)) == frames


@pytest.mark.parametrize(
    ("window_frames", "motion_frames", "windows"), [(5, 1, 5), (9, 1, 3), (9, 5, 4), (17, 9, 2), (81, 9, 1)]
)
def test_windows_of_any_length_make_the_video(window_frames: int, motion_frames: int, windows: int, talk: Talk) -> None:
    watcher = Recorder()

    path = talk(21, watcher=watcher, window_frames=window_frames, motion_frames=motion_frames)

    assert watcher.begun == (windows, 1, 0)
    assert len(decode_frames(path)) == 21


def test_a_short_last_window_makes_the_same_windows_before_it_and_fewer_frames_in_all(talk: Talk) -> None:
    official = decode_frames(talk(19, window_frames=17, motion_frames=5, name="official"))
    short = decode_frames(talk(19, window_frames=17, motion_frames=5, name="short", short_last_window=True))

    assert len(short) == len(official) == 19
    np.testing.assert_array_equal(short[:17], official[:17])


def test_silence_makes_a_video_too(talk: Talk) -> None:
    assert decode_frames(talk(speech=Sound(np.zeros((1, 16000), np.float32), 16000))).std() > 1


@pytest.mark.parametrize(
    "portrait",
    [paint(33, 51), paint(32, 48, channels=1), paint(32, 48, channels=4), paint(1, 1), paint(7, 300)],
    ids=["odd sides", "greyscale", "RGBA", "a pixel", "a stripe"],
)
def test_any_picture_is_fitted(portrait: np.ndarray, talk: Talk) -> None:
    assert decode_frames(talk(portrait=portrait)).shape == (9, HEIGHT, WIDTH, 3)


def test_another_seed_makes_another_video_and_the_largest_counts_on_from_0(talk: Talk) -> None:
    one, other, largest = (
        decode_frames(talk(THREE_WINDOWS, name=str(seed), seed=seed)) for seed in (1, 2, LARGEST_SEED)
    )

    assert (one != other).mean() > 0.1
    assert (one != largest).mean() > 0.1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 50}, "50"),
        ({"seed": LARGEST_SEED + 1}, "seed"),
        ({"size_mode": "480p"}, "size_mode is 480p"),
        ({"steps": 0}, "steps is 0"),
        ({"shift": -1.0}, "shift is -1"),
        ({"text_scale": float("nan")}, "text_scale is nan"),
        ({"guidance_end": 1.5}, "guidance_end is 1.5"),
        ({"window_frames": 80}, "window_frames is 80"),
        ({"motion_frames": 9}, "motion_frames is 9"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_that_make_no_sense_are_refused_before_any_work(
    change: dict[str, Any], words: str, talk: Talk, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        talk(**change)

    assert list(tmp_path.iterdir()) == []


def test_an_audio_encoder_of_another_size_is_refused(talk: Talk) -> None:
    from comfy.audio_encoders.wav2vec2 import Wav2Vec2Model

    sizes = {"embed_dim": 1024, "num_heads": 16, "num_layers": 24, "conv_norm": True, "conv_bias": True}
    large = Wav2Vec2Model(**sizes, device="meta", operations=torch.nn)

    with pytest.raises(ModelError, match="24 layers of 1024"):
        talk(audio_encoder=SimpleNamespace(model=large))


def list_kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "sessions").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("stops_after_steps", "finished"), [(1, 0), (3, 1), (5, 2)], ids=["first window", "second window", "last window"]
)
def test_a_video_that_was_stopped_goes_on_after_its_last_finished_window_to_the_same_frames(
    stops_after_steps: int, finished: int, talk: Talk, models: Models, tmp_path: Path
) -> None:
    want = decode_frames(talk(THREE_WINDOWS, name="whole", steps=2))
    with pytest.raises(Stopped):
        talk(THREE_WINDOWS, steps=2, watcher=Recorder(stops_after_steps))
    watcher = Recorder()

    with watch_forwards(models.model) as batches:
        got = decode_frames(talk(THREE_WINDOWS, steps=2, watcher=watcher))

    assert watcher.begun == (3, 2, finished)
    assert len(batches) == 2 * (3 - finished)
    assert np.array_equal(got, want)
    assert list_kept(tmp_path) == []


def stop_in_last_window(talk: Talk) -> None:
    with pytest.raises(Stopped):
        talk(THREE_WINDOWS, watcher=Recorder(stops_after_steps=3))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"steps": 2},
        {"portrait": paint(seed=1)},
        {"speech": Sound(0.5 * speak(THREE_WINDOWS).samples, 16000)},
        {"resume": False},
    ],
    ids=["seed", "setting", "picture", "speech", "resume off"],
)
def test_other_inputs_start_afresh(change: dict[str, Any], talk: Talk) -> None:
    stop_in_last_window(talk)
    watcher = Recorder()

    talk(THREE_WINDOWS, watcher=watcher, **change)

    assert watcher.begun is not None
    assert watcher.begun[2] == 0


def test_a_video_whose_last_file_could_not_be_written_is_only_put_together_anew(
    talk: Talk, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patches:
        patches.setattr(segments, "Soundtrack", fail_for_want_of_space)
        with pytest.raises(VideoError, match="No space left"):
            talk(THREE_WINDOWS)
    assert [name for name in list_kept(tmp_path) if name.endswith(".mp4")] == [f"{n:06d}.mp4" for n in range(3)]

    with watch_forwards(models.model) as batches:
        talk(THREE_WINDOWS)

    assert batches == []
    assert list_kept(tmp_path) == []


def fail_for_want_of_space(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_ends_the_run_in_words_and_leaves_the_windows_before(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync
    calls = itertools.count()
    with monkeypatch.context() as patches:
        patches.setattr(os, "fsync", lambda file: fail_for_want_of_space() if next(calls) == 8 else sync(file))
        with pytest.raises(VideoError, match=r"No space left on device.*it goes on"):
            talk(THREE_WINDOWS)
    watcher = Recorder()

    talk(THREE_WINDOWS, watcher=watcher)

    assert watcher.begun is not None
    assert watcher.begun[2] in (1, 2)


def test_a_temp_folder_that_takes_no_features_ends_the_run_in_words(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk_module, "write_features", fail_for_want_of_space)

    with pytest.raises(VideoError, match=f"{tmp_path}: No space left on device.*0.00 GB free"):
        talk()


def test_a_damaged_window_is_made_again(talk: Talk, tmp_path: Path) -> None:
    want = decode_frames(talk(THREE_WINDOWS, name="whole"))
    stop_in_last_window(talk)
    [segment] = tmp_path.glob("sessions/*/000001.mp4")
    segment.write_bytes(segment.read_bytes()[:-100] + bytes(100))
    watcher = Recorder()

    got = decode_frames(talk(THREE_WINDOWS, watcher=watcher))

    assert watcher.begun == (3, 1, 1)
    assert np.array_equal(got, want)


def test_a_window_that_is_no_picture_is_not_kept(
    talk: Talk, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.model.model.diffusion_model, "forward", lambda x, *_, **__: x[:, :16] * torch.nan)

    with pytest.raises(VideoError, match="NaN"):
        talk()

    assert list_kept(tmp_path) == ["manifest.json"]
    assert not list(tmp_path.glob("video*"))


def test_memory_that_runs_out_for_a_single_branch_ends_the_run_in_words(
    talk: Talk, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*_: Any, **__: Any) -> Any:
        raise model_management.OOM_EXCEPTION("CUDA out of memory.")

    monkeypatch.setattr(models.model.model.diffusion_model, "forward", run_out)

    with pytest.raises(VideoError, match=r"memory ran out.*goes on.*fp8"):
        talk()


def test_the_watcher_hears_of_each_step_and_sees_each_window(talk: Talk) -> None:
    watcher = Recorder()

    path = talk(THREE_WINDOWS, steps=2, crf=0, watcher=watcher)

    assert (watcher.begun, watcher.steps) == ((3, 2, 0), 6)
    shown = 255 * torch.stack(watcher.last_frames).numpy()
    difference = (shown - decode_frames(path)[[8, 12, 16]]) @ (0.299, 0.587, 0.114)  # colours are stored coarsely
    assert np.abs(difference).mean() < 5


def test_a_smaller_crf_makes_a_larger_file_of_the_same_video(talk: Talk) -> None:
    lossless, rough = talk(name="lossless", crf=0), talk(name="rough", crf=40)

    assert lossless.stat().st_size > 1.5 * rough.stat().st_size


def test_vae_tiles_give_a_video_as_well(talk: Talk) -> None:
    assert len(decode_frames(talk(vae_tiling="on"))) == 9


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


def test_memory_does_not_grow_with_the_windows(talk: Talk) -> None:
    watcher = MemoryRecorder()

    talk(41, watcher=watcher)

    frame_bytes = HEIGHT * WIDTH * 3 * 4
    assert len(watcher.held_bytes) == 9
    assert watcher.held_bytes[-2] - watcher.held_bytes[2] < frame_bytes
