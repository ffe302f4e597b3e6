"""What a talking video has of its own, beside what holds for every long video: its windows, settings and speech."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.errors import InputError, ModelError, VideoError
from comfyui_talkingshorts.engines.infinitetalk import talking_video
from support.tiny.long_videos import TinyVideos
from support.tiny.talks import Recorder, decode_frames


@pytest.mark.parametrize(("frames", "windows"), [(80, 1), (81, 1), (82, 2), (97, 2), (153, 2), (154, 3)])
def test_the_models_own_windows_make_a_video_of(frames: int, windows: int, talking_videos: TinyVideos) -> None:
    watcher = Recorder()

    path = talking_videos(frames, watcher=watcher, window_frames=81, motion_frames=9, width=16, height=16)

    assert watcher.begun == (windows, 1, 0)
    assert watcher.steps == windows
    assert len(decode_frames(path)) == frames


@pytest.mark.parametrize(
    ("window_frames", "motion_frames", "windows"), [(5, 1, 5), (9, 1, 3), (9, 5, 4), (17, 9, 2), (81, 9, 1)]
)
def test_windows_of_any_length_make_the_video(
    window_frames: int, motion_frames: int, windows: int, talking_videos: TinyVideos
) -> None:
    watcher = Recorder()

    path = talking_videos(21, watcher=watcher, window_frames=window_frames, motion_frames=motion_frames)

    assert watcher.begun == (windows, 1, 0)
    assert len(decode_frames(path)) == 21


def test_a_short_last_window_makes_the_same_windows_before_it_and_fewer_frames_in_all(
    talking_videos: TinyVideos,
) -> None:
    lengths: dict[str, Any] = {"window_frames": 17, "motion_frames": 5}
    official = decode_frames(talking_videos(19, name="official", **lengths))
    short = decode_frames(talking_videos(19, name="short", short_last_window=True, **lengths))

    assert len(short) == len(official) == 19
    np.testing.assert_array_equal(short[:17], official[:17])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 50}, "50"),
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
    change: dict[str, Any], words: str, talking_videos: TinyVideos
) -> None:
    with pytest.raises(InputError, match=words):
        talking_videos(**change)

    assert list(talking_videos.folder.iterdir()) == []


def test_an_audio_encoder_of_another_size_is_refused(talking_videos: TinyVideos) -> None:
    from comfy.audio_encoders.wav2vec2 import Wav2Vec2Model

    sizes = {"embed_dim": 1024, "num_heads": 16, "num_layers": 24, "conv_norm": True, "conv_bias": True}
    large = Wav2Vec2Model(**sizes, device="meta", operations=torch.nn)

    with pytest.raises(ModelError, match="24 layers of 1024"):
        talking_videos(models=replace(talking_videos.models, audio_encoder=SimpleNamespace(model=large)))


def test_a_temp_folder_that_takes_no_features_ends_the_run_in_words(
    talking_videos: TinyVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(talking_video, "write_features", fail)

    with pytest.raises(VideoError, match=f"{talking_videos.folder}: No space left on device.*0.00 GB free"):
        talking_videos()


def test_the_features_of_the_speech_are_gone_when_the_video_is_made(talking_videos: TinyVideos) -> None:
    talking_videos()

    assert [path.name for path in talking_videos.folder.iterdir() if path.is_file()] == ["video.mp4"]


def test_a_lack_of_memory_is_answered_with_what_takes_less(
    talking_videos: TinyVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talking_videos.network, "forward", run_out_of_memory)

    with pytest.raises(VideoError, match="fewer window_frames, an fp8 model, or guidance_batch sequential"):
        talking_videos()


def run_out_of_memory(*_: Any, **__: Any) -> Any:
    raise torch.OutOfMemoryError("CUDA out of memory.")


def test_vae_tiles_give_a_video_as_well(talking_videos: TinyVideos) -> None:
    assert len(decode_frames(talking_videos(9, vae_tiling="on"))) == 9
