"""Tiny VibeVoice checkpoints with random weights: a second's work to write, and speech-like in level and length.

The language model is rigged to end by itself. Five dimensions of its hidden states are set apart as marks. Text and
frames carry the plain mark; a generated frame carries the frame mark too (a bias of the semantic connector, so frames
of a reference don't), and audio_bos has its own. One attention head of the first layer weighs frames against audio_bos,
which counts the frames, and writes the count into another mark. The rows of the four control tokens read the marks:
after audio_bos and after a frame comes audio, until the count tips over to audio_eos, and after that comes eos. With
one reference voice that is after stops_after_frames frames; with n voices after (n + 1) / 2 times as many, for every
voice has an audio_bos too.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

import torch
from comfyui_talkingshorts.core.vibevoice.layout import native_config, native_key
from safetensors.torch import save_file

Shapes = dict[str, tuple[int, ...]]
Weights = dict[str, torch.Tensor]

CONTROL_TOKENS = ("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|endoftext|>")
HOP_SAMPLES = 3200

_PLAIN, _FRAME, _BOS, _COUNT, _ENDED = -5, -4, -3, -2, -1
_MARKS = slice(-5, None)
_MARK = 160.0  # so much more than the rest of a hidden state that normalising hardly changes it
_TEXT = """Hello there, and welcome to the show. The quick brown fox jumps over the lazy dog, and the lazy dog
doesn't mind at all. Speaker 0: one two three four five six seven eight nine ten. Transform the text provided by
various speakers into speech output, utilizing the distinct voice of each respective speaker. Voice input: Text input:
Speech output: This is how speech sounds when the weather is fine, isn't it?"""


def write_tiny_vibevoice(
    folder: Path,
    layout: Literal["original", "native", "single"] = "original",
    shards: int = 1,
    dtype: str = "bfloat16",
    seed: int = 0,
    stops_after_frames: int | None = 12,
) -> Path:
    """Write a tiny model with its tokenizer into `folder` and return the path to load: the folder, or the single file.

    `single` is tiny.safetensors with tiny.config.json beside it, in the original layout. Without stops_after_frames
    the model never ends by itself. The same arguments write the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ids = write_tokenizer(folder)
    config = tiny_config(vocab_size=max(ids) + 21)
    weights = {key: tensor.to(getattr(torch, dtype)) for key, tensor in random_weights(config, seed).items()}
    _rig(weights, ids, stops_after_frames)
    if layout == "native":
        weights = {native_key(key): tensor for key, tensor in weights.items()}
        control = dict(
            zip(("audio_bos_token_id", "audio_eos_token_id", "audio_token_id", "eos_token_id"), ids, strict=True)
        )
        config = {"model_type": "vibevoice", **native_config(config), **control, "dtype": dtype}
    stem = "tiny" if layout == "single" else "model"
    config_name = "tiny.config.json" if layout == "single" else "config.json"
    (folder / config_name).write_text(json.dumps(config, indent=2))
    write_weights(folder, weights, stem, shards)
    return folder / "tiny.safetensors" if layout == "single" else folder


def tiny_config(vocab_size: int = 320) -> dict[str, Any]:
    """Return a config.json of the original layout, in none of its numbers that of a released model."""
    codec = {
        "channels": 1,
        "encoder_n_filters": 2,
        "encoder_ratios": [10, 8, 5, 4, 2],
        "encoder_depths": "1-2-1-1-1-2",
        "layernorm_eps": 1e-5,
    }
    return {
        "model_type": "vibevoice",
        "architectures": ["VibeVoiceForConditionalGeneration"],
        "acoustic_vae_dim": 8,
        "semantic_vae_dim": 12,
        "acoustic_tokenizer_config": codec | {"vae_dim": 8, "fix_std": 0.5},
        "semantic_tokenizer_config": codec | {"vae_dim": 12, "fix_std": 0},
        "decoder_config": {
            "model_type": "qwen2",
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 65536,
            "rms_norm_eps": 1e-6,
            "rope_theta": 1000000.0,
            "vocab_size": vocab_size,
            "tie_word_embeddings": True,
            "torch_dtype": "bfloat16",
        },
        "diffusion_head_config": {
            "hidden_size": 64,
            "latent_size": 8,
            "head_layers": 2,
            "head_ffn_ratio": 2.0,
            "rms_norm_eps": 1e-5,
        },
        "torch_dtype": "bfloat16",
    }


def original_shapes(config: dict[str, Any]) -> Shapes:
    """Return the name and shape of every tensor of the original layout, from Microsoft's architecture alone."""
    hidden = config["decoder_config"]["hidden_size"]
    acoustic, semantic = config["acoustic_tokenizer_config"], config["semantic_tokenizer_config"]
    shapes = {
        **_language_model_shapes(config["decoder_config"]),
        **_coder_shapes("model.acoustic_tokenizer.encoder", acoustic, "downsample"),
        **_coder_shapes("model.acoustic_tokenizer.decoder", acoustic, "upsample"),
        **_coder_shapes("model.semantic_tokenizer.encoder", semantic, "downsample"),
        **_connector_shapes("model.acoustic_connector", acoustic["vae_dim"], hidden),
        **_connector_shapes("model.semantic_connector", semantic["vae_dim"], hidden),
        **_head_shapes(config["diffusion_head_config"]),
        "model.speech_scaling_factor": (),
        "model.speech_bias_factor": (),
    }
    if not config["decoder_config"].get("tie_word_embeddings"):
        shapes["lm_head.weight"] = (config["decoder_config"]["vocab_size"], hidden)
    return shapes


