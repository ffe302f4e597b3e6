"""The talking video on a GPU, at the real models' shapes: batched or one by one, in little memory, how fast."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .measure import (
    free_bytes,
    free_memory,
    leave_memory,
    peak_bytes,
    relative_error,
    reset_peak_bytes,
    time_run,
    watch_forwards,
)
from .random_models import REAL, TINY, Prompts, Scale, load_talking_models, make_prompts
from .report import Check, Findings

_BRANCH_TFLOP = 1825  # one branch of 480x832x81, about half of it attention
_MOST_BY_ROUNDING = 0.05
_MOTION_FRAMES = 5
_LIMITS_GB = (24, 12)


def list_checks(is_tiny: bool) -> list[Check]:
    """Return the checks of a window where ComfyUI fits the models into the memory by itself."""
    return [Check("talking window", partial(_check_window, scale=_choose(is_tiny)), 0 if is_tiny else 55)]


def list_dynamic_checks(is_tiny: bool) -> list[Check]:
    """Return the checks that are for ComfyUI's DynamicVRAM, by which weights come from RAM as they are needed."""
    return [
        Check("talking windows, little memory", partial(_check_limits, scale=_choose(is_tiny)), 0 if is_tiny else 70)
    ]


def _choose(is_tiny: bool) -> Scale:
    return TINY if is_tiny else REAL


@dataclass(frozen=True)
class TalkingParts:
    """The models of a talking video with random weights, and windows to make with them."""

    models: Any
    prompts: Prompts
    scale: Scale

    def sample(self, batch: str, model: Any = None) -> torch.Tensor:
        """Return the latents of a window after one step: three branches, `batched` or `sequential`."""
        with self._open_sampler(self.scale.window_frames, (5.0, 4.0), batch, model) as sampler:
            return sampler.sample(0, None, lambda: None).latents

    def sample_windows(self) -> list[torch.Tensor]:
        """Return the latents of two windows, the second going on from the first, after one step of one branch each."""
        frames = 2 * self.scale.window_frames - _MOTION_FRAMES
        with self._open_sampler(frames, (1.0, 1.0), "auto") as sampler:
            first = sampler.sample(0, None, lambda: None)
            return [first.latents, sampler.sample(1, first.motion, lambda: None).latents]

    @contextmanager
    def _open_sampler(self, frames: int, scales: tuple[float, float], batch: str, model: Any = None) -> Iterator[Any]:
        from comfyui_talkingshorts.core.infinitetalk.flow_schedule import plan_sigmas
        from comfyui_talkingshorts.core.infinitetalk.windows import plan_windows
        from comfyui_talkingshorts.engines.infinitetalk.guider import Guidance
        from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingSampler, TalkingSampling

        text_scale, audio_scale = scales
        guidance = Guidance(text_scale, audio_scale, end=1.0, batch=batch, is_projected=False)  # pyright: ignore[reportArgumentType]
        sigmas = torch.from_numpy(plan_sigmas(1, 7.0))
        sampling = TalkingSampling(sigmas, guidance, 1, self.scale.window_frames, 0.0, "auto")
        random = np.random.default_rng(1)
        picture = random.integers(0, 256, (self.scale.height, self.scale.width, 3), np.uint8)
        with tempfile.TemporaryDirectory() as folder:
            heard = Path(folder) / "features.npy"
            np.save(heard, random.standard_normal((frames, 12, 768)).astype(np.float32))
            models = replace(self.models, model=model or self.models.model)
            windows = plan_windows(frames, self.scale.window_frames, _MOTION_FRAMES)
            yield TalkingSampler(models, self.prompts, picture, heard, windows, sampling)


def load_talking_parts(scale: Scale) -> TalkingParts:
    """Return models with random weights, and prompts of noise."""
    return TalkingParts(load_talking_models(scale), make_prompts(scale), scale)


