"""The real networks with random weights, as ComfyUI's loaders make them of their tensors: no model file is needed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch

StateDict = dict[str, torch.Tensor]
Prompts = tuple[list[Any], list[Any]]

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


def load_talking_models(scale: Scale) -> Any:
    """Return the TalkingModels. What CLIP vision sees is noise, and nothing encodes speech."""
    from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingModels
    from support.tiny.real_layouts import INFINITETALK, TALKING_I2V

    seen = SimpleNamespace(penultimate_hidden_states=torch.randn(1, 257, 1280, generator=_seed()))
    return TalkingModels(
        model=load_network(f"diffusion_models/{TALKING_I2V}", scale),
        model_patch=_load_patch(_read(f"model_patches/{INFINITETALK}", scale)[0]),
        vae=load_vae(scale),
        clip_vision=SimpleNamespace(encode_image=lambda *_, **__: seen),
        audio_encoder=None,
    )


def load_network(name: str, scale: Scale) -> Any:
    """Return the MODEL that ComfyUI makes of a file of diffusion_models."""
    import comfy.sd
    from support.tiny.real_layouts import S2V

    tensors, metadata = _read(name, scale)
    if scale.is_tiny and Path(name).name == S2V:
        tensors = store_in_fp8(tensors)
    return comfy.sd.load_diffusion_model_state_dict(tensors, metadata=metadata)


def load_vae(scale: Scale) -> Any:
    """Return Wan's VAE."""
    import comfy.sd
    from support.tiny.real_layouts import VAE

    return comfy.sd.VAE(sd=_read(f"vae/{VAE}", scale)[0])


def make_prompts(scale: Scale) -> Prompts:
    """Return two prompts, as UMT5 encodes them, of noise."""
    random, width = _seed(), 64 if scale.is_tiny else 4096
    positive, negative = ([[torch.randn(1, 512, width, generator=random), {}]] for _ in range(2))
    return positive, negative


def _seed() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def _load_patch(tensors: StateDict) -> Any:
    import comfy.utils
    import folder_paths
    from comfy_extras.nodes_model_patch import ModelPatchLoader

    with (
        patch.object(comfy.utils, "load_torch_file", lambda *_, **__: (tensors, None)),
        patch.object(folder_paths, "get_full_path_or_raise", lambda _, name: name),
    ):
        return ModelPatchLoader().load_model_patch("random")[0]


def _read(name: str, scale: Scale) -> tuple[StateDict, Mapping[str, str] | None]:
    """Return the tensors and the metadata of a file, such as vae/NAME."""
    return _read_tiny(name) if scale.is_tiny else (_make_tensors(name, scale.blocks), None)


def _read_tiny(name: str) -> tuple[StateDict, Mapping[str, str] | None]:
    import comfy.utils
    from support.tiny.s2v import S2V_MODELS
    from support.tiny.wan import TALKING_MODELS, write_models

    builders: dict[str, Callable[[], Any]] = {**TALKING_MODELS, **S2V_MODELS}
    with tempfile.TemporaryDirectory() as folder:
        write_models(Path(folder), {name: builders[name]})
        tensors, metadata = comfy.utils.load_torch_file(str(Path(folder) / name), return_metadata=True)
        return {key: tensor.clone() for key, tensor in tensors.items()}, metadata


def store_in_fp8(tensors: StateDict) -> StateDict:
    """Return a network's tensors as Comfy-Org's files have them: matrices in fp8 with a scale, multiplied in fp8."""
    stored = {"scaled_fp8": torch.zeros(0, dtype=torch.float8_e4m3fn)}
    for name, tensor in tensors.items():
        layer = name.removesuffix("weight")
        if tensor.ndim == 2 and f"{layer}bias" in tensors:
            scale = tensor.float().abs().max() / torch.finfo(torch.float8_e4m3fn).max
            stored |= {name: (tensor.float() / scale).to(torch.float8_e4m3fn), f"{layer}scale_weight": scale}
        else:
            stored[name] = tensor
    return stored


def _make_tensors(name: str, blocks: int | None) -> StateDict:
    """Return random tensors for a real file's names, dtypes and shapes, which keep the level of what passes through."""
    import comfy.memory_management
    import comfy.model_management
    from support.tiny.meta_models import _DTYPES
    from support.tiny.real_layouts import REAL_FILES

    layout = REAL_FILES[Path(name).name].make_layout()
    random = torch.Generator(comfy.model_management.get_torch_device()).manual_seed(1)
    tensors = {}
    for tensor_name, (dtype, shape) in layout.items():
        is_left_out = blocks is not None and name.startswith("diffusion_models") and _block_of(tensor_name) >= blocks
        if not is_left_out:
            tensor = _draw(tensor_name, shape, layout, random).to(_DTYPES[dtype])
            tensors[tensor_name] = tensor.cpu() if comfy.memory_management.aimdo_enabled else tensor
    return tensors


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
