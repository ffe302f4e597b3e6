"""The talking video on a GPU, at the real models' shapes: batched or one by one, how fast, in how much memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from .report import Check, Findings, peak_bytes, relative_error, synchronize, time_run

StateDict = dict[str, torch.Tensor]

_BRANCH_TFLOP = 1825  # one branch of 480x832x81, about half of it attention
_MOST_BY_ROUNDING = 0.05
_SMALL = ("modulation", "class_embedding", "position_embedding")


@dataclass(frozen=True)
class Scale:
    """Which models, of how many of their blocks, make how large a window."""

    is_tiny: bool
    blocks: int | None
    width: int
    height: int
    window_frames: int


REAL = Scale(is_tiny=False, blocks=None, width=480, height=832, window_frames=81)
FOUR_BLOCKS = Scale(is_tiny=False, blocks=4, width=256, height=448, window_frames=17)
TINY = Scale(is_tiny=True, blocks=None, width=48, height=32, window_frames=9)


def list_checks(is_tiny: bool) -> list[Check]:
    """Return the checks of the video, those of most value first."""
    scale = TINY if is_tiny else REAL
    return [
        Check("talking window", partial(_check_window, scale=scale), 0 if is_tiny else 90),
        Check("attention", partial(_check_attention, is_tiny=is_tiny), 5),
        Check("depthwise convolution", partial(_check_depthwise, is_tiny=is_tiny), 5),
    ]


@dataclass
class Stopwatch:
    """The seconds of each forward of a network, its branches, and the bytes that it took beside what was there."""

    seconds: list[float] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)


@contextmanager
def watch_forwards(network: torch.nn.Module) -> Iterator[Stopwatch]:
    """Yield what is measured of the network's forwards while the block lasts."""
    watch, forward = Stopwatch(), network.forward

    def measure(x: torch.Tensor, *arguments: Any, **options: Any) -> Any:
        results = []
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        before_bytes = torch.cuda.memory_allocated() if torch.cuda.is_available() else 0
        watch.seconds.append(time_run(lambda: results.append(forward(x, *arguments, **options))))
        watch.branches.append(x.shape[0])
        watch.peaks.append(peak_bytes() - before_bytes)
        return results[0]

    with patch.object(network, "forward", measure):
        yield watch


@dataclass(frozen=True)
class TalkingParts:
    """The models of a talking video with random weights, and a window to make with them."""

    models: Any
    prompts: tuple[list[Any], list[Any]]
    scale: Scale

    def sample(self, batch: str, model: Any = None) -> torch.Tensor:
        """Return the latents of a window after one step: three branches, `batched` or `sequential`."""
        from dataclasses import replace

        from comfyui_talkingshorts.core.infinitetalk.flow_schedule import plan_sigmas
        from comfyui_talkingshorts.core.infinitetalk.windows import plan_windows
        from comfyui_talkingshorts.engines.infinitetalk.guider import Guidance
        from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingSampler, TalkingSampling

        frames = self.scale.window_frames
        guidance = Guidance(text_scale=5.0, audio_scale=4.0, end=1.0, batch=batch, is_projected=False)  # pyright: ignore[reportArgumentType]
        sigmas = torch.from_numpy(plan_sigmas(1, 7.0))
        sampling = TalkingSampling(sigmas, guidance, 1, frames, 0.0, "auto")
        random = np.random.default_rng(1)
        picture = random.integers(0, 256, (self.scale.height, self.scale.width, 3), np.uint8)
        with tempfile.TemporaryDirectory() as folder:
            heard = Path(folder) / "features.npy"
            np.save(heard, random.standard_normal((frames, 12, 768)).astype(np.float32))
            models = replace(self.models, model=model or self.models.model)
            sampler = TalkingSampler(models, self.prompts, picture, heard, plan_windows(frames, frames, 5), sampling)
            return sampler.sample(0, None, lambda: None).latents


def load_talking_parts(scale: Scale) -> TalkingParts:
    """Return the models as ComfyUI's loaders make them of their tensors. What CLIP vision sees is noise."""
    import comfy.sd
    from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingModels

    random = torch.Generator().manual_seed(1)
    width = 64 if scale.is_tiny else 4096
    prompts = [[[torch.randn(1, 512, width, generator=random), {}]] for _ in range(2)]
    seen = SimpleNamespace(penultimate_hidden_states=torch.randn(1, 257, 1280, generator=random))
    read = _read_tiny if scale.is_tiny else partial(_make_tensors, blocks=scale.blocks)
    tensors, metadata = read("diffusion_models")
    model: Any = comfy.sd.load_diffusion_model_state_dict(tensors, metadata=metadata)
    models = TalkingModels(
        model=model,
        model_patch=_load_patch(read("model_patches")[0]),
        vae=comfy.sd.VAE(sd=read("vae")[0]),
        clip_vision=SimpleNamespace(encode_image=lambda *_, **__: seen),
        audio_encoder=None,
    )
    return TalkingParts(models, (prompts[0], prompts[1]), scale)


def _load_patch(tensors: StateDict) -> Any:
    import comfy.utils
    import folder_paths
    from comfy_extras.nodes_model_patch import ModelPatchLoader

    with (
        patch.object(comfy.utils, "load_torch_file", lambda *_, **__: (tensors, None)),
        patch.object(folder_paths, "get_full_path_or_raise", lambda _, name: name),
    ):
        return ModelPatchLoader().load_model_patch("random")[0]


