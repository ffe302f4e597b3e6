"""Models as ComfyUI's TorchCompileModel gives them."""

from __future__ import annotations

from typing import Any

import torch
from torch._dynamo.utils import counters


def compile_model(model: Any) -> Any:
    """Return the model as ComfyUI's TorchCompileModel gives it, which skips the guards on transformer_options.

    Dynamo's counters start anew: `counters["stats"]["unique_graphs"]`.
    """
    from comfy_extras.nodes_torch_compile import TorchCompileModel

    torch._dynamo.reset()
    counters.clear()
    return TorchCompileModel.execute(model, "eager").args[0]
