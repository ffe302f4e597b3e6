"""What a speech video has of its own, beside what holds for every long video: its size, samplers and motion."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import comfy.samplers
import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.errors import InputError, ModelError, VideoError
from comfyui_talkingshorts.core.limits import LARGEST_SEED
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.wan_s2v.speech_video import make_speech_video
from support.tiny.long_videos import QuickVae, TinyVideos
from support.tiny.talks import Recorder, Stopped, decode_frames, paint, watch_forwards

TWO_WINDOWS = 75


class TiledVae(QuickVae):
    """Works in tiles alone."""

    encode_tiled, decode_tiled = QuickVae.encode, QuickVae.decode

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class WatchedVae(QuickVae):
    """Remembers what it encoded."""

    def __init__(self) -> None:
        self.encoded: list[torch.Tensor] = []

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        self.encoded.append(frames)
        return super().encode(frames)


@pytest.mark.parametrize(("frames", "windows"), [(77, 1), (78, 2), (157, 2), (158, 3)])
def test_the_models_own_windows_make_a_video_of(frames: int, windows: int, speech_videos: TinyVideos) -> None:
    watcher = Recorder()

    path = speech_videos(frames, watcher=watcher, chunk_frames=77)

    assert watcher.begun == (windows, 1, 0)
    assert len(decode_frames(path)) == frames


@pytest.mark.parametrize(
    ("width", "height"), [(16, 16), (48, 80), (128, 64)], ids=["smaller than a block", "no whole blocks", "two blocks"]
)
def test_any_size_is_made(width: int, height: int, speech_videos: TinyVideos) -> None:
    path = speech_videos(TWO_WINDOWS, width=width, height=height)

    assert decode_frames(path).shape == (TWO_WINDOWS, height, width, 3)


def test_the_portrait_fills_the_video_whatever_is_sampled_around_it(speech_videos: TinyVideos) -> None:
    portrait, vae = paint(48, 32), WatchedVae()

    speech_videos(portrait=portrait, models=replace(speech_videos.models, vae=vae), width=32, height=48)

    [[encoded]] = vae.encoded
    assert encoded.shape == (64, 64, 3)
    np.testing.assert_array_equal((255 * encoded[8:56, 16:48]).round(), portrait)


def test_each_window_has_noise_of_its_own_by_seeds_that_count_on_from_0(speech_videos: TinyVideos) -> None:
    silence = {"speech": Sound(np.zeros((1, 16000 * 2 * 76 // 16), np.float32), 16000), "steps": 2}
    one, other = (decode_frames(speech_videos(name=str(seed), seed=seed, **silence)) for seed in (1, LARGEST_SEED))

    assert (one != other).mean() > 0.1
    assert (one[:70] != one[76:146]).mean() > 0.1


def test_tiling_is_for_all_that_the_vae_does(speech_videos: TinyVideos) -> None:
    want = decode_frames(speech_videos(TWO_WINDOWS))

    tiled = replace(speech_videos.models, vae=TiledVae())
    got = decode_frames(speech_videos(TWO_WINDOWS, models=tiled, vae_tiling="on"))

    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(("cfg", "branches"), [(1.0, 1), (6.0, 2)])
def test_guidance_off_saves_half_of_the_work(cfg: float, branches: int, speech_videos: TinyVideos) -> None:
    with watch_forwards(speech_videos.models.model) as batches:
        speech_videos(cfg=cfg, steps=2)

    assert sum(batches) == 2 * branches


@pytest.mark.parametrize("name", ["uni_pc", "euler_ancestral", "dpmpp_2m", "heun"])
def test_any_sampler_makes_it_and_goes_on_to_the_same_frames(name: str, speech_videos: TinyVideos) -> None:
    sampler = comfy.samplers.sampler_object(name)
    videos = replace(speech_videos, make=lambda models, *arguments: make_speech_video(models, sampler, *arguments))
    settings = {"steps": 3, "cfg": 6.0}
    want = decode_frames(videos(TWO_WINDOWS, name="whole", **settings))
    with pytest.raises(Stopped):
        videos(TWO_WINDOWS, watcher=Recorder(stops_after_steps=4), **settings)

    watcher = Recorder()
    got = decode_frames(videos(TWO_WINDOWS, watcher=watcher, **settings))

    assert watcher.begun == (2, 3, 1)
    assert np.array_equal(got, want)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 50}, "width is 50"),
        ({"height": 4096}, "height is 4096"),
        ({"steps": 0}, "steps is 0"),
        ({"cfg": float("nan")}, "cfg is nan"),
        ({"scheduler": "fast"}, r"scheduler is fast.*simple"),
        ({"chunk_frames": 80}, "chunk_frames is 80"),
        ({"chunk_frames": 69}, "chunk_frames is 69"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_that_make_no_sense_are_refused_before_any_work(
    change: dict[str, Any], words: str, speech_videos: TinyVideos
) -> None:
    with pytest.raises(InputError, match=words):
        speech_videos(**change)

    assert list(speech_videos.folder.iterdir()) == []


def test_another_video_model_is_refused(speech_videos: TinyVideos, talking_models: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"WAN21.*wan2.2_s2v_14B_fp8_scaled"):
        speech_videos(models=replace(speech_videos.models, model=talking_models["diffusion_models"]))


def test_another_vae_is_refused(speech_videos: TinyVideos) -> None:
    other = SimpleNamespace(encode=lambda frames: torch.zeros(1, 48, 1, 4, 4))

    with pytest.raises(ModelError, match=r"\[1, 48, 1, 4, 4\].*wan_2.1_vae"):
        speech_videos(models=replace(speech_videos.models, vae=other))


def test_the_latents_of_73_frames_are_kept_for_the_next_window(speech_videos: TinyVideos) -> None:
    with pytest.raises(Stopped):
        speech_videos(TWO_WINDOWS, watcher=Recorder(stops_after_steps=2))

    [kept] = speech_videos.sessions.rglob("*.npy")
    assert np.load(kept).shape == (1, 16, 19, speech_videos.height // 8, speech_videos.width // 8)


def test_a_lack_of_memory_is_answered_with_what_takes_less(
    speech_videos: TinyVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(speech_videos.network, "forward", run_out)

    with pytest.raises(VideoError, match="an fp8 model, vae_tiling on, or chunk_frames 73"):
        speech_videos()