def random_weights(config: dict[str, Any], seed: int = 0) -> Weights:
    """Return float32 weights of the original layout that keep the level of what passes through about the same."""
    generator = torch.Generator().manual_seed(seed)
    return {key: _random_tensor(key, shape, generator) for key, shape in sorted(original_shapes(config).items())}


def write_weights(folder: Path, weights: Weights, stem: str = "model", shards: int = 1) -> None:
    """Write the tensors as one safetensors file, or as `shards` files and their index."""
    if shards == 1:
        save_file(weights, folder / f"{stem}.safetensors", metadata={"format": "pt"})
        return
    weight_map = {}
    for shard in range(shards):
        name = f"{stem}-{shard + 1:05}-of-{shards:05}.safetensors"
        part = dict(list(weights.items())[shard::shards])
        save_file(part, folder / name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, name)
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / f"{stem}.safetensors.index.json").write_text(json.dumps(index))


def write_tokenizer(folder: Path) -> tuple[int, int, int, int]:
    """Write a small byte-level BPE tokenizer as Qwen2 has it; return the ids of audio_bos, audio_eos, audio and eos."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    words = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    split = words + r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([_TEXT], trainer)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>", *CONTROL_TOKENS[:3]])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    vocabulary = tokenizer.get_vocab()
    bos, audio_eos, audio, eos = (vocabulary[token] for token in CONTROL_TOKENS)
    return bos, audio_eos, audio, eos


def _language_model_shapes(decoder: dict[str, Any]) -> Shapes:
    hidden, ffn = decoder["hidden_size"], decoder["intermediate_size"]
    kv = hidden // decoder["num_attention_heads"] * decoder["num_key_value_heads"]
    layer: Shapes = {
        "input_layernorm.weight": (hidden,),
        "post_attention_layernorm.weight": (hidden,),
        "self_attn.q_proj.weight": (hidden, hidden),
        "self_attn.q_proj.bias": (hidden,),
        "self_attn.k_proj.weight": (kv, hidden),
        "self_attn.k_proj.bias": (kv,),
        "self_attn.v_proj.weight": (kv, hidden),
        "self_attn.v_proj.bias": (kv,),
        "self_attn.o_proj.weight": (hidden, hidden),
        "mlp.gate_proj.weight": (ffn, hidden),
        "mlp.up_proj.weight": (ffn, hidden),
        "mlp.down_proj.weight": (hidden, ffn),
    }
    shapes: Shapes = {
        "model.language_model.embed_tokens.weight": (decoder["vocab_size"], hidden),
        "model.language_model.norm.weight": (hidden,),
    }
    for index in range(decoder["num_hidden_layers"]):
        shapes |= _prefixed(f"model.language_model.layers.{index}", layer)
    return shapes


def _coder_shapes(prefix: str, codec: dict[str, Any], direction: Literal["downsample", "upsample"]) -> Shapes:
    ratios = codec["encoder_ratios"]
    depths = [int(depth) for depth in codec["encoder_depths"].split("-")]
    widths = [codec["encoder_n_filters"] * 2**stage for stage in range(len(depths))]
    if direction == "downsample":
        ends = codec["channels"], codec["vae_dim"]
        ratios = ratios[::-1]
    else:
        ends = codec["vae_dim"], codec["channels"]
        depths, widths = depths[::-1], widths[::-1]
    first = f"{direction}_layers.0.0.conv.conv"
    shapes: Shapes = {f"{first}.weight": (widths[0], ends[0], 7), f"{first}.bias": (widths[0],)}
    for index, ratio in enumerate(ratios):
        entering, leaving = widths[index], widths[index + 1]
        is_down = direction == "downsample"
        name = f"{direction}_layers.{index + 1}.0.{'conv.conv' if is_down else 'convtr.convtr'}"
        shapes[f"{name}.weight"] = (leaving, entering, 2 * ratio) if is_down else (entering, leaving, 2 * ratio)
        shapes[f"{name}.bias"] = (leaving,)
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        for block in range(depth):
            shapes |= _prefixed(f"stages.{stage}.{block}", _block_shapes(width))
    shapes |= {"head.conv.conv.weight": (ends[1], widths[-1], 7), "head.conv.conv.bias": (ends[1],)}
    return _prefixed(prefix, shapes)


def _block_shapes(width: int) -> Shapes:
    return {
        "norm.weight": (width,),
        "ffn_norm.weight": (width,),
        "gamma": (width,),
        "ffn_gamma": (width,),
        "mixer.conv.conv.conv.weight": (width, 1, 7),
        "mixer.conv.conv.conv.bias": (width,),
        "ffn.linear1.weight": (4 * width, width),
        "ffn.linear1.bias": (4 * width,),
        "ffn.linear2.weight": (width, 4 * width),
        "ffn.linear2.bias": (width,),
    }


def _connector_shapes(prefix: str, entering: int, hidden: int) -> Shapes:
    return _prefixed(
        prefix,
        {
            "fc1.weight": (hidden, entering),
            "fc1.bias": (hidden,),
            "norm.weight": (hidden,),
            "fc2.weight": (hidden, hidden),
            "fc2.bias": (hidden,),
        },
    )


def _head_shapes(head: dict[str, Any]) -> Shapes:
    hidden, latent = head["hidden_size"], head["latent_size"]
    ffn = int(hidden * head["head_ffn_ratio"])
    shapes: Shapes = {
        "noisy_images_proj.weight": (hidden, latent),
        "cond_proj.weight": (hidden, hidden),
        "t_embedder.mlp.0.weight": (hidden, 256),
        "t_embedder.mlp.2.weight": (hidden, hidden),
        "final_layer.adaLN_modulation.1.weight": (2 * hidden, hidden),
        "final_layer.linear.weight": (latent, hidden),
    }
    for index in range(head["head_layers"]):
        shapes |= {
            f"layers.{index}.norm.weight": (hidden,),
            f"layers.{index}.adaLN_modulation.1.weight": (3 * hidden, hidden),
            f"layers.{index}.ffn.gate_proj.weight": (ffn, hidden),
            f"layers.{index}.ffn.up_proj.weight": (ffn, hidden),
            f"layers.{index}.ffn.down_proj.weight": (hidden, ffn),
        }
    return _prefixed("model.prediction_head", shapes)


def _prefixed(prefix: str, shapes: Shapes) -> Shapes:
    return {f"{prefix}.{key}": shape for key, shape in shapes.items()}


def _random_tensor(key: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    if key.endswith("speech_scaling_factor"):
        return torch.tensor(0.2)
    if key.endswith("speech_bias_factor"):
        return torch.tensor(-0.05)
    noise = torch.randn(shape, generator=generator)
    if key.endswith("norm.weight"):
        return 1 + 0.1 * noise
    if key.endswith(".bias"):
        return 0.02 * noise
    if key.endswith("gamma"):
        return 0.3 * noise
    if key.endswith("embed_tokens.weight"):
        return noise
    taps_a_sample = 2 * shape[0] if "convtr" in key else math.prod(shape[1:])
    return noise * _gain(key) / math.sqrt(taps_a_sample)


def _gain(key: str) -> float:
    """Speech at -25 dBFS in, latents of about 1 inside (5 before they are scaled), the level of speech out."""
    if "encoder.downsample_layers.0." in key:
        return 60.0
    if "decoder.upsample_layers.0." in key:
        return 0.2
    if "decoder.head." in key:
        return 0.03
    if "prediction_head.final_layer.linear." in key:
        return 0.3
    return 1.0


def _rig(weights: Weights, ids: tuple[int, int, int, int], stops_after_frames: int | None) -> None:
    """Set the marks apart and let them decide on the next token."""
    for key, tensor in weights.items():
        if key.endswith(("o_proj.weight", "mlp.down_proj.weight", "connector.fc2.weight")):
            tensor[_MARKS] = 0
        elif key.endswith(("connector.fc2.bias", "embed_tokens.weight")):
            tensor[..., _MARKS] = 0
        elif key.endswith("cond_proj.weight"):
            tensor[:, _MARKS] = 0
        elif key.startswith("model.language_model") and key.endswith("norm.weight"):
            # Lift the rest of a hidden state to where it would be without the marks.
            tensor[: _MARKS.start] = 15.0
            tensor[_MARKS] = 1.0
    weights["model.language_model.norm.weight"][_MARKS] = 0.01
    weights["model.acoustic_connector.fc2.bias"][_PLAIN] = _MARK
    weights["model.semantic_connector.fc2.bias"][_FRAME] = _MARK
    _rig_rows(weights["model.language_model.embed_tokens.weight"], ids)
    if stops_after_frames is not None:
        _rig_counter(weights, stops_after_frames)


def _rig_rows(rows: torch.Tensor, ids: tuple[int, int, int, int]) -> None:
    bos, audio_eos, audio, eos = ids
    rows[:, _PLAIN] = _MARK
    rows[list(ids)] = 0
    rows[bos, _BOS] = _MARK
    rows[audio, _BOS] = 2 * _MARK
    rows[audio, _FRAME] = 1.25 * _MARK
    rows[audio_eos, _COUNT] = 1.25 * _MARK
    rows[audio_eos, _ENDED] = _MARK
    rows[eos, _ENDED] = 6.25 * _MARK


def _rig_counter(weights: Weights, stops_after_frames: int) -> None:
    """Let head 0 attend to generated frames and to audio_bos, and to hardly anything else, and write the frames' share.

    Of k frames and two audio_bos that share is k / (k + stops_after_frames).
    """
    layer = "model.language_model.layers.0.self_attn."
    width = 64 // 4
    still = width // 2 - 1  # of the dimensions that turn with the position, the one that turns slowest
    normed_frame, normed_bos = math.sqrt(64 / 2), math.sqrt(64)  # a frame has two marks
    level = 8.0
    query, key = weights[layer + "q_proj.weight"], weights[layer + "k_proj.weight"]
    query[:width] = 0
    key[:width] = 0
    weights[layer + "q_proj.bias"][:width] = 0
    weights[layer + "k_proj.bias"][:width] = 0
    weights[layer + "q_proj.bias"][still] = math.sqrt(width)
    key[still, _FRAME] = level / normed_frame
    key[still, _BOS] = (level + math.log(stops_after_frames / 2)) / normed_bos
    value, out = weights[layer + "v_proj.weight"], weights[layer + "o_proj.weight"]
    value[0] = 0
    weights[layer + "v_proj.bias"][0] = 0
    value[0, _FRAME] = 1 / normed_frame
    # From the weights as they were rounded.
    bos_in_frames = math.exp(float(key[still, _BOS]) * normed_bos - float(key[still, _FRAME]) * normed_frame)
    share_at_the_end = (stops_after_frames - 0.5) / (stops_after_frames - 0.5 + 2 * bos_in_frames)
    out[:, 0] = 0
    out[_COUNT, 0] = _MARK / share_at_the_end
