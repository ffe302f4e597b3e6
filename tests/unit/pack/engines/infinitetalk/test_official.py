"""A talking video is what InfiniteTalk's official loop makes, written out plainly here around ComfyUI's own classes.

One forward at a time, no guider, no sampler, no batching: MeiGen-AI/InfiniteTalk, wan/multitalk.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from comfy import model_management
from comfy.ldm.wan.model_multitalk import MultiTalkCrossAttnPatch, project_audio_features
from comfyui_talkingshorts.core.infinitetalk.flow_schedule import plan_sigmas
from comfyui_talkingshorts.core.infinitetalk.windows import plan_windows
from comfyui_talkingshorts.core.long_video.size import Size
from comfyui_talkingshorts.engines.infinitetalk.colour import ColourMatch
from comfyui_talkingshorts.engines.infinitetalk.guider import Guidance
from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingSampler, TalkingSampling
from comfyui_talkingshorts.engines.long_video.loop import sample_windows
from support.tiny.talking_models import encode_prompt, take_talking_models
from support.tiny.talks import HEIGHT, WIDTH, KeptFrames, Recorder, paint

FRAMES, WINDOW, MOTION, SEED = 15, 9, 5, 7
TEXT_SCALE, AUDIO_SCALE = 5.0, 4.0
SIGMAS = plan_sigmas(3, 7.0)
# Wide, so that a square cut out of it shows something else than all of it.
PICTURE = paint(HEIGHT, 2 * WIDTH)


class OfficialLoop:
    """The loop, with what the models see and hear as they take it."""

    def __init__(self, talking_models: dict[str, Any], features: np.ndarray) -> None:
        self.models = SimpleNamespace(**talking_models)
        self.network = self.models.diffusion_models.model
        model_management.load_models_gpu([self.models.diffusion_models, self.models.model_patches])
        self.features = torch.from_numpy(features)
        self.portrait = torch.from_numpy(PICTURE).float() / 255
        seen = self.models.clip_vision.encode_image(self.portrait[None], crop=False)
        self.seen = seen.penultimate_hidden_states
        grey = torch.full((WINDOW - 1, *self.portrait.shape), 0.5)
        self.image = self.encode(torch.cat([self.portrait[None], grey]))
        mask = torch.zeros(1, 4, *self.image.shape[2:])
        mask[:, :, 0] = 1
        self.known = torch.cat([mask, self.image], dim=1)
        encoder = self.models.text_encoders
        self.prompt, self.negative = (encode_prompt(encoder, text)[0][0] for text in ("a woman talks", "blurry"))

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        return self.network.process_latent_in(self.models.vae.encode(frames))

    def hear(self, start: int, features: torch.Tensor) -> torch.Tensor:
        """Return the window's audio tokens. Past the end the last features follow once more, backwards."""
        end = start + WINDOW
        if end > len(features):
            features = torch.cat([features, features[-(end - len(features) + 3) :].flip(0)])
        return project_audio_features(self.models.model_patches.model.audio_proj, [features], start, end)

    def predict(self, x: torch.Tensor, sigma: float, text: torch.Tensor, audio: torch.Tensor) -> torch.Tensor:
        """Return the velocity."""
        patches = {"attn2_patch": [MultiTalkCrossAttnPatch(self.models.model_patches)]}
        clean = self.network.apply_model(
            x,
            torch.tensor([sigma]),
            c_concat=self.known,
            c_crossattn=text,
            clip_fea=self.seen,
            transformer_options={"patches": patches, "audio_embeds": audio},
        )
        return (x - clean) / sigma

    def sample(self, index: int, start: int, motion: torch.Tensor | None) -> torch.Tensor:
        """Return the window's frames before their colours are matched."""
        pinned = self.image[:, :, :1] if motion is None else self.encode(motion)
        length = pinned.shape[2]
        speech, silence = self.hear(start, self.features), self.hear(start, self.features * 0)
        x = torch.randn(self.image.shape, generator=torch.Generator().manual_seed(SEED + index))
        for sigma, next_sigma in pairwise(SIGMAS.tolist()):
            x[:, :, :length] = pinned
            told = self.predict(x, sigma, self.prompt, speech)
            heard = self.predict(x, sigma, self.negative, speech)
            alone = self.predict(x, sigma, self.negative, silence)
            x = x + (next_sigma - sigma) * (alone + TEXT_SCALE * (told - heard) + AUDIO_SCALE * (heard - alone))
        x[:, :, :length] = pinned
        return self.models.vae.decode(self.network.process_latent_out(x))[0]

    @torch.inference_mode()
    def run(self) -> Iterator[torch.Tensor]:
        """Yield the frames of the video, window by window."""
        colour = ColourMatch(self.portrait, 1.0, torch.device("cpu"))
        motion, start, made = None, 0, 0
        for index in range(FRAMES):
            frames = self.sample(index, start, motion)
            colour.correct(frames)
            new = frames[MOTION if index else 0 :][: FRAMES - made]
            yield new
            made += len(new)
            if made == FRAMES:
                return
            motion, start = frames[-MOTION:].clone(), start + WINDOW - MOTION


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((FRAMES, 12, 768)).astype(np.float32)


def test_a_video_is_what_the_official_loop_makes(
    talking_models: dict[str, Any], features: np.ndarray, tmp_path: Path
) -> None:
    np.save(tmp_path / "features.npy", features)
    encoder = talking_models["text_encoders"]
    windows = plan_windows(FRAMES, WINDOW, MOTION)
    guidance = Guidance(TEXT_SCALE, AUDIO_SCALE, 1.0, "auto", False)
    sampler = TalkingSampler(
        take_talking_models(talking_models),
        (encode_prompt(encoder, "a woman talks"), encode_prompt(encoder, "blurry")),
        PICTURE,
        tmp_path / "features.npy",
        windows,
        TalkingSampling(torch.from_numpy(SIGMAS), guidance, SEED, WINDOW, 1.0, "auto"),
    )
    kept: Any = KeptFrames()

    sample_windows(sampler, Size(*PICTURE.shape[:2]), len(windows), kept, Recorder())
    official = [frames.numpy() for frames in OfficialLoop(talking_models, features).run()]

    assert [len(frames) for frames in kept.frames] == [len(frames) for frames in official] == [9, 4, 2]
    for got, want in zip(kept.frames, official, strict=True):
        assert 20 * np.log10(1 / np.sqrt(np.mean((got - want) ** 2))) > 70
