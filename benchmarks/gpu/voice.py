"""VibeVoice on a GPU: the same numbers as on the CPU, in every dtype, in little memory, and how fast."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import torch

from ..voice import DIFFUSION_STEPS, GUIDANCE_SCALE, SIZES, build_network
from .measure import count_launches, free_memory, peak_bytes, relative_error, reset_peak_bytes, time_run
from .report import Check, Findings

if TYPE_CHECKING:
    from comfyui_talkingshorts.engines.vibevoice.model import VibeVoice

_COMPARED_FRAMES, _TIMED_FRAMES = 3, 20
_REFERENCE_SAMPLES = 22 * 3200
# Rounding of 24 bits, and of 8 or 11: each frame is made from the one before.
_MOST_IN_FP32, _MOST_IN_HALF, _MOST_IN_FP8 = 1e-2, 0.2, 0.6
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16, "fp8": torch.bfloat16}
_LIMITS_GB = (16, 12, 8)
_TINY = "tiny"


def list_checks(is_tiny: bool) -> list[Check]:
    """Return the checks of the voice, those of most value first."""
    if is_tiny:
        return [
            Check("voice tiny", partial(_check_numbers, size=_TINY), 1),
            Check("voice tiny, speed", partial(_check_speed, size=_TINY), 1),
            Check("voice tiny, 1 GB", partial(_check_partial_load, size=_TINY, limits_gb=(1,)), 1),
        ]
    return [
        Check("voice 1.5B", partial(_check_numbers, size="1.5B"), 50),
        Check("voice 1.5B, speed", partial(_check_speed, size="1.5B"), 30),
        Check("voice 7B, in little memory", partial(_check_partial_load, size="7B", limits_gb=_LIMITS_GB), 80),
        Check("voice 7B, speed", partial(_check_speed, size="7B"), 45),
    ]


@dataclass(frozen=True)
class Spoken:
    """Takes [takes, samples], each of some frames, and the seconds that a frame took, without the first."""

    takes: torch.Tensor
    frame_seconds: float

    def frames(self, count: int) -> torch.Tensor:
        return self.takes[:, : count * 3200]


def _check_numbers(findings: Findings, size: str) -> None:
    """Compare fp32 on the device with the CPU, and the other dtypes with fp32."""
    is_tf32_allowed = torch.backends.cudnn.allow_tf32
    there = _load(size, "fp32")
    torch.backends.cudnn.allow_tf32 = False
    try:
        expected = _speak(there, frames=_COMPARED_FRAMES)
    finally:
        torch.backends.cudnn.allow_tf32 = is_tf32_allowed
    with_tf32 = _speak(there, frames=_COMPARED_FRAMES)
    findings.note(loudness=float(expected.takes.square().mean().sqrt()))
    findings.note(tf32_error=relative_error(with_tf32.takes, expected.takes), is_tf32_allowed=is_tf32_allowed)
    del there
    free_memory()
    for dtype, most in (("bf16", _MOST_IN_HALF), ("fp16", _MOST_IN_HALF), ("fp8", _MOST_IN_FP8)):
        try:
            spoken = _speak(_load(size, dtype), frames=_COMPARED_FRAMES)
        except Exception as error:  # the others may do
            findings.require(f"{dtype}: {type(error).__name__}: {error}", False)
        else:
            errors = [relative_error(spoken.frames(count), expected.frames(count)) for count in (1, _COMPARED_FRAMES)]
            findings.note(**{f"{dtype}_first_frame_error": errors[0], f"{dtype}_error": errors[1]})
            findings.require(f"{dtype} is near fp32", errors[0] < most)
        free_memory()
    here = _speak(_load(size, "fp32", torch.device("cpu")), frames=_COMPARED_FRAMES)
    error = relative_error(expected.takes, here.takes)
    findings.note(cpu_error=error, cpu_frame_ms=1000 * here.frame_seconds)
    findings.require("fp32 is as on the CPU", error < _MOST_IN_FP32)


def _check_speed(findings: Findings, size: str) -> None:
    """Time frames of one take and of four in each dtype, and say the same twice."""
    frames = _COMPARED_FRAMES if size == _TINY else _TIMED_FRAMES
    for dtype in ("bf16", "fp8"):
        vibevoice = _load(size, dtype)
        findings.note(**{f"{dtype}_load_seconds": time_run(vibevoice.move_to_device)})
        findings.note(**{f"{dtype}_model_gb": vibevoice.patcher.model_size() / 1e9})
        _speak(vibevoice, frames=2)
        for takes in (1, 4):
            reset_peak_bytes()
            first = _speak(vibevoice, takes, frames)
            name = f"{dtype}_{takes}_takes"
            findings.note(**{f"{name}_frame_ms": 1000 * first.frame_seconds, f"{name}_peak_gb": peak_bytes() / 1e9})
            again = _speak(vibevoice, takes, frames)
            findings.require(f"{name}: the same twice", torch.equal(first.takes, again.takes))
        findings.note(**{f"{dtype}_frame_launches": _count_frame_launches(vibevoice)})
        del vibevoice
        free_memory()


def _count_frame_launches(vibevoice: VibeVoice) -> int:
    """Return how many kernels one frame runs: what three take more than two."""
    two, three = (count_launches(partial(_speak, vibevoice, frames=frames)) for frames in (2, 3))
    return three - two


def _check_partial_load(findings: Findings, size: str, limits_gb: tuple[float, ...]) -> None:
    """Encode a voice, and say one take and four, where only a part of the model fits: as where all of it does."""
    whole = _load(size, "bf16")
    expected = {takes: _speak(whole, takes, _COMPARED_FRAMES) for takes in (1, 4)}
    findings.note(model_gb=whole.patcher.model_size() / 1e9)
    del whole
    for limit_gb in limits_gb:
        # As it was loaded first: what an earlier limit left on the device would help.
        free_memory()
        vibevoice = _load(size, "bf16")
        with _limit_memory(limit_gb):
            for takes in (1, 4):
                name = f"{limit_gb}_gb_{takes}_takes"
                try:
                    spoken = _speak(vibevoice, takes, _COMPARED_FRAMES)
                except Exception as error:  # another limit or number may do
                    findings.require(f"{name}: {type(error).__name__}: {error}", False)
                    continue
                streamed_bytes = vibevoice.patcher.model_size() - _loaded_bytes(vibevoice)
                error = relative_error(spoken.takes, expected[takes].takes)
                findings.note(
                    **{
                        f"{name}_error": error,
                        f"{name}_frame_ms": 1000 * spoken.frame_seconds,
                        f"{name}_streamed_gb": streamed_bytes / 1e9,
                        f"{name}_gb_a_second": streamed_bytes / 1e9 / spoken.frame_seconds,
                        f"{name}_peak_gb": peak_bytes() / 1e9,
                    }
                )
                findings.require(f"{name}: as with all of the model", error < _MOST_IN_HALF)
        del vibevoice


def _loaded_bytes(vibevoice: VibeVoice) -> int:
    device = vibevoice.patcher.load_device
    tensors = [*vibevoice.model.parameters(), *vibevoice.model.buffers()]
    return sum(tensor.nbytes for tensor in tensors if tensor.device.type == device.type)


@contextlib.contextmanager
def _limit_memory(limit_gb: float) -> Iterator[None]:
    """Let ComfyUI and PyTorch have so much of the GPU, where there is one, and no more."""
    if not torch.cuda.is_available():
        yield
        return
    import comfy.model_management

    limit_bytes = int(limit_gb * 2**30)
    tell_truth = comfy.model_management.get_free_memory

    def tell_limited(device: Any = None, torch_free_too: bool = False) -> Any:
        if device is not None and torch.device(device).type == "cpu":
            return tell_truth(device, torch_free_too)
        free_bytes = max(limit_bytes - torch.cuda.memory_allocated(), 0)
        cached_bytes = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return (free_bytes, cached_bytes) if torch_free_too else free_bytes

    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    torch.cuda.set_per_process_memory_fraction(limit_bytes / torch.cuda.mem_get_info()[1])
    try:
        with patch.object(comfy.model_management, "get_free_memory", tell_limited):
            yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def _load(size: str, dtype: str, device: torch.device | None = None) -> VibeVoice:
    """Return a VibeVoice with random weights, the same for each dtype, that never stops speaking: in RAM."""
    import comfy.model_management
    from comfyui_talkingshorts.engines.vibevoice.model import assemble
    from comfyui_talkingshorts.engines.vibevoice.tokenizer import load_tokenizer

    device = device or comfy.model_management.get_torch_device()
    with tempfile.TemporaryDirectory() as folder:
        network = _load_tiny(Path(folder)) if size == _TINY else _build(size)
        tokenizer = load_tokenizer(Path(folder))
        for tensor in (
            *network.parameters(),
            network.model.latent_scaling_factor,
            network.model.latent_bias_factor,
        ):
            tensor.data = tensor.data.to(_DTYPES[dtype])
        with patch.object(comfy.model_management, "get_torch_device", lambda: device):
            return assemble(network.to("cpu"), tokenizer, size, _DTYPES[dtype], dtype == "fp8")


def _build(size: str) -> Any:
    import comfy.model_management

    return build_network(SIZES[size], comfy.model_management.get_torch_device(), torch.float32)


def _load_tiny(folder: Path) -> Any:
    from comfyui_talkingshorts.engines.vibevoice.checkpoint import load_network
    from support.tiny.vibevoice import write_tiny_vibevoice

    return load_network(write_tiny_vibevoice(folder, stops_after_frames=None), torch.float32)


def _speak(vibevoice: VibeVoice, takes: int = 1, frames: int = _COMPARED_FRAMES) -> Spoken:
    """Say the first frames of a script in a voice made of noise: all of it as the engine does it."""
    from comfyui_talkingshorts.core.script.prepared import PreparedLine, PreparedScript
    from comfyui_talkingshorts.engines.vibevoice import takes as engine
    from comfyui_talkingshorts.engines.vibevoice.voices import encode_voice_once

    noise = 0.1 * np.random.default_rng(1).standard_normal(_REFERENCE_SAMPLES).astype(np.float32)
    vibevoice.encoded_voices.clear()
    voice = encode_voice_once(vibevoice, noise)
    script = PreparedScript.from_lines([PreparedLine(0, "Hello there, and this is how it sounds.", "en")], "en")
    times: list[float] = []
    with (
        patch.object(engine, "limit_frames", lambda *_: frames),
        patch.object(engine, "trim_edges", lambda samples, *_: samples),
    ):
        said = engine.read_takes(
            vibevoice,
            [voice],
            script,
            range(takes),
            GUIDANCE_SCALE,
            DIFFUSION_STEPS,
            lambda: times.append(time.perf_counter()),
        )
    return Spoken(
        torch.stack([torch.from_numpy(take.samples) for take in said]), (times[-1] - times[0]) / (len(times) - 1)
    )
