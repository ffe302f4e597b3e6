"""`python -m benchmarks.fp8`: what products in fp8 change in a network of Wan's depth, an eighth as wide, on the CPU.

Weights and inputs are random. ComfyUI rounds both sides of a product to fp8, and torch multiplies what is left, so the
error is that of a GPU but for the order of its sums.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from .ratio import ROOT

_WIDTH, _FEED_FORWARD, _HEADS, _LAYERS, _TEXT_WIDTH = 640, 1728, 5, 40, 64
_LATENTS = (1, 36, 3, 16, 16)


def main() -> None:
    """Print as JSON how far the forward is from that with exact products, and from that with exact weights."""
    sys.path[:0] = [str(ROOT / "custom_nodes"), str(ROOT / "tests")]
    sys.path.append(str(ROOT / ".comfyui" / "ComfyUI"))
    import comfy.cli_args

    comfy.cli_args.args.cpu = True
    import comfy.model_management

    from .gpu.measure import relative_error
    from .gpu.random_models import store_in_fp8

    logging.getLogger("comfy_kitchen.tensor.fp8").setLevel(logging.ERROR)
    tensors, metadata = _make_tensors()
    with patch.object(comfy.model_management, "supports_fp8_compute", lambda *_, **__: True):
        whole = _predict(_load(dict(tensors), metadata))
        network = _load(store_in_fp8(tensors), metadata)
        in_fp8 = _predict(network)
        for layer in network.modules():
            if getattr(layer, "layout_type", None) is not None:
                layer._full_precision_mm = True
        exact = _predict(network)
    figures = {
        "fp8_products_error": relative_error(in_fp8, exact),
        "fp8_weights_error": relative_error(exact, whole),
        "both_error": relative_error(in_fp8, whole),
    }
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


def _make_tensors() -> tuple[dict[str, torch.Tensor], Any]:
    """Return the tensors and the metadata of an I2V network."""
    import comfy.utils
    from comfy.ldm.wan.model import WanModel
    from support.tiny.wan import make_checkpoint, shapes_of, write_checkpoint

    sizes: dict[str, Any] = {"dim": _WIDTH, "ffn_dim": _FEED_FORWARD, "num_heads": _HEADS, "num_layers": _LAYERS}
    shapes = shapes_of(WanModel, model_type="i2v", in_dim=36, text_dim=_TEXT_WIDTH, **sizes)
    config = {"transformer": {"num_heads": _HEADS, "text_dim": _TEXT_WIDTH}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wan.safetensors"
        write_checkpoint(path, make_checkpoint(shapes, metadata={"config": json.dumps(config)}))
        tensors, metadata = comfy.utils.load_torch_file(str(path), return_metadata=True)
        return {name: tensor.float() for name, tensor in tensors.items()}, metadata


def _load(tensors: dict[str, torch.Tensor], metadata: Any) -> Any:
    import comfy.sd

    model: Any = comfy.sd.load_diffusion_model_state_dict(tensors, metadata=metadata)
    return model.model.diffusion_model


@torch.inference_mode()
def _predict(network: Any) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    latents = torch.randn(_LATENTS, generator=random)
    text = torch.randn(1, 512, _TEXT_WIDTH, generator=random)
    seen = torch.randn(1, 257, 1280, generator=random)
    return network(latents, torch.tensor([500.0]), text, clip_fea=seen)


if __name__ == "__main__":
    main()