def _read_tiny(kind: str) -> tuple[StateDict, Mapping[str, str] | None]:
    import comfy.utils
    from support.tiny.wan import TALKING_MODELS, write_tiny_talking_models

    name = next(name for name in TALKING_MODELS if name.startswith(kind))
    with tempfile.TemporaryDirectory() as folder:
        write_tiny_talking_models(Path(folder), [name])
        tensors, metadata = comfy.utils.load_torch_file(str(Path(folder) / name), return_metadata=True)
        return {key: tensor.clone() for key, tensor in tensors.items()}, metadata


def _make_tensors(kind: str, blocks: int | None) -> tuple[StateDict, None]:
    """Return random tensors for a real file's names, dtypes and shapes, which keep the level of what passes through."""
    import comfy.memory_management
    import comfy.model_management
    from support.tiny.meta_models import _DTYPES
    from support.tiny.real_layouts import INFINITETALK, REAL_FILES, TALKING_I2V, VAE

    layout = REAL_FILES[
        {"diffusion_models": TALKING_I2V, "model_patches": INFINITETALK, "vae": VAE}[kind]
    ].make_layout()
    random = torch.Generator(comfy.model_management.get_torch_device()).manual_seed(1)
    tensors = {}
    for name, (dtype, shape) in layout.items():
        is_left_out = blocks is not None and kind == "diffusion_models" and _block_of(name) >= blocks
        if not is_left_out:
            tensor = _draw(name, shape, layout, random).to(_DTYPES[dtype])
            tensors[name] = tensor.cpu() if comfy.memory_management.aimdo_enabled else tensor
    return tensors, None


def _block_of(name: str) -> int:
    first, _, rest = name.partition(".")
    return int(rest.partition(".")[0]) if first == "blocks" else -1


def _draw(name: str, shape: tuple[int, ...], layout: Mapping[str, Any], random: torch.Generator) -> torch.Tensor:
    if name.endswith("scale_weight"):
        _, (_, entering) = layout[name.replace("scale_weight", "weight")]
        return torch.full(shape, entering**-0.5)
    if prod(shape) <= 2:
        return torch.ones(shape)
    noise = torch.randn(shape, generator=random, device=random.device)
    if name.endswith("bias"):
        return 0.02 * noise
    if name.endswith("gamma") or (name.endswith("weight") and len(shape) == 1):
        return 1 + 0.1 * noise
    if name.endswith(_SMALL):
        return 0.1 * noise
    # What is in 8 bits is as large as they hold well, and has a scale of its own.
    return noise if layout[name][0] == "F8_E4M3" else noise * prod(shape[1:]) ** -0.5


def _check_window(findings: Findings, scale: Scale) -> None:
    """Make one step of a window with all branches at once and one by one, and time the VAE."""
    results: list[TalkingParts] = []
    findings.note(make_models_seconds=time_run(lambda: results.append(load_talking_parts(scale))))
    parts = results.pop()
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
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        findings.note(**{f"vae_{name}_seconds": time_run(work), f"vae_{name}_peak_gb": peak_bytes() / 1e9})


def _check_attention(findings: Findings, is_tiny: bool) -> None:
    """Time each of PyTorch's attentions on what one block of the video model attends to."""
    shape = (1, 2, 64, 8) if is_tiny else (1, 40, 32760, 128)
    device = "cpu" if is_tiny else "cuda"
    tflop = 4 * prod(shape) * shape[2] / 1e12
    backends = {"math": SDPBackend.MATH} if is_tiny else _FAST_BACKENDS
    for dtype in (torch.float16, torch.bfloat16):
        query, key, value = (torch.randn(shape, device=device, dtype=dtype) for _ in range(3))
        attend = partial(torch.nn.functional.scaled_dot_product_attention, query, key, value)
        for name, backend in {"chosen": None, **backends}.items():
            try:
                seconds = _time_often(partial(_attend_by, backend, attend))
            except RuntimeError as error:  # not every GPU has each
                findings.note(**{f"{dtype}_{name}": str(error).splitlines()[0]})
            else:
                findings.note(
                    **{f"{dtype}_{name}_ms": 1000 * seconds, f"{dtype}_{name}_tflop_a_second": tflop / seconds}
                )


_FAST_BACKENDS = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
}


def _attend_by(backend: SDPBackend | None, attend: Callable[[], torch.Tensor]) -> None:
    if backend is None:
        attend()
        return
    with sdpa_kernel(backend):
        attend()


def _check_depthwise(findings: Findings, is_tiny: bool) -> None:
    """Time the codec's depthwise convolution as a picture in channels-last order, and as a sequence."""
    device = "cpu" if is_tiny else "cuda"
    for channels, length in ((2048, 8), (512, 160), (32, 3200)):
        past = torch.randn(1, length + 6, channels, device=device, dtype=torch.bfloat16)
        weight = torch.randn(channels, 1, 7, device=device, dtype=torch.bfloat16)
        row = past.transpose(1, 2).unsqueeze(2)
        as_picture = partial(torch.nn.functional.conv2d, row, weight.unsqueeze(2), groups=channels)
        as_sequence = partial(torch.nn.functional.conv1d, past.transpose(1, 2), weight, groups=channels)
        size = f"{channels}x{length}"
        findings.note(**{f"{size}_first_ms": 1000 * time_run(as_picture)})
        findings.note(**{f"{size}_conv2d_us": 1e6 * _time_often(as_picture)})
        findings.note(**{f"{size}_conv1d_us": 1e6 * _time_often(as_sequence)})
        error = relative_error(as_picture()[:, :, 0], as_sequence())
        findings.require(f"{size}: the same as a sequence", error < 1e-2)


def _time_often(work: Callable[[], Any], times: int = 5) -> float:
    """Return the seconds of one run of several, after one that doesn't count."""
    work()
    synchronize()
    return time_run(lambda: [work() for _ in range(times)]) / times
