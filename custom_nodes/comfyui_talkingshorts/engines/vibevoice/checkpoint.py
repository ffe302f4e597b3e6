"""Reads VibeVoice's weights from disk, in whichever layout and however many files they come."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import VibeVoiceConfig, VibeVoiceForConditionalGeneration
from transformers.models.qwen2.modeling_qwen2 import Qwen2RotaryEmbedding
from transformers.models.vibevoice.modeling_vibevoice import VibeVoiceDiffusionHeadSinusoidalEmbedding

from ...core.errors import ModelError
from ...core.vibevoice_layout import detect_layout, native_config, native_key

_LM_HEAD = "lm_head.weight"
_EMBED_TOKENS = "model.language_model.embed_tokens.weight"
_INDEX_NAME = "model.safetensors.index.json"
_REMEDY = (
    "Download all files of a VibeVoice model (the pages microsoft/VibeVoice-1.5B, vibevoice/VibeVoice-7B or "
    "vibevoice/VibeVoice-1.5B-hf on huggingface.co) into a folder of its own in models/vibevoice."
)


@dataclass(frozen=True)
class CheckpointFiles:
    """What a checkpoint consists of: its config.json and its safetensors files."""

    config: Path
    weights: tuple[Path, ...]


def find_checkpoint(path: Path) -> CheckpointFiles:
    """Return the files of a model's folder, or of a single file X.safetensors with X.config.json or config.json.

    Raises ModelError when one is missing.
    """
    if path.is_dir():
        return CheckpointFiles(_require_file(path / "config.json", path), _find_weights(path))
    _require_file(path, path)
    named_config = path.with_suffix(".config.json")
    config = named_config if named_config.is_file() else path.with_name("config.json")
    if not config.is_file():
        raise ModelError(f"{path} lacks its {named_config.name}. Put the model's config.json beside it by that name.")
    return CheckpointFiles(config, (path,))


def load_network(path: Path, dtype: torch.dtype) -> VibeVoiceForConditionalGeneration:
    """Return the network of a folder or file on the CPU in eval mode, its weights in `dtype`.

    Takes Microsoft's original layout and transformers' native one. Buffers (rotary and diffusion frequencies) are
    float32 whatever the dtype is. An lm_head that isn't in the files is the embedding table itself.
    Raises ModelError, with the path and the remedy, for files that are missing, damaged, or not of a VibeVoice that
    speaks.
    """
    files = find_checkpoint(path)
    config = read_json(files.config)
    try:
        layout = detect_layout(config)
        arguments = native_config(config) if layout == "original" else config
    except ModelError as error:
        raise ModelError(f"{path} can't be loaded. {error}") from error
    weights = {
        (native_key(key) if layout == "original" else key): tensor
        for file in files.weights
        for key, tensor in _read_weights(file)
    }
    network = build_empty_network(arguments)
    _share_lm_head(network, arguments, weights)
    _require_match(path, network, weights)
    converted = {key: tensor.to(dtype) for key, tensor in weights.items() if key != _LM_HEAD}
    converted[_LM_HEAD] = (
        converted[_EMBED_TOKENS] if weights[_LM_HEAD] is weights[_EMBED_TOKENS] else weights[_LM_HEAD].to(dtype)
    )
    network.load_state_dict(converted, assign=True)
    return network.requires_grad_(False).eval()


def build_empty_network(arguments: dict[str, Any]) -> VibeVoiceForConditionalGeneration:
    """Return the network that VibeVoiceConfig's arguments describe: weights on the meta device, buffers real."""
    config = VibeVoiceConfig.from_dict(_without_dtypes(arguments))
    with torch.device("meta"):
        network = VibeVoiceForConditionalGeneration(config)
    # No file holds these: the meta device would leave them empty.
    network.model.language_model.rotary_emb = Qwen2RotaryEmbedding(config.text_config)
    network.model.diffusion_head.timestep_embedding = VibeVoiceDiffusionHeadSinusoidalEmbedding(
        config.diffusion_head_config
    )
    return network


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file. Raises ModelError when it holds something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} can't be read: {error}. Download it anew.") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} holds no JSON object. Download it anew.")
    return value


def _find_weights(folder: Path) -> tuple[Path, ...]:
    index = folder / _INDEX_NAME
    if index.is_file():
        names = sorted(set(read_json(index).get("weight_map", {}).values()))
        return tuple(_require_file(folder / name, folder) for name in names)
    return (_require_file(folder / "model.safetensors", folder),)


def _require_file(file: Path, model: Path) -> Path:
    if not file.is_file():
        raise ModelError(f"{file.name} is missing: {model} is no complete model. {_REMEDY}")
    return file


def _read_weights(file: Path) -> Iterable[tuple[str, torch.Tensor]]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file).items()
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{file} is damaged ({error}). Delete it and download it anew.") from error


def _share_lm_head(
    network: VibeVoiceForConditionalGeneration, arguments: dict[str, Any], weights: dict[str, torch.Tensor]
) -> None:
    """Make the lm_head the embedding table where the config says so, or says nothing and the files hold no other."""
    is_tied = arguments["text_config"].get("tie_word_embeddings", _LM_HEAD not in weights)
    if is_tied and _EMBED_TOKENS in weights:
        weights[_LM_HEAD] = weights[_EMBED_TOKENS]


def _require_match(path: Path, network: torch.nn.Module, weights: dict[str, torch.Tensor]) -> None:
    expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    found = {key: tuple(tensor.shape) for key, tensor in weights.items()}
    problems = [
        _count_keys("missing", sorted(expected.keys() - found.keys())),
        _count_keys("unknown", sorted(found.keys() - expected.keys())),
        _count_keys(
            "of another shape than config.json says",
            [
                f"{key} {list(found[key])} instead of {list(expected[key])}"
                for key in sorted(expected.keys() & found.keys())
                if expected[key] != found[key]
            ],
        ),
    ]
    if any(problems):
        raise ModelError(
            f"{path} doesn't hold what its config.json says: {'; '.join(filter(None, problems))}. {_REMEDY}"
        )


def _count_keys(kind: str, keys: list[str]) -> str:
    if not keys:
        return ""
    shown = ", ".join(keys[:3]) + (", …" if len(keys) > 3 else "")
    return f"{len(keys)} tensors {kind} ({shown})"


def _without_dtypes(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the config without the dtype that the file was written in, which would set the dtype of the buffers."""
    return {
        key: _without_dtypes(value) if isinstance(value, dict) else value
        for key, value in arguments.items()
        if key not in ("dtype", "torch_dtype")
    }
