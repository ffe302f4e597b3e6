"""The shapes of a real video flow through the models of full size, and through the engines around them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comfy.samplers
import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.infinitetalk.flow_schedule import plan_sigmas
from comfyui_talkingshorts.core.infinitetalk.windows import MOTION_FRAMES, WINDOW_FRAMES, plan_windows
from comfyui_talkingshorts.core.wan_s2v.windows import S2V_MOTION_LATENTS, plan_s2v_windows
from comfyui_talkingshorts.engines.infinitetalk.guider import Guidance
from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingModels, TalkingSampler, TalkingSampling
from comfyui_talkingshorts.engines.wan_s2v.sampling import S2VModels, S2VSampler, S2VSampling
from support.tiny.meta_models import OneForward, load, on_meta
from support.tiny.real_layouts import CLIP_VISION, I2V_HIGH, INFINITETALK, S2V, T2V, TALKING_I2V, VAE

ENGINES = "comfyui_talkingshorts.engines"
WIDTH, HEIGHT = 480, 832
BLOCKS_WIDTH = 512
"""What Wan S2V samples for WIDTH: whole blocks of 64 pixels."""
FRAMES = 200
"""Of a short of 8 s."""


@pytest.fixture(autouse=True)
def _on_meta(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comfy.samplers, "sampler_object", lambda name: OneForward())
    # What the engine decodes, it reads on the CPU.
    monkeypatch.setattr(
        f"{ENGINES}.infinitetalk.sampling.decode_latents", lambda vae, latents, tiling: vae.decode(latents)[0]
    )
    with on_meta(), torch.inference_mode():
        yield


def conditioning(**values: Any) -> list[Any]:
    """Return a prompt of 512 tokens of UMT5."""
    return [[torch.empty(1, 512, 4096, device="meta"), values]]


def list_forwards(monkeypatch: pytest.MonkeyPatch, network: torch.nn.Module) -> list[tuple[int, ...]]:
    """Return the list in which the shape of what enters each of the network's forwards will stand."""
    shapes: list[tuple[int, ...]] = []
    forward = network.forward

    def watch(x: torch.Tensor, *arguments: Any, **options: Any) -> Any:
        shapes.append((*x.shape,))
        return forward(x, *arguments, **options)

    monkeypatch.setattr(network, "forward", watch)
    return shapes


def test_windows_of_a_talking_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "features.npy", np.zeros((FRAMES, 12, 768), np.float32))
    model = load("diffusion_models", TALKING_I2V).value
    patch = load("model_patches", INFINITETALK).value
    forwards = list_forwards(monkeypatch, model.model.diffusion_model)
    hearings = list_forwards(monkeypatch, patch.model.blocks[-1].audio_cross_attn)
    windows = plan_windows(FRAMES, WINDOW_FRAMES, MOTION_FRAMES)
    sampler = TalkingSampler(
        TalkingModels(model, patch, load("vae", VAE).value, load("clip_vision", CLIP_VISION).value, None),
        (conditioning(), conditioning()),
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        tmp_path / "features.npy",
        windows,
        TalkingSampling(
            sigmas=torch.from_numpy(plan_sigmas(4, 7.0)),
            guidance=Guidance(text_scale=5.0, audio_scale=4.0, end=1.0, batch="batched", is_projected=True),
            seed=1,
            window_frames=WINDOW_FRAMES,
            colour_strength=0.0,
            vae_tiling="auto",
        ),
    )
    motion = None
    for index in range(2):
        sampled = sampler.sample(index, motion, lambda: None)
        motion = sampled.motion

        assert motion is not None
        assert motion.shape == (MOTION_FRAMES, HEIGHT, WIDTH, 3)
        assert sampled.kept.shape == (windows[index].kept_frames, HEIGHT, WIDTH, 3)
        assert sampled.latents.shape == (1, 16, 21, HEIGHT // 8, WIDTH // 8)
    # Three branches at once, of 16 channels of latents, 4 of the mask and 16 of the portrait.
    assert forwards == [(3, 36, 21, HEIGHT // 8, WIDTH // 8)] * 2
    # Up to the last block, with a token for 16 x 16 pixels of each latent.
    assert hearings == [(3, 21 * (HEIGHT // 16) * (WIDTH // 16), 5120)] * 2


def test_windows_of_a_speech_video(monkeypatch: pytest.MonkeyPatch) -> None:
    class SilentEncoder:
        def encode(self, first_frame: int, frames: int) -> torch.Tensor:
            return torch.zeros(1, 25, 1024, frames)

    def decode(vae: Any, latents: torch.Tensor, tiling: str) -> torch.Tensor:
        """Return frames as the VAE does, of which the talking video's windows show that it copes."""
        _, _, length, rows, columns = latents.shape
        return torch.empty(4 * length - 3, 8 * rows, 8 * columns, 3, device="meta")

    monkeypatch.setattr(f"{ENGINES}.wan_s2v.sampling.decode_latents", decode)
    model = load("diffusion_models", S2V).value
    forwards = list_forwards(monkeypatch, model.model.diffusion_model)
    windows = plan_s2v_windows(128 + 80)
    sampler = S2VSampler(
        S2VModels(model, load("vae", VAE).value, None),
        (conditioning(), conditioning()),
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        SilentEncoder(),  # pyright: ignore[reportArgumentType]
        windows,
        S2VSampling(20, 6.0, OneForward(), "simple", seed=1, vae_tiling="auto"),
    )
    motion = None
    for index in range(2):
        sampled = sampler.sample(index, motion, lambda: None)
        motion = sampled.motion

        assert motion is not None
        assert motion.shape == (1, 16, S2V_MOTION_LATENTS, HEIGHT // 8, BLOCKS_WIDTH // 8)
        assert sampled.kept.shape == (windows[index].frames - windows[index].dropped_frames, HEIGHT, WIDTH, 3)
    # Prompt and negative prompt at once.
    assert forwards == [(2, 16, 20, HEIGHT // 8, BLOCKS_WIDTH // 8)] * 2


@pytest.mark.parametrize(
    ("name", "frames", "width", "height"), [(T2V, 1, 1024, 576), (I2V_HIGH, 121, 1280, 720)], ids=["portrait", "clip"]
)
def test_pictures_by_comfyuis_own_guider(name: str, frames: int, width: int, height: int) -> None:
    shape = (1, 16, (frames - 1) // 4 + 1, height // 8, width // 8)
    mask_shape = (1, 1, *shape[2:])
    image = {"concat_latent_image": torch.empty(shape, device="meta"), "concat_mask": torch.ones(mask_shape)}
    prompt = conditioning(**({} if name == T2V else image))
    guider = comfy.samplers.CFGGuider(load("diffusion_models", name).value)
    guider.set_conds(prompt, prompt)
    guider.set_cfg(3.5)
    empty = torch.zeros(shape, device="meta")

    latents = guider.sample(empty, empty, OneForward(), torch.tensor([1.0, 0.0]), disable_pbar=True, seed=1)

    assert latents.shape == shape
