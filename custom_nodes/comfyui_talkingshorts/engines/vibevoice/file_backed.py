"""Weights that lie in a mapped file: a module that leaves the GPU takes them up there again, and copies nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import torch
from torch import nn

_CPU = torch.device("cpu")
_FILED = "_talkingshorts_filed"


class FileBacked(nn.Module):
    """A module whose filed tensors, and those of its children, come back from the GPU without a copy in the heap."""

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move as any module does. ComfyUI names the device alone."""
        if args and args[0] == _CPU:
            _take_up_filed(self)
        return super().to(*args, **kwargs)


def remember_filed(network: nn.Module, names: Iterable[str]) -> None:
    """Note that the tensors of these names lie in mapped files. The mapping stays, and costs no memory of its own."""
    for name in names:
        module_name, _, own_name = name.rpartition(".")
        module = network.get_submodule(module_name)
        # A plain tensor: moving a module changes the very parameter it has.
        module.__dict__.setdefault(_FILED, {})[own_name] = getattr(module, own_name).detach()


def forget_filed(module: nn.Module) -> None:
    """Forget the files of a module that gets other tensors of its own."""
    module.__dict__.pop(_FILED, None)


def _take_up_filed(model: nn.Module) -> None:
    for module in model.modules():
        for name, tensor in getattr(module, _FILED, {}).items():
            if getattr(module, name).device != _CPU:
                is_parameter = name in module._parameters
                setattr(module, name, nn.Parameter(tensor, requires_grad=False) if is_parameter else tensor)