def _load_parts(findings: Findings, scale: Scale) -> TalkingParts:
    results: list[TalkingParts] = []
    findings.note(make_models_seconds=time_run(lambda: results.append(load_talking_parts(scale))))
    return results.pop()


def _check_window(findings: Findings, scale: Scale) -> None:
    """Make one step of a window with all branches at once and one by one, and time the VAE."""
    parts = _load_parts(findings, scale)
    model = parts.models.model.model
    findings.note(
        model_gb=parts.models.model.model_size() / 1e9,
        patch_gb=parts.models.model_patch.model_size() / 1e9,
        computes_in=str(model.manual_cast_dtype or model.get_dtype()),
    )
    latents = {}
    for batch in ("sequential", "batched"):
        with watch_forwards(model.diffusion_model) as watch:
            latents[batch] = parts.sample(batch)
        shape = (watch.branches[-1], *latents[batch].shape[1:])
        seconds = min(watch.seconds)
        findings.note(
            **{
                f"{batch}_branches": watch.branches,
                f"{batch}_seconds": [round(second, 3) for second in watch.seconds],
                f"{batch}_tflop_a_second": _BRANCH_TFLOP * watch.branches[-1] / seconds if scale is REAL else None,
                f"{batch}_launches": watch.launches,
                f"{batch}_peak_gb": max(watch.peaks) / 1e9,
                f"{batch}_estimated_gb": float(model.memory_required(shape)) / 1e9,
            }
        )
        findings.require(f"{batch}: numbers", bool(latents[batch].isfinite().all()))
    error = relative_error(latents["batched"], latents["sequential"])
    findings.note(batched_error=error, latents_rms=float(latents["sequential"].square().mean().sqrt()))
    findings.require("batched is as one by one", error < _MOST_BY_ROUNDING)
    _time_vae(findings, parts.models.vae, latents["sequential"], scale)


def _time_vae(findings: Findings, vae: Any, latents: torch.Tensor, scale: Scale) -> None:
    frames = torch.rand(scale.window_frames, scale.height, scale.width, 3)
    for name, work in (
        ("encode_all", lambda: vae.encode(frames)),
        ("encode_9", lambda: vae.encode(frames[:9])),
        ("decode", lambda: vae.decode(latents)),
    ):
        work()
        reset_peak_bytes()
        findings.note(**{f"vae_{name}_seconds": time_run(work), f"vae_{name}_peak_gb": peak_bytes() / 1e9})


def _check_limits(findings: Findings, scale: Scale) -> None:
    """Make two windows with all of the GPU's memory, and with less of it: the same, and how much slower."""
    import comfy.model_management

    parts = _load_parts(findings, scale)
    expected: list[torch.Tensor] = []
    for limit_gb in (None, *_LIMITS_GB):
        # As they were loaded first: what stayed on the GPU with more memory would help.
        free_memory()
        name = "all" if limit_gb is None else f"{limit_gb}_gb"
        with leave_memory(limit_gb), watch_forwards(parts.models.model.model.diffusion_model) as watch:
            findings.note(**{f"{name}_free_gb": free_bytes() / 1e9})
            before_bytes = reset_peak_bytes()
            seconds = time_run(lambda: expected.extend(parts.sample_windows()))
            findings.note(
                **{
                    f"{name}_seconds": seconds,
                    f"{name}_forward_seconds": [round(second, 3) for second in watch.seconds],
                    f"{name}_resident_gb": parts.models.model.loaded_size() / 1e9,
                    f"{name}_peak_gb": (peak_bytes() - before_bytes) / 1e9,
                    f"{name}_pinned_gb": comfy.model_management.TOTAL_PINNED_MEMORY / 1e9,
                }
            )
        found = expected[-2:]
        errors = [relative_error(*pair) for pair in zip(found, expected[:2], strict=True)]
        findings.note(**{f"{name}_errors": [float(f"{error:.4g}") for error in errors]})
        findings.require(f"{name}: as with all of the memory", max(errors) < _MOST_BY_ROUNDING)
