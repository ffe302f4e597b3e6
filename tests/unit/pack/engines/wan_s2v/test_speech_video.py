"""A speech video is as long as its speech, goes on where it stopped, and refuses what it can't make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import comfy.samplers
import numpy as np
import pytest
import torch
from comfy import model_management
from comfyui_talkingshorts.core.errors import InputError, ModelError, VideoError
from comfyui_talkingshorts.core.limits import LARGEST_SEED
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.long_video.work import Home, Subject
from comfyui_talkingshorts.engines.wan_s2v import speech_video as speak_module
from comfyui_talkingshorts.engines.wan_s2v.sampling import Models
from comfyui_talkingshorts.engines.wan_s2v.speech_video import SpeechVideoSettings, make_speech_video
from support.tiny.talking_models import encode_prompt
from support.tiny.talks import Recorder, Stopped, decode_frames, paint, speak, watch_forwards

Make = Callable[..., Path]
SIDE = 64
SETTINGS = SpeechVideoSettings(width=SIDE, height=SIDE, steps=1, cfg=1.0, scheduler="simple", seed=1, chunk_frames=73)
TWO_CHUNKS, THREE_CHUNKS = 75, 150
EULER = comfy.samplers.sampler_object("euler")


class QuickVae:
    """Stands for Wan's VAE: shrinks and enlarges, with every fourth frame as a latent. What it decodes is 4n+1 long."""

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        small = frames[::4, 4::8, 4::8]
        return (small.movedim(-1, 0)[None] - 0.5).repeat_interleave(6, dim=1)[:, :16]

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        colours = (latents[0, [0, 6, 12]] / 6 + 0.5).clamp(0, 1).movedim(0, -1)
        large = colours.repeat_interleave(8, 1).repeat_interleave(8, 2)
        return large.repeat_interleave(4, 0)[None, 3:]


class TiledVae(QuickVae):
    """Works in tiles alone."""

    encode_tiled, decode_tiled = QuickVae.encode, QuickVae.decode

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class QuickListener:
    """Stands for wav2vec2: hears each frame's loudness."""

    def __init__(self, audio_encoder: Any, speech: np.ndarray) -> None:
        self.loudness = torch.from_numpy(speech).unflatten(0, (-1, 1000)).abs().mean(-1)

    def hear(self, first_frame: int, frames: int) -> torch.Tensor:
        heard = torch.zeros(frames)
        loudness = self.loudness[first_frame : first_frame + frames]
        heard[: len(loudness)] = loudness
        return torch.linspace(-1, 1, 25 * 1024).reshape(1, 25, 1024, 1) * heard


@pytest.fixture
def models(speech_models: dict[str, Any]) -> Models:
    return Models(speech_models["diffusion_models"], QuickVae(), None)


