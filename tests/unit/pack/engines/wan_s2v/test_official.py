"""A speech video is what Wan S2V's official loop makes, written out plainly here around ComfyUI's own nodes.

The loop is Wan-Video/Wan2.2, wan/speech2video.py, on a sound with three frames of silence in front.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import comfy.samplers
import numpy as np
import pytest
import torch
from comfy_extras.nodes_audio_encoder import AudioEncoderEncode
from comfy_extras.nodes_custom_sampler import BasicScheduler, KSamplerSelect, SamplerCustom
from comfy_extras.nodes_wan import wan_sound_to_video
from comfyui_talkingshorts.core.long_video.size import Size
from comfyui_talkingshorts.core.wan_s2v.windows import plan_s2v_windows
from comfyui_talkingshorts.engines.long_video.loop import sample_windows
from comfyui_talkingshorts.engines.wan_s2v.sampling import S2VModels, S2VSampler, S2VSampling
from comfyui_talkingshorts.engines.wan_s2v.speech_features import SpeechEncoder, normalize_speech
from support.tiny.talking_models import encode_prompt
from support.tiny.talks import KeptFrames, Recorder, paint, speak

SIDE, FRAMES, INFER_FRAMES, MOTION_FRAMES, MOTION_LATENTS = 64, 82, 80, 73, 19
STEPS, CFG, SEED = 2, 6.0, 7
PICTURE, SPEECH = paint(SIDE, SIDE), speak(FRAMES, fps=16)


class OfficialLoop:
    def __init__(self, speech_models: dict[str, Any]) -> None:
        self.models = SimpleNamespace(**speech_models)
        self.portrait = torch.from_numpy(PICTURE).float()[None] / 255
        encoder = self.models.text_encoders
        self.prompt, self.negative = (encode_prompt(encoder, text) for text in ("a woman talks", "blurry"))
        waveform = torch.from_numpy(np.pad(SPEECH.samples, ((0, 0), (3000, 0))))[None]
        audio = {"waveform": waveform, "sample_rate": 16000}
        self.heard = AudioEncoderEncode.execute(self.models.audio_encoders, audio)[0]
        self.reference = self.models.vae.encode(self.portrait)

    def denoise(self, index: int, motion: torch.Tensor | None) -> torch.Tensor:
        positive, negative, latent, _ = wan_sound_to_video(
            self.prompt,
            self.negative,
            self.models.vae,
            SIDE,
            SIDE,
            INFER_FRAMES - 3,
            1,
            frame_offset=index * INFER_FRAMES,
            ref_image=self.portrait,
            audio_encoder_output=self.heard,
            ref_motion=motion,
        )
        model = self.models.diffusion_models
        sigmas, sampler = BasicScheduler.execute(model, "simple", STEPS, 1.0)[0], KSamplerSelect.execute("euler")[0]
        return SamplerCustom.execute(model, True, SEED + index, CFG, positive, negative, sampler, sigmas, latent)[0][
            "samples"
        ]

    @torch.inference_mode()
    def run(self) -> Iterator[torch.Tensor]:
        """Yield the frames, window by window, that the official code makes."""
        last_frames = torch.full((MOTION_FRAMES, SIDE, SIDE, 3), 0.5)
        for index in range(2):
            is_first = index == 0
            latents = self.denoise(index, None if is_first else last_frames)
            front = self.reference if is_first else self.models.vae.encode(last_frames)
            frames = self.models.vae.decode(torch.cat([front, latents], dim=2))[0][-INFER_FRAMES:]
            frames = frames[3:] if is_first else frames
            last_frames = torch.cat([last_frames, frames])[-MOTION_FRAMES:]
            yield frames


@pytest.fixture
def official_audio_alignment(speech_models: dict[str, Any]) -> Iterator[None]:
    """Let ComfyUI's model encode a window's sound as the official one does: after that of the motion frames."""
    encoder = speech_models["diffusion_models"].model.diffusion_model.casual_audio_encoder
    hooks = [
        encoder.register_forward_pre_hook(
            lambda _, sound: torch.cat([sound[0][..., :1].repeat(1, 1, 1, MOTION_FRAMES), sound[0]], dim=-1)
        ),
        encoder.register_forward_hook(lambda _, sound, tokens: tuple(part[:, MOTION_LATENTS:] for part in tokens)),
    ]
    yield
    for hook in hooks:
        hook.remove()


def test_a_video_is_what_the_official_loop_makes(speech_models: dict[str, Any], request: pytest.FixtureRequest) -> None:
    encoder = speech_models["text_encoders"]
    windows = plan_s2v_windows(FRAMES)
    sampler = S2VSampler(
        S2VModels(*(speech_models[kind] for kind in ("diffusion_models", "vae", "audio_encoders"))),
        (encode_prompt(encoder, "a woman talks"), encode_prompt(encoder, "blurry")),
        PICTURE,
        SpeechEncoder(speech_models["audio_encoders"], normalize_speech(SPEECH)),
        windows,
        S2VSampling(STEPS, CFG, comfy.samplers.sampler_object("euler"), "simple", SEED, "auto"),
    )
    kept: Any = KeptFrames()

    sample_windows(sampler, Size(*PICTURE.shape[:2]), len(windows), kept, Recorder())
    request.getfixturevalue("official_audio_alignment")
    official = [frames.numpy() for frames in OfficialLoop(speech_models).run()]

    assert [len(frames) for frames in kept.frames] == [77, 5]
    assert [len(frames) for frames in official] == [77, 80]
    for got, want in zip(kept.frames, official, strict=True):
        assert 20 * np.log10(1 / np.sqrt(np.mean((got - want[: len(got)]) ** 2))) > 70
