"""ComfyUI's own loader nodes on models of full size, of which nothing but names, dtypes and shapes exists.

The tensors are on PyTorch's meta device, where a model of 14B takes no memory and a forward no time: what comes out has
a shape, and no values.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any
from unittest.mock import MagicMock, patch

import torch

from .real_layouts import REAL_FILES
from .wan import umt5

_DTYPES = {
    "I64": torch.int64,
    "F32": torch.float32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "F8_E4M3": torch.float8_e4m3fn,
    "U8": torch.uint8,
}
_META = torch.device("meta")
_DEVICES = (
    "get_torch_device",
    "intermediate_device",
    "text_encoder_device",
    "text_encoder_initial_device",
    "text_encoder_offload_device",
    "unet_offload_device",
    "vae_device",
    "vae_offload_device",
)
_PLENTY_OF_BYTES = 1e12
_COMPLAINT = re.compile(r"missing|unexpected|left ?over|not loaded|mismatch|error", re.IGNORECASE)


@dataclass(frozen=True)
class Loaded:
    """What a loader node gave, and what ComfyUI logged of tensors that it lacked or had too many."""

    value: Any
    complaints: tuple[str, ...]


@dataclass(frozen=True)
class OneForward:
    """A SAMPLER that asks the model once, at the first of the sigmas, and takes that for the result."""

    def sample(
        self, model: Any, sigmas: torch.Tensor, options: Any, callback: Any, noise: torch.Tensor, *_: Any
    ) -> torch.Tensor:
        return model(noise, sigmas[:1], **options)


def make_state_dict(name: str) -> dict[str, torch.Tensor]:
    """Return the tensors of a real file on the meta device; those of one number (scales) are there, and 1."""
    tensors = {
        key: torch.ones(shape).to(_DTYPES[dtype])
        if prod(shape) <= 2
        else torch.empty(shape, dtype=_DTYPES[dtype], device=_META)
        for key, (dtype, shape) in REAL_FILES[name].make_layout().items()
    }
    if "spiece_model" in tensors:
        tensors["spiece_model"] = torch.from_numpy(umt5().raw["spiece_model"].copy())
    return tensors


@cache
def load(folder: str, name: str) -> Loaded:
    """Return what the node for that folder of models gives for a real file."""
    # comfy.sd first: the loaders lean on it.
    import comfy.sd  # noqa: F401
    from comfy.model_base import model_sampling
    from comfy_extras.nodes_audio_encoder import AudioEncoderLoader
    from comfy_extras.nodes_model_patch import ModelPatchLoader
    from nodes import CLIPLoader, CLIPVisionLoader, UNETLoader, VAELoader

    complaints: list[str] = []
    with on_meta(), _listening(complaints):
        match folder:
            case "diffusion_models":
                value = UNETLoader().load_unet(name, "default")[0]
                # Its table of sigmas has gone to the meta device with the network.
                value.model.model_sampling = model_sampling(value.model.model_config, value.model.model_type)
            case "text_encoders":
                value = CLIPLoader().load_clip(name, "wan")[0]
            case "model_patches":
                value = ModelPatchLoader().load_model_patch(name)[0]
            case "vae":
                with _META:
                    value = VAELoader().load_vae(name)[0]
            case "clip_vision":
                with _META:
                    value = CLIPVisionLoader().load_clip(name)[0]
            case "audio_encoders":
                with _META:
                    value = AudioEncoderLoader.execute(name)[0]
            case _:
                raise ValueError(f"No node loads {folder}/{name}.")
    return Loaded(value, tuple(complaints))


def load_lora(model: Any, name: str) -> Loaded:
    """Return a video model with a real LoRA, as Load LoRA (Model Only) gives it."""
    from nodes import LoraLoaderModelOnly

    complaints: list[str] = []
    with on_meta(), _listening(complaints):
        value = LoraLoaderModelOnly().load_lora_model_only(model, name, 1.0)[0]
    return Loaded(value, tuple(complaints))


@contextlib.contextmanager
def on_meta() -> Iterator[None]:
    """Make the meta device all of ComfyUI's devices: a GPU with fp16, fp8, DynamicVRAM and memory enough.

    Whatever is asked of a value on it is true, and every number 0.
    """
    import comfy.clip_vision
    import comfy.model_management
    import comfy.model_patcher
    import comfy.utils
    import comfy_aimdo.host_buffer
    import folder_paths

    def read(path: str, *_: Any, return_metadata: bool = False, **__: Any) -> Any:
        tensors = make_state_dict(path)
        return (tensors, None) if return_metadata else tensors

    def tell_free_memory(_: Any = None, torch_free_too: bool = False) -> Any:
        return (_PLENTY_OF_BYTES, _PLENTY_OF_BYTES) if torch_free_too else _PLENTY_OF_BYTES

    def load_models(patchers: Iterable[Any], *_: Any, **__: Any) -> None:
        """Have weights cast when they are used, as DynamicVRAM does."""
        for module in (module for patcher in patchers for module in patcher.model.modules()):
            if hasattr(module, "comfy_cast_weights"):
                module.comfy_cast_weights = True

    tell_truth, tell_int = torch.Tensor.__bool__, torch.Tensor.__int__
    with contextlib.ExitStack() as patches:
        for name in _DEVICES:
            patches.enter_context(patch.object(comfy.model_management, name, lambda *_: _META))
        for owner, name, replacement in (
            (comfy.utils, "load_torch_file", read),
            (comfy.clip_vision, "load_torch_file", read),
            (folder_paths, "get_full_path_or_raise", lambda folder, name: name),
            (comfy.model_patcher, "CoreModelPatcher", comfy.model_patcher.ModelPatcherDynamic),
            (comfy_aimdo.host_buffer, "HostBuffer", MagicMock()),
            (comfy.model_management, "get_free_memory", tell_free_memory),
            (comfy.model_management, "should_use_fp16", lambda *_, **__: True),
            (comfy.model_management, "supports_fp8_compute", lambda *_: True),
            (comfy.model_management, "load_models_gpu", load_models),
            (torch.Tensor, "__bool__", lambda tensor: tensor.is_meta or tell_truth(tensor)),
            (torch.Tensor, "__int__", lambda tensor: 0 if tensor.is_meta else tell_int(tensor)),
        ):
            patches.enter_context(patch.object(owner, name, replacement))
        yield


@contextlib.contextmanager
def _listening(complaints: list[str]) -> Iterator[None]:
    """Collect what ComfyUI logs, at any level, of tensors that don't fit."""

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = record.getMessage()
            if _COMPLAINT.search(message):
                complaints.append(message)

    root, collector = logging.getLogger(), Collector()
    level = root.level
    root.addHandler(collector)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(collector)
