"""Each engine of long videos, with models and settings so small that a test can make whole videos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import comfy.samplers
import numpy as np
import torch
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.infinitetalk.talking_video import TalkingSettings, make_talking_video
from comfyui_talkingshorts.engines.long_video.inputs import LongVideoSettings, Subject, Workplace
from comfyui_talkingshorts.engines.long_video.loop import Watcher
from comfyui_talkingshorts.engines.wan_s2v.sampling import S2VModels
from comfyui_talkingshorts.engines.wan_s2v.speech_video import SpeechVideoSettings, make_speech_video

from .talking_models import encode_prompt, take_talking_models
from .talks import Recorder, decode_frames, paint, speak

Settings = Any
Make = Callable[[Any, Subject, Settings, Workplace, Watcher], int]


@dataclass(frozen=True)
class TinyVideos:
    """Makes videos with one engine in `folder`: a window of `window_frames`, and more of as many as `added_frames`.

    `make` is the engine's function, after its `models`; `node` the class whose graph it is.
    """

    folder: Path
    make: Make
    models: Any
    prompt: list[Any]
    settings: LongVideoSettings
    node: str
    fps: int
    height: int
    width: int
    window_frames: int
    added_frames: int

    def __call__(
        self,
        frames: int = 5,
        speech: Sound | None = None,
        portrait: np.ndarray | None = None,
        watcher: Recorder | None = None,
        models: Any = None,
        name: str = "video",
        **settings: Any,
    ) -> Path:
        """Make a video, of a speech of `frames` frames unless told otherwise, and return its path."""
        path = self.folder / f"{name}.mp4"
        picture = self.paint() if portrait is None else portrait
        subject = Subject(picture, speech or self.speak(frames), self.prompt, self.prompt)
        workplace = Workplace({"7": {"class_type": self.node, "inputs": {}}}, "7", self.sessions, path)
        wanted = replace(self.settings, **settings)
        count = self.make(models or self.models, subject, wanted, workplace, watcher or Recorder())
        assert count == len(decode_frames(path))
        return path

    @property
    def sessions(self) -> Path:
        return self.folder / "sessions"

    @property
    def network(self) -> Any:
        """The video model's network."""
        return self.models.model.model.diffusion_model

    def count_frames(self, windows: int) -> int:
        """Return the length of the shortest video of so many windows."""
        return 1 if windows == 1 else self.window_frames + (windows - 2) * self.added_frames + 1

    def speak(self, frames: int) -> Sound:
        """Return a speech of so many frames."""
        return speak(frames, fps=self.fps)

    def paint(self, seed: int = 0) -> np.ndarray:
        """Return a portrait of the video's size."""
        return paint(self.height, self.width, seed=seed)

    def list_kept(self) -> list[str]:
        """Return the names of all files in the sessions' folder."""
        return sorted(path.name for path in self.sessions.rglob("*") if path.is_file())


def make_talking_videos(models: dict[str, Any], folder: Path) -> TinyVideos:
    """Return InfiniteTalk, with windows of 9 frames that take over 5; `models` are those of load_models."""
    return TinyVideos(
        folder=folder,
        make=make_talking_video,
        models=take_talking_models(models),
        prompt=encode_prompt(models["text_encoders"], "a woman talks"),
        settings=TalkingSettings(
            size_mode="custom",
            width=48,
            height=32,
            steps=1,
            schedule="official",
            shift=0.0,
            text_scale=1.0,
            audio_scale=1.0,
            seed=1,
            window_frames=9,
            motion_frames=5,
        ),
        node="TalkingShortsTalkingVideo",
        fps=25,
        height=32,
        width=48,
        window_frames=9,
        added_frames=4,
    )


def make_speech_videos(models: dict[str, Any], folder: Path) -> TinyVideos:
    """Return Wan S2V, with the shortest windows that it can do with, of 73 frames and 76, and a quick VAE.

    Its encoder of speech is the real one, unless QuickSpeechEncoder takes the place of speech_video.SpeechEncoder.
    """
    euler = comfy.samplers.sampler_object("euler")
    return TinyVideos(
        folder=folder,
        make=lambda models, *arguments: make_speech_video(models, euler, *arguments),
        models=S2VModels(models["diffusion_models"], QuickVae(), models["audio_encoders"]),
        prompt=encode_prompt(models["text_encoders"], "a woman talks"),
        settings=SpeechVideoSettings(
            width=64, height=64, steps=1, cfg=1.0, scheduler="simple", seed=1, chunk_frames=73
        ),
        node="TalkingShortsSpeechToVideo",
        fps=16,
        height=64,
        width=64,
        window_frames=73,
        added_frames=76,
    )


class QuickVae:
    """Stands for Wan's VAE: shrinks and enlarges, with every fourth frame as a latent. What it decodes is 4n+1 long."""

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        small = frames[::4, 4::8, 4::8]
        return (small.movedim(-1, 0)[None] - 0.5).repeat_interleave(6, dim=1)[:, :16]

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        colours = (latents[0, [0, 6, 12]] / 6 + 0.5).clamp(0, 1).movedim(0, -1)
        large = colours.repeat_interleave(8, 1).repeat_interleave(8, 2)
        return large.repeat_interleave(4, 0)[None, 3:]


class QuickSpeechEncoder:
    """Stands for wav2vec2 large: of each frame it knows the loudness."""

    def __init__(self, audio_encoder: Any, speech: np.ndarray) -> None:
        self.loudness = torch.from_numpy(speech).unflatten(0, (-1, 1000)).abs().mean(-1)

    def encode(self, first_frame: int, frames: int) -> torch.Tensor:
        features = torch.zeros(frames)
        loudness = self.loudness[first_frame : first_frame + frames]
        features[: len(loudness)] = loudness
        return torch.linspace(-1, 1, 25 * 1024).reshape(1, 25, 1024, 1) * features
