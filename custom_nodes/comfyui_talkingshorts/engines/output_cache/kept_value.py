"""Take a node's outputs apart into JSON and blocks of bytes, and put them together again, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from comfy_api.latest import InputImpl

_PLAIN = (type(None), bool, int, float, str)

KeptBlock = torch.Tensor | Path


class UnkeepableError(Exception):
    """A value holds something that can't be kept: a model, a function, a video that is no whole file."""


class DamagedValueError(Exception):
    """What is read from the disk isn't what was kept there."""


@dataclass(frozen=True)
class Packed:
    """A value as JSON-able `form`, in which tensors and files stand by their number in `blocks`.

    Blocks are dense tensors, on any device, and paths of files.
    """

    form: Any
    blocks: Sequence[KeptBlock]


def pack(value: Any) -> Packed:
    """Take a value apart: tensors, dicts, lists, tuples, texts, numbers, None, and videos that are a file each.

    Raises UnkeepableError for anything else, also for what only derives from one of these.
    """
    blocks: list[KeptBlock] = []
    return Packed(_pack(value, blocks), blocks)


def unpack(form: Any, read_block: Callable[[int], KeptBlock]) -> Any:
    """Return the value that was packed; `read_block` gives each block by its number.

    Raises DamagedValueError when a block is a file where a tensor belongs.
    """
    if not isinstance(form, dict):
        return form
    [(kind, content)] = form.items()
    if kind == "list":
        return [unpack(part, read_block) for part in content]
    if kind == "tuple":
        return tuple(unpack(part, read_block) for part in content)
    if kind == "dict":
        return {unpack(key, read_block): unpack(part, read_block) for key, part in content}
    if kind == "video":
        return InputImpl.VideoFromFile(str(read_block(content)))
    tensor = read_block(content["block"])
    if not isinstance(tensor, torch.Tensor):
        raise DamagedValueError(f"block {content['block']} is a file where a tensor belongs")
    order = content["order"]
    return tensor.permute([order.index(dim) for dim in range(len(order))]).to(content["device"])


def _pack(value: Any, blocks: list[KeptBlock]) -> Any:
    # Exact types: a class that derives from one of these would come back as another.
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is list or kind is tuple:
        return {kind.__name__: [_pack(part, blocks) for part in value]}
    if kind is dict:
        return {"dict": [[_pack(key, blocks), _pack(part, blocks)] for key, part in value.items()]}
    if kind is torch.Tensor:
        return {"tensor": _pack_tensor(value, blocks)}
    if kind is InputImpl.VideoFromFile:
        return {"video": _pack_video(value, blocks)}
    raise UnkeepableError(f"a {kind.__name__}")


def _pack_tensor(tensor: torch.Tensor, blocks: list[KeptBlock]) -> dict[str, Any]:
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.requires_grad:
        raise UnkeepableError(f"a tensor of layout {tensor.layout}")
    # Written as it lies in memory, so that it lies so again: what is computed of it may depend on that.
    order = sorted(range(tensor.dim()), key=lambda dim: -tensor.stride(dim))
    blocks.append(tensor.permute(order))
    return {"block": len(blocks) - 1, "order": order, "device": tensor.device.type}


def _pack_video(video: InputImpl.VideoFromFile, blocks: list[KeptBlock]) -> int:
    source = video.get_stream_source()
    if not isinstance(source, str) or video.get_active_trim_window() != (0.0, 0.0):
        raise UnkeepableError("a part of a video, or one without a file")
    blocks.append(Path(source))
    return len(blocks) - 1
