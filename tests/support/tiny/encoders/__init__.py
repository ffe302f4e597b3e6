"""A ComfyUI pack for tests: its loaders take the sizes of UMT5 and of CLIP vision H from the file, not from a table.

Does nothing unless TALKINGSHORTS_TEST_TINY_ENCODERS is 1 when ComfyUI starts, or a test calls fit_encoders_to_files.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ENABLING_VARIABLE = "TALKINGSHORTS_TEST_TINY_ENCODERS"
NODE_CLASS_MAPPINGS: dict[str, Any] = {}

_UMT5_LAYERS = "encoder.block.{}.layer.0.SelfAttention.q.weight"
_CLIP_LAYERS = "vision_model.encoder.layers.{}.self_attn.q_proj.weight"
_CLIP_H_MARK = "vision_model.encoder.layers.30.layer_norm1.weight"


def link_into(base: Path) -> None:
    """Make this a pack of the ComfyUI with that base directory, to be started with ENABLING_VARIABLE set to 1."""
    packs = base / "custom_nodes"
    packs.mkdir(parents=True, exist_ok=True)
    (packs / "tiny_encoders").symlink_to(Path(__file__).parent, target_is_directory=True)


@cache
def fit_encoders_to_files() -> None:
    """Wrap ComfyUI's two loaders, for the rest of the process. Files of the usual sizes load as ever."""
    import comfy.clip_vision
    import comfy.sd

    load_text_encoder = comfy.sd.load_text_encoder_state_dicts
    load_clip_vision = comfy.clip_vision.load_clipvision_from_sd

    def load_text_encoder_by_size(state_dicts: list[Any], *args: Any, **options: Any) -> Any:
        if "shared.weight" in state_dicts[0]:
            model_options = {**options.get("model_options", {}), "umt5xxl_model_config": _umt5_sizes(state_dicts[0])}
            options["model_options"] = model_options
        return load_text_encoder(state_dicts, *args, **options)

    def load_clip_vision_by_size(sd: Any, *args: Any, **options: Any) -> Any:
        if _CLIP_H_MARK not in sd:
            return load_clip_vision(sd, *args, **options)
        table = Path(comfy.clip_vision.__file__).with_name("clip_vision_config_h.json")
        encoder = comfy.clip_vision.ClipVisionModel({**json.loads(table.read_text()), **_clip_sizes(sd)})
        missing, _ = encoder.load_sd(sd)
        if missing:
            raise ValueError(f"The CLIP vision file lacks {missing}.")
        return encoder

    comfy.sd.load_text_encoder_state_dicts = load_text_encoder_by_size
    comfy.clip_vision.load_clipvision_from_sd = load_clip_vision_by_size


def _umt5_sizes(tensors: Mapping[str, Any]) -> dict[str, int]:
    """Return what differs between UMT5 models, by the names of ComfyUI's umt5_config_xxl.json."""
    vocabulary, width = tensors["shared.weight"].shape
    heads = tensors["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"].shape[1]
    return {
        "vocab_size": vocabulary,
        "d_model": width,
        "num_heads": heads,
        "d_kv": tensors[_UMT5_LAYERS.format(0)].shape[0] // heads,
        "d_ff": tensors["encoder.block.0.layer.1.DenseReluDense.wi_1.weight"].shape[0],
        "num_layers": _count(_UMT5_LAYERS, tensors),
    }


def _clip_sizes(tensors: Mapping[str, Any]) -> dict[str, int]:
    """Return what differs between CLIP vision models, by the names of ComfyUI's clip_vision_config_h.json.

    The number of heads isn't in the tensors: it stays 16.
    """
    patch = tensors["vision_model.embeddings.patch_embedding.weight"].shape[-1]
    positions, width = tensors["vision_model.embeddings.position_embedding.weight"].shape
    return {
        "hidden_size": width,
        "intermediate_size": tensors["vision_model.encoder.layers.0.mlp.fc1.weight"].shape[0],
        "num_hidden_layers": _count(_CLIP_LAYERS, tensors),
        "projection_dim": tensors["visual_projection.weight"].shape[0],
        "patch_size": patch,
        "image_size": patch * math.isqrt(positions - 1),
    }


def _count(pattern: str, tensors: Mapping[str, Any]) -> int:
    return next(index for index in range(len(tensors)) if pattern.format(index) not in tensors)


if os.environ.get(ENABLING_VARIABLE) == "1":
    fit_encoders_to_files()
