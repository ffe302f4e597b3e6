"""VibeVoice's two checkpoint layouts: Microsoft's original one, told in the words of transformers' native one."""

from __future__ import annotations

import re
from typing import Any, Literal

from ..errors import ModelError

Layout = Literal["original", "native"]

# A codec's noise is drawn with a spread of its fix_std over this (modular_vibevoice_tokenizer.py of the original).
_FIX_STD_SHARE = 0.8

QUANTISED = (
    "Its weights are quantised in a form that can't be loaded here. "
    "Use the unquantised files of the same model, and dtype fp8 if memory is short."
)
_NO_SPEECH_MODEL = "Use a VibeVoice speech model, such as VibeVoice-1.5B, VibeVoice-7B or VibeVoice-Large."
_STORAGE_KEYS = ("torch_dtype", "dtype", "transformers_version")


def detect_layout(config: dict[str, Any]) -> Layout:
    """Return how the checkpoint with this config.json names its tensors.

    Raises ModelError for a model that is no VibeVoice, or a VibeVoice that this pack can't speak with: the streaming
    one (VibeVoice-Realtime), which has no semantic encoder, the speech recogniser (VibeVoice-ASR) and quantised files.
    """
    kind = str(config.get("model_type"))
    if "quantization_config" in config:
        raise ModelError(QUANTISED)
    if not kind.startswith("vibevoice"):
        raise ModelError(f'It is not a VibeVoice model: its model_type is "{kind}". {_NO_SPEECH_MODEL}')
    architectures = " ".join(map(str, config.get("architectures") or ()))
    if kind != "vibevoice" or "ASR" in architectures.upper():
        raise ModelError(f'It is another kind of VibeVoice ("{kind}", {architectures or "?"}). {_NO_SPEECH_MODEL}')
    return "original" if "decoder_config" in config else "native"


def native_config(original: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments for transformers' VibeVoiceConfig that say what an original config.json says.

    The ids of the control tokens stay at their defaults: only the tokenizer knows them. text_config has no
    tie_word_embeddings where the original says nothing about it. Raises ModelError for a config that lacks something.
    """
    try:
        return {
            "text_config": _text_config(original),
            "audio_config": _codec_config(original["acoustic_tokenizer_config"], "vibevoice_acoustic_tokenizer"),
            "semantic_model_config": _codec_config(
                original["semantic_tokenizer_config"], "vibevoice_acoustic_tokenizer_encoder"
            ),
            "diffusion_head_config": _head_config(original["diffusion_head_config"]),
        }
    except KeyError as error:
        raise ModelError(f"Its config.json lacks {error.args[0]}. {_NO_SPEECH_MODEL}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"Its config.json holds a value that makes no sense: {error}. Download it again.") from error


def native_key(original_key: str) -> str:
    """Return transformers' name of a tensor of the original layout; a name that it doesn't know stays as it is."""
    key = original_key
    for pattern, replacement in _RENAMES:
        key = re.sub(pattern, replacement, key)
    return key


def _text_config(original: dict[str, Any]) -> dict[str, Any]:
    decoder = original["decoder_config"]
    if decoder.get("model_type", "qwen2") != "qwen2":
        raise ModelError(
            f'Its language model is "{decoder["model_type"]}", and only qwen2 is known. {_NO_SPEECH_MODEL}'
        )
    said = {key: value for key, value in decoder.items() if key not in _STORAGE_KEYS}
    if "tie_word_embeddings" in original:
        said["tie_word_embeddings"] = original["tie_word_embeddings"]
    return said | {"model_type": "qwen2"}


def _codec_config(codec: dict[str, Any], model_type: str) -> dict[str, Any]:
    depths = codec["encoder_depths"]
    return {
        "model_type": model_type,
        "channels": codec.get("channels", 1),
        "hidden_size": codec["vae_dim"],
        "num_filters": codec["encoder_n_filters"],
        # The original lists them as the decoder meets them.
        "downsampling_ratios": list(reversed(codec["encoder_ratios"])),
        "depths": [int(depth) for depth in depths.split("-")] if isinstance(depths, str) else list(depths),
        "rms_norm_eps": codec.get("layernorm_eps", 1e-5),
        "layer_scale_init_value": codec.get("layer_scale_init_value", 1e-6),
        "vae_std": codec.get("fix_std", 0.5) / _FIX_STD_SHARE,
    }


def _head_config(head: dict[str, Any]) -> dict[str, Any]:
    return {
        "hidden_size": head["hidden_size"],
        "latent_size": head["latent_size"],
        "num_hidden_layers": head["head_layers"],
        "intermediate_size": int(head["hidden_size"] * head["head_ffn_ratio"]),
        "rms_norm_eps": head.get("rms_norm_eps", 1e-5),
    }


def _layer_before(match: re.Match[str]) -> str:
    """Stage or resampling layer 0 is the native stem, and N the native layer N - 1."""
    position = int(match["position"])
    return "stem." if position == 0 else f"conv_layers.{position - 1}."


def _stage(match: re.Match[str]) -> str:
    return f"{_layer_before(match)}stage."


_RENAMES: tuple[tuple[str, Any], ...] = (
    (r"^model\.speech_(scaling|bias)_factor$", r"model.latent_\1_factor"),
    (r"^model\.prediction_head\.", "model.diffusion_head."),
    (r"\.t_embedder\.mlp\.0\.", ".timestep_proj.fc1."),
    (r"\.t_embedder\.mlp\.2\.", ".timestep_proj.fc2."),
    (r"\.final_layer\.linear\.", ".final_layer.linear_2."),
    (r"\.final_layer\.adaLN_modulation\.1\.", ".final_layer.linear_1."),
    (r"\.adaLN_modulation\.1\.", ".linear."),
    (r"^model\.(acoustic|semantic)_connector\.fc([12])\.", r"model.\1_connector.linear_\2."),
    (r"^model\.(acoustic|semantic)_connector\.norm\.", r"model.\1_connector.act."),
    (r"^model\.acoustic_connector\.", "model.multi_modal_projector."),
    (r"^model\.acoustic_tokenizer\.", "model.audio_tower."),
    (r"^model\.semantic_tokenizer\.encoder\.", "model.semantic_tokenizer_encoder."),
    (r"(?<=\.)(?:down|up)sample_layers\.(?P<position>\d+)\.0\.", _layer_before),
    (r"(?<=\.)stages\.(?P<position>\d+)\.", _stage),
    (r"\.conv\.conv\.conv\.", ".conv."),
    (r"\.head\.conv\.conv\.", ".head.conv."),
)