@pytest.fixture
def make(models: Models, speech_models: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that makes a video, of a speech of `frames` frames unless told otherwise."""
    monkeypatch.setattr(speak_module, "SpeechListener", QuickListener)
    prompt = encode_prompt(speech_models["text_encoders"], "a woman talks")

    def make_video(
        frames: int = 5,
        speech: Sound | None = None,
        portrait: np.ndarray | None = None,
        watcher: Recorder | None = None,
        used: Models = models,
        sampler: Any = EULER,
        name: str = "video",
        **settings: Any,
    ) -> Path:
        path = tmp_path / f"{name}.mp4"
        picture = paint(SIDE, SIDE) if portrait is None else portrait
        subject = Subject(picture, speech or speak(frames, fps=16), prompt, prompt)
        home = Home({"7": {"class_type": "TalkingShortsSpeechToVideo", "inputs": {}}}, "7", tmp_path / "sessions")
        wanted = replace(SETTINGS, **settings)
        count = make_speech_video(used, sampler, subject, wanted, home, path, watcher or Recorder())
        assert count == len(decode_frames(path))
        return path

    return make_video


@pytest.mark.parametrize(
    ("samples", "rate", "frames"),
    [(320, 16000, 1), (16000, 16000, 16), (16001, 16000, 17), (44100, 44100, 16), (24001, 48000, 9)],
    ids=["20 ms", "a second", "a sample more", "44.1 kHz", "48 kHz"],
)
def test_a_video_has_a_frame_for_each_started_16th_of_a_second(
    samples: int, rate: int, frames: int, make: Make
) -> None:
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, (2, samples)).astype(np.float32)

    path = make(speech=Sound(noise, rate))

    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.frames, video.average_rate, audio.sample_rate) == (frames, 16, rate)
        assert video.duration is not None
        assert video.time_base is not None
        assert video.duration * video.time_base == Fraction(frames, 16)


def test_the_sound_is_the_speech_as_it_was_to_its_end(make: Make) -> None:
    speech = speak(80, 48000, channels=2, fps=16)
    samples = 0.05 * speech.samples
    samples[:, -2400:-1200] = 0.8 * np.sin(np.arange(1200) / 5)

    path = make(speech=Sound(samples, 48000))

    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    loud = np.flatnonzero(np.abs(sound[0]) > 0.4)
    assert loud[0] == pytest.approx(samples.shape[1] - 2400, abs=48)
    assert loud[-1] == pytest.approx(samples.shape[1] - 1200, abs=48)


@pytest.mark.parametrize(("frames", "chunks"), [(73, 1), (74, 2), (149, 2), (150, 3)])
def test_chunks_follow_on_each_other_to_the_end_of_the_speech(frames: int, chunks: int, make: Make) -> None:
    watcher = Recorder()

    path = make(frames, watcher=watcher)

    assert watcher.begun == (chunks, 1, 0)
    assert watcher.steps == chunks
    assert len(watcher.last_frames) == chunks
    assert len(decode_frames(path)) == frames


@pytest.mark.parametrize(
    ("width", "height"), [(16, 16), (48, 80), (128, 64)], ids=["smaller than a block", "no whole blocks", "two blocks"]
)
def test_any_size_is_made(width: int, height: int, make: Make) -> None:
    assert decode_frames(make(TWO_CHUNKS, width=width, height=height)).shape == (TWO_CHUNKS, height, width, 3)


def test_the_portrait_fills_the_video_whatever_is_sampled_around_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    portrait, given = paint(48, 32), []
    original = speak_module.ChunkSampler

    def note(*arguments: Any) -> Any:
        given.append(arguments[4])
        return original(*arguments)

    monkeypatch.setattr(speak_module, "ChunkSampler", note)

    make(portrait=portrait, width=32, height=48)

    np.testing.assert_array_equal(given[0][8:56, 16:48], portrait)


@pytest.mark.parametrize(
    "portrait",
    [paint(33, 51), paint(32, 48, channels=1), paint(32, 48, channels=4), paint(1, 1)],
    ids=["odd sides", "greyscale", "RGBA", "a pixel"],
)
def test_any_picture_is_fitted(portrait: np.ndarray, make: Make) -> None:
    assert decode_frames(make(portrait=portrait)).shape == (5, SIDE, SIDE, 3)


def test_silence_makes_a_video_too(make: Make) -> None:
    assert decode_frames(make(speech=Sound(np.zeros((1, 8000), np.float32), 16000))).std() > 1


def test_each_chunk_has_noise_of_its_own_by_seeds_that_count_on_from_0(make: Make) -> None:
    same_portrait = {"speech": Sound(np.zeros((1, 16000 * 2 * 76 // 16), np.float32), 16000), "steps": 2}
    one, other = (decode_frames(make(name=str(seed), seed=seed, **same_portrait)) for seed in (1, LARGEST_SEED))

    assert (one != other).mean() > 0.1
    assert (one[:70] != one[76:146]).mean() > 0.1


def test_tiling_is_for_all_that_the_vae_does(make: Make, models: Models) -> None:
    want = decode_frames(make(TWO_CHUNKS))

    got = decode_frames(make(TWO_CHUNKS, used=replace(models, vae=TiledVae()), vae_tiling="on"))

    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(("cfg", "branches"), [(1.0, 1), (6.0, 2)])
def test_guidance_off_saves_half_of_the_work(cfg: float, branches: int, make: Make, models: Models) -> None:
    with watch_forwards(models.model) as batches:
        make(cfg=cfg, steps=2)

    assert sum(batches) == 2 * branches


@pytest.mark.parametrize("sampler", ["uni_pc", "euler_ancestral", "dpmpp_2m", "heun"])
def test_any_sampler_makes_it_and_goes_on_to_the_same_frames(sampler: str, make: Make) -> None:
    settings = {"sampler": comfy.samplers.sampler_object(sampler), "steps": 3, "cfg": 6.0}
    want = decode_frames(make(TWO_CHUNKS, name="whole", **settings))
    with pytest.raises(Stopped):
        make(TWO_CHUNKS, watcher=Recorder(stops_after_steps=4), **settings)

    watcher = Recorder()
    got = decode_frames(make(TWO_CHUNKS, watcher=watcher, **settings))

    assert watcher.begun == (2, 3, 1)
    assert np.array_equal(got, want)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 50}, "width is 50"),
        ({"height": 4096}, "height is 4096"),
        ({"seed": LARGEST_SEED + 1}, "seed"),
        ({"steps": 0}, "steps is 0"),
        ({"cfg": float("nan")}, "cfg is nan"),
        ({"scheduler": "fast"}, r"scheduler is fast.*simple"),
        ({"chunk_frames": 80}, "chunk_frames is 80"),
        ({"chunk_frames": 69}, "chunk_frames is 69"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_that_make_no_sense_are_refused_before_any_work(
    change: dict[str, Any], words: str, make: Make, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        make(**change)

    assert list(tmp_path.iterdir()) == []


def test_another_video_model_is_refused(make: Make, models: Models, talking_models: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"WAN21.*wan2.2_s2v_14B_fp8_scaled"):
        make(used=replace(models, model=talking_models["diffusion_models"]))


def test_another_vae_is_refused(make: Make, models: Models) -> None:
    other = SimpleNamespace(encode=lambda frames: torch.zeros(1, 48, 1, 4, 4))

    with pytest.raises(ModelError, match=r"\[1, 48, 1, 4, 4\].*wan_2.1_vae"):
        make(used=replace(models, vae=other))


def list_kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "sessions").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("stops_after_steps", "finished"), [(1, 0), (3, 1), (5, 2)], ids=["first chunk", "second chunk", "last chunk"]
)
def test_a_video_that_was_stopped_goes_on_after_its_last_finished_chunk_to_the_same_frames(
    stops_after_steps: int, finished: int, make: Make, models: Models, tmp_path: Path
) -> None:
    want = decode_frames(make(THREE_CHUNKS, name="whole", steps=2))
    with pytest.raises(Stopped):
        make(THREE_CHUNKS, steps=2, watcher=Recorder(stops_after_steps))
    watcher = Recorder()

    with watch_forwards(models.model) as batches:
        got = decode_frames(make(THREE_CHUNKS, steps=2, watcher=watcher))

    assert watcher.begun == (3, 2, finished)
    assert len(batches) == 2 * (3 - finished)
    assert np.array_equal(got, want)
    assert list_kept(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"steps": 2},
        {"portrait": paint(SIDE, SIDE, seed=1)},
        {"speech": Sound(0.5 * speak(TWO_CHUNKS, fps=16).samples, 16000)},
        {"resume": False},
    ],
    ids=["seed", "setting", "picture", "speech", "resume off"],
)
def test_other_inputs_start_afresh(change: dict[str, Any], make: Make) -> None:
    with pytest.raises(Stopped):
        make(TWO_CHUNKS, watcher=Recorder(stops_after_steps=2))
    watcher = Recorder()

    make(TWO_CHUNKS, watcher=watcher, **change)

    assert watcher.begun is not None
    assert watcher.begun[2] == 0


def test_what_is_kept_between_chunks_does_not_grow_with_their_number(make: Make, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        make(6 * 76, watcher=Recorder(stops_after_steps=6))

    kept = list((tmp_path / "sessions").rglob("*.npy"))
    assert len(kept) <= 4
    assert {np.load(path).shape for path in kept} == {(1, 16, 19, SIDE // 8, SIDE // 8)}


def test_values_that_are_no_picture_stop_before_anything_is_written_of_them(make: Make, tmp_path: Path) -> None:
    calls = []

    def sample(*arguments: Any, **options: Any) -> torch.Tensor:
        calls.append(1)
        latents = EULER.sampler_function(*arguments, **options)
        return latents * float("nan") if len(calls) == 2 else latents

    with pytest.raises(VideoError, match=r"Chunk 2 came out.*NaN.*weight_dtype"):
        make(THREE_CHUNKS, sampler=comfy.samplers.KSAMPLER(sample))

    assert [name for name in list_kept(tmp_path) if name.endswith(".mp4")] == ["000000.mp4"]


def test_a_lack_of_memory_is_told_in_words(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out(*_: Any, **__: Any) -> Any:
        raise model_management.OOM_EXCEPTION("CUDA out of memory")

    with pytest.raises(VideoError, match=r"memory ran out.*it goes on.*chunk_frames 73"):
        make(sampler=comfy.samplers.KSAMPLER(run_out))
