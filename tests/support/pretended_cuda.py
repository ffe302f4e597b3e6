"""A GPU that isn't there: ComfyUI believes in cuda:0, and what lies on it has a shape, a dtype and a device, no values.

Within `pretend_cuda` all new tensors are torch's fake ones. ComfyUI's own loader moves them, the memory it sees as free
goes down with every byte on cuda:0, and what a real GPU would refuse (tensors of two devices in one operation, two
dtypes in one product) raises RuntimeError. Speed and numbers stay untested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

CUDA = torch.device("cuda", 0)
Memory = Literal["normal", "none", "all"]  # as by default, with --novram, with --gpu-only

_COPIES = {"aten::_to_copy", "aten::copy_", "aten::copy"}
_PRODUCTS = {"aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::convolution", "pretended::attention"}


class PretendedCuda(TorchDispatchMode):
    """Counts what a GPU would be asked.

    `syncs` are the times that the program waited for a number, `copies` [bytes each] the tensors that went from one
    device to the other. A number read from the GPU is the next of `answers`, else `answer`; a truth is True.
    """

    def __init__(self, total_bytes: float) -> None:
        super().__init__()
        self.total_bytes = total_bytes
        self.syncs = 0
        self.copies: list[int] = []
        self.answers: list[Any] = []
        self.answer: Any = 0
        self._storages: dict[int, tuple[StorageWeakRef, int]] = {}

    @property
    def used_bytes(self) -> int:
        """How many bytes lie on the device."""
        self._storages = {key: kept for key, kept in self._storages.items() if not kept[0].expired()}
        return sum(size for _, size in self._storages.values())

    @property
    def free_bytes(self) -> float:
        return self.total_bytes - self.used_bytes

    def read_number(self, tensor: torch.Tensor) -> Any:
        """Return what the program is told when it waits for a number of this tensor."""
        if tensor.device.type == "cuda":
            self.syncs += 1
        if tensor.dtype == torch.bool:
            return True
        return self.answers.pop(0) if self.answers else self.answer

    def read_truth(self, tensor: torch.Tensor) -> bool:
        """Return what the program is told when it waits for whether this tensor equals another."""
        self.syncs += tensor.device.type == "cuda"
        return True

    def read_list(self, tensor: torch.Tensor) -> list[Any]:
        """Return what `tolist` of a tensor [length] gives, in one wait."""
        number = self.read_number(tensor)
        return number if isinstance(number, list) else [number] * len(tensor)

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function._schema.name
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        if name == "aten::_local_scalar_dense":
            return self.read_number(tensors[0])
        if name == "aten::equal":
            return self.read_truth(tensors[0])
        if name in _PRODUCTS:
            _require_one_dtype(name, tensors)
        result = function(*args, **(kwargs or {}))
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        if name in _COPIES and tensors[-1].device.type != made[0].device.type:
            self.copies.append(tensors[-1].nbytes)
        for tensor in made:
            if isinstance(tensor, FakeTensor) and tensor.device.type == "cuda":
                storage = tensor.untyped_storage()
                if storage._cdata not in self._storages or self._storages[storage._cdata][0].expired():
                    self._storages[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        return result


@contextmanager
def pretend_cuda(total_bytes: float, memory: Memory = "normal") -> Iterator[PretendedCuda]:
    """Let ComfyUI have a GPU of so many bytes, all free, of which it sets none aside for itself or other programs.

    A model that is moved within holds fake tensors for ever: give each test its own.
    """
    cuda = PretendedCuda(total_bytes)
    with pytest.MonkeyPatch.context() as patch:
        _patch_comfyui(patch, cuda, memory)
        _patch_torch(patch, cuda)
        with FakeTensorMode(allow_non_fake_inputs=True), cuda, torch.no_grad():
            yield cuda


def list_devices(module: nn.Module) -> set[torch.device]:
    """Return where a module's tensors lie."""
    return {tensor.device for tensor in (*module.parameters(), *module.buffers())}


