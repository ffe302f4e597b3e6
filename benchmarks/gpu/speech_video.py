"""The speech video on a GPU: a step of Wan S2V with products in fp8, as its file asks for them, and with exact ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from .measure import peak_bytes, relative_error, reset_peak_bytes, time_run, watch_forwards
from .random_models import REAL, TINY, Scale, load_network, load_vae, make_prompts
from .report import Check, Findings

_MOST_BY_FP8 = 0.3


def list_checks(is_tiny: bool) -> list[Check]:
    """Return the checks of the speech video."""
    check = partial(_check_tiny_step, scale=TINY) if is_tiny else partial(_check_step, scale=REAL)
    return [Check("speech video step", check, 0 if is_tiny else 40)]


def _check_tiny_step(findings: Findings, scale: Scale) -> None:
    """Check as on a GPU, on a CPU that ComfyUI takes for something that multiplies in fp8.

    There each product is one of numbers that were rounded to fp8: as exact, and slow.
    """
    import comfy.model_management

    complaints = logging.getLogger("comfy_kitchen.tensor.fp8")
    level = complaints.level
    complaints.setLevel(logging.ERROR)
    try:
        with patch.object(comfy.model_management, "supports_fp8_compute", lambda *_, **__: True):
            _check_step(findings, scale)
    finally:
        complaints.setLevel(level)


def _check_step(findings: Findings, scale: Scale) -> None:
    """Make the first window of a video in one step of one branch, in fp8 and in full."""
    from support.tiny.real_layouts import S2V

    networks: list[Any] = []
    findings.note(make_models_seconds=time_run(lambda: networks.append(load_network(f"diffusion_models/{S2V}", scale))))
    model, vae = networks.pop(), load_vae(scale)
    findings.note(model_gb=model.model_size() / 1e9, quantized_layers=len(list(_list_quantized(model))))
    results = {}
    for name, is_exact in (("fp8", False), ("exact", True)):
        for layer in _list_quantized(model):
            layer._full_precision_mm = is_exact
        # Twice, since the first time loads the weights and chooses kernels.
        with watch_forwards(model.model.diffusion_model) as watch:
            frames = [_sample(model, vae, scale) for _ in range(2)][-1]
        results[name] = watch.results[-1]
        findings.note(
            **{
                f"{name}_seconds": [round(second, 3) for second in watch.seconds],
                f"{name}_launches": watch.launches,
                f"{name}_peak_gb": max(watch.peaks) / 1e9,
            }
        )
        findings.require(f"{name}: numbers", bool(results[name].isfinite().all() and frames.isfinite().all()))
    error = relative_error(results["fp8"], results["exact"])
    cosine = torch.nn.functional.cosine_similarity(*(result.float().flatten() for result in results.values()), dim=0)
    findings.note(fp8_error=error, fp8_cosine=float(cosine))
    findings.require("fp8 is near what is exact", error < _MOST_BY_FP8)
    reset_peak_bytes()
    latents = torch.randn(1, 16, 20, scale.height // 8, scale.width // 8)
    findings.note(decode_seconds=time_run(lambda: vae.decode(latents)), decode_peak_gb=peak_bytes() / 1e9)


def _sample(model: Any, vae: Any, scale: Scale) -> torch.Tensor:
    """Return the frames of a video's only window, of noise in place of what is heard."""
    import comfy.samplers
    from comfyui_talkingshorts.core.wan_s2v.windows import plan_s2v_windows
    from comfyui_talkingshorts.engines.wan_s2v.sampling import S2VModels, S2VSampler, S2VSampling

    picture = np.random.default_rng(1).integers(0, 256, (scale.height, scale.width, 3), np.uint8)
    windows = plan_s2v_windows(73, 73)
    heard: Any = SimpleNamespace(encode=lambda _, frames: torch.randn(1, 25, 1024, frames))
    sampling = S2VSampling(1, 1.0, comfy.samplers.sampler_object("euler"), "simple", 1, "auto")
    torch.manual_seed(1)
    sampler = S2VSampler(S2VModels(model, vae, None), make_prompts(scale), picture, heard, windows, sampling)
    return sampler.sample(0, None, lambda: None).kept


def _list_quantized(model: Any) -> Iterator[Any]:
    for layer in model.model.diffusion_model.modules():
        if getattr(layer, "layout_type", None) is not None:
            yield layer
