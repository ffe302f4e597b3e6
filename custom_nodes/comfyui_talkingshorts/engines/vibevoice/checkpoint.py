"""Reads VibeVoice's weights from disk, in whichever layout and however many files they come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ...core.errors import ModelError
from ...core.vibevoice.checkpoint_files import REMEDY, find_checkpoint, read_json
from ...core.vibevoice.layout import QUANTISED, detect_layout, native_config, native_key
from .file_backed import remember_filed

try:
    from transformers import VibeVoiceConfig, VibeVoiceForConditionalGeneration
    from transformers.models.qwen2.modeling_qwen2 import Qwen2RotaryEmbedding
    from transformers.models.vibevoice.modeling_vibevoice import VibeVoiceDiffusionHeadSinusoidalEmbedding
except ImportError as error:  # ComfyUI itself is content with an older one
    raise ModelError(
        f"This version of the transformers library has no VibeVoice ({error}). "
        'With ComfyUI\'s own Python, run: python -m pip install "transformers>=5.17", and start ComfyUI again.'
    ) from error

_LM_HEAD = "lm_head.weight"
_QUANTISATION_KEYS = (".scale_weight", ".weight_scale", ".absmax", ".SCB")


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
        is_original = detect_layout(config) == "original"
        network = build_empty_network(_native_arguments(config))
    except ModelError as error:
        raise ModelError(f"{path} can't be loaded. {error}") from error
    weights = {
        native_key(key) if is_original else key: tensor for file in files.weights for key, tensor in _read_file(file)
    }
    is_tied = _is_tied(config, weights)
    if is_tied:
        weights.pop(_LM_HEAD, None)
    _require_match(path, network, weights, is_tied)
    network.load_state_dict({key: tensor.to(dtype) for key, tensor in weights.items()}, strict=False, assign=True)
    remember_filed(network, [key for key, tensor in weights.items() if tensor.dtype == dtype])
    if is_tied:
        network.lm_head.weight = network.model.language_model.embed_tokens.weight
    return network.requires_grad_(False).eval()


def read_hidden_size(path: Path) -> int:
    """Return the width of the language model in a folder or file: 1536 of the 1.5B, 3584 of the 7B.

    Raises ModelError, with the path and the remedy, where the config.json isn't that of a VibeVoice that speaks.
    """
    try:
        return int(_native_arguments(read_json(find_checkpoint(path).config))["text_config"]["hidden_size"])
    except ModelError as error:
        raise ModelError(f"{path} can't be loaded. {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} can't be loaded. Its config.json names no hidden_size. Download it again.") from error


def _native_arguments(config: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments for VibeVoiceConfig of a config.json in either layout."""
    return native_config(config) if detect_layout(config) == "original" else config


def build_empty_network(arguments: dict[str, Any]) -> VibeVoiceForConditionalGeneration:
    """Return the network that VibeVoiceConfig's arguments describe: weights on the meta device, buffers real.

    Raises ModelError for a config that can't be built.
    """
    try:
        config = VibeVoiceConfig.from_dict(_without_dtypes(arguments))
        with torch.device("meta"):
            network = VibeVoiceForConditionalGeneration(config)
    except Exception as error:  # whatever transformers stumbles over in a config that makes no sense
        raise ModelError(
            f"Its config.json describes no model that can be built: {error}. Download it again."
        ) from error
    # No file holds these: the meta device would leave them empty.
    text_config: Any = config.text_config
    head_config: Any = config.diffusion_head_config
    network.model.language_model.rotary_emb = Qwen2RotaryEmbedding(text_config)
    network.model.diffusion_head.timestep_embedding = VibeVoiceDiffusionHeadSinusoidalEmbedding(head_config)
    return network


def _read_file(file: Path) -> list[tuple[str, torch.Tensor]]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return list(load_file(file).items())
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{file} can't be read and may be damaged: {error}. Download it again.") from error


def _is_tied(config: dict[str, Any], weights: dict[str, torch.Tensor]) -> bool:
    """Tell whether the lm_head is the embedding table: as the config says, else when the files hold no lm_head.

    Released configs say it at the top, or in the language model's part, or nowhere.
    """
    text_config = config.get("decoder_config") or config.get("text_config") or {}
    said = config.get("tie_word_embeddings", text_config.get("tie_word_embeddings"))
    return _LM_HEAD not in weights if said is None else bool(said)


def _require_match(path: Path, network: torch.nn.Module, weights: dict[str, torch.Tensor], is_tied: bool) -> None:
    if any(not tensor.is_floating_point() or key.endswith(_QUANTISATION_KEYS) for key, tensor in weights.items()):
        raise ModelError(f"{path} can't be loaded. {QUANTISED}")
    expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    if is_tied:
        del expected[_LM_HEAD]
    found = {key: tuple(tensor.shape) for key, tensor in weights.items()}
    problems = [
        _format_keys("missing", sorted(expected.keys() - found.keys())),
        _format_keys("unknown", sorted(found.keys() - expected.keys())),
        _format_keys(
            "of another shape",
            [
                f"{key} {list(found[key])} instead of {list(expected[key])}"
                for key in sorted(expected.keys() & found.keys())
                if expected[key] != found[key]
            ],
        ),
    ]
    if any(problems):
        details = "; ".join(filter(None, problems))
        raise ModelError(f"The weights of {path} aren't those that its config.json describes: {details}. {REMEDY}")


def _format_keys(kind: str, keys: list[str]) -> str:
    shown = ", ".join(keys[:3]) + (", …" if len(keys) > 3 else "")
    return f"{len(keys)} {kind} ({shown})" if keys else ""


def _without_dtypes(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the config without the dtype that the files were written in: the weights bring their own."""
    return {
        key: _without_dtypes(value) if isinstance(value, dict) else value
        for key, value in arguments.items()
        if key not in ("dtype", "torch_dtype")
    }