def _patch_comfyui(patch: pytest.MonkeyPatch, cuda: PretendedCuda, memory: Memory) -> None:
    import comfy.clip_vision
    import comfy.model_management as management
    import comfy.utils

    def tell(free: Callable[[], float]) -> Callable[..., Any]:
        return lambda device=None, torch_free_too=False, torch_total_too=False: (
            (free(), 0) if torch_free_too or torch_total_too else free()
        )

    states = management.VRAMState
    state = {"normal": states.NORMAL_VRAM, "none": states.NO_VRAM, "all": states.HIGH_VRAM}[memory]
    offload = CUDA if memory == "all" else torch.device("cpu")
    settings = {
        "cpu_state": management.CPUState.GPU,
        "vram_state": state,
        "lowvram_available": True,
        "EXTRA_RESERVED_VRAM": 0,
        "MIN_WEIGHT_MEMORY_RATIO": 0.0,
        "current_loaded_models": [],
        "XFORMERS_IS_AVAILABLE": False,
    }
    functions: dict[str, Any] = {
        "minimum_inference_memory": 0,
        "get_torch_device": CUDA,
        "get_all_torch_devices": [CUDA],
        "text_encoder_device": CUDA,
        "vae_device": CUDA,
        "unet_offload_device": offload,
        "text_encoder_offload_device": offload,
        "vae_offload_device": offload,
        "is_nvidia": True,
        "should_use_bf16": True,
        "should_use_fp16": True,
        "supports_fp8_compute": False,
        "supports_nvfp4_compute": False,
        "supports_mxfp8_compute": False,
        "soft_empty_cache": None,
        "synchronize": None,
        "cleanup_models_gc": None,
        "get_offload_stream": None,
        "pin_memory": False,
    }
    for name, value in settings.items():
        patch.setattr(management, name, value)
    for name, value in functions.items():
        patch.setattr(management, name, lambda *args, _value=value, **kwargs: _value)
    for module in (comfy.utils, comfy.clip_vision):  # which has imported it by its name
        patch.setattr(module, "load_torch_file", _read_for_real(comfy.utils.load_torch_file))
    patch.setattr(management, "get_free_memory", tell(lambda: cuda.free_bytes))
    patch.setattr(management, "get_total_memory", tell(lambda: cuda.total_bytes))


def _patch_torch(patch: pytest.MonkeyPatch, cuda: PretendedCuda) -> None:
    patch.setattr(safetensors.torch, "load_file", _read_for_real(safetensors.torch.load_file))
    patch.setattr(torch.cuda, "synchronize", lambda *args, **kwargs: None)
    patch.setattr(torch.cuda, "current_device", lambda: 0)
    # Fake tensors can't be inference tensors.
    patch.setattr(torch._C, "_InferenceMode", lambda mode: torch.no_grad())
    patch.setattr(FakeTensor, "tolist", lambda tensor: cuda.read_list(tensor))
    patch.setattr(FakeTensor, "numpy", _make_zeros, raising=False)
    patch.setattr(nn.Module, "_apply", _replace_tensors)
    patch.setattr(nn.functional, "scaled_dot_product_attention", _attend)


def _read_for_real(read: Callable[..., Any]) -> Callable[..., Any]:
    """Return the reader of files as one that knows no fake tensors: they become fake when they are first used."""

    def read_for_real(*args: Any, **kwargs: Any) -> Any:
        with unset_fake_temporarily():
            return read(*args, **kwargs)

    return read_for_real


def _make_zeros(tensor: torch.Tensor) -> np.ndarray:
    return np.zeros(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))


def _replace_tensors(module: nn.Module, function: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
    """Do as nn.Module._apply does, whose way of changing a tensor's data a fake tensor doesn't know."""
    for child in module.children() if recurse else ():
        child._apply(function)
    for name, parameter in module._parameters.items():
        if parameter is not None:
            module._parameters[name] = nn.Parameter(function(parameter.detach()), requires_grad=False)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = function(buffer)
    return module


def _require_one_dtype(name: str, tensors: list[torch.Tensor]) -> None:
    dtypes = {tensor.dtype for tensor in tensors if tensor.dtype != torch.bool}
    if len(dtypes) > 1:
        raise RuntimeError(f"{name} of {' and '.join(sorted(map(str, dtypes)))}")


# Which kernel attends is decided by the GPU that isn't there.
@torch.library.custom_op("pretended::attention", mutates_args=())
def _attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    raise NotImplementedError("a pretended GPU computes nothing")


@_attention.register_fake
def _(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    return query.new_empty((*query.shape[:-1], value.shape[-1]))


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    *args: Any,
    **kwargs: Any,
) -> torch.Tensor:
    return torch.ops.pretended.attention(query, key, value, attn_mask)
