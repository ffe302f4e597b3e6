"""Tiny Wan and InfiniteTalk checkpoints with random weights, under the names that shipped workflows load.

Real architectures at small widths: names and shapes come from ComfyUI's own classes, so its standard loaders load them.
UMT5 and CLIP vision H, whose sizes ComfyUI doesn't read from the file, need the pack support/tiny/encoders.

Where a width is fixed (wav2vec2, CLIP vision), only the first rows of each matrix are written. The rest is a hole in
the file: nearly no disk, but zeros that take memory when loaded.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

Shapes = Mapping[str, tuple[int, ...]]

DIM, HEADS, LAYERS, FFN = 80, 2, 2, 64
TEXT_WIDTH, AUDIO_WIDTH, IMAGE_WIDTH = 64, 8, 1280
VAE_WIDTH = 4
_PIECES = 327
_SMALL = (
    "modulation",
    "position_embedding.weight",
    "class_embedding",
    "masked_spec_embed",
    "padding_tokens",
    "cond_mask.weight",
)
_TEXT = """A person talks to the camera in a bright studio, with soft natural light and a calm expression. The quick
brown fox jumps over the lazy dog. blurry, low quality, watermark, subtitles, static, overexposed, worst quality,
deformed hands, messy background. A woman with long dark hair smiles while it rains. An old man looks at the sea."""


@dataclass(frozen=True)
class Checkpoint:
    """Tensors to be written as fp16 (`raw` ones as they are): of each matrix the first `rows`, by part of its name."""

    shapes: Shapes
    rows: Mapping[str, int]
    gains: Mapping[str, float]
    raw: Mapping[str, np.ndarray]
    metadata: Mapping[str, str]


def write_tiny_talking_models(models_dir: Path, names: Iterable[str] | None = None, seed: int = 0) -> None:
    """Write models into ComfyUI's folders below models_dir; `names` are of TALKING_MODELS (default: all of them).

    The same seed writes the same bytes. CLIPLoader's type is wan.
    """
    write_models(models_dir, {name: TALKING_MODELS[name] for name in names or TALKING_MODELS}, seed)


def write_models(models_dir: Path, models: Mapping[str, Callable[[], Checkpoint]], seed: int = 0) -> None:
    """Write each model under its name below models_dir."""
    for name, build in models.items():
        write_checkpoint(models_dir / name, build(), seed)


def write_checkpoint(path: Path, checkpoint: Checkpoint, seed: int = 0) -> None:
    """Write random weights that keep the level of what passes through about the same, as a safetensors file."""
    random = np.random.default_rng(seed)
    header: dict[str, Any] = {"__metadata__": dict(checkpoint.metadata)} if checkpoint.metadata else {}
    parts, end = [], 0
    for name, shape in sorted(checkpoint.shapes.items()):
        parts.append((end, _draw(name, shape, checkpoint, random)))
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": (end, end + 2 * prod(shape))}
        end += 2 * prod(shape)
    for name, values in checkpoint.raw.items():
        parts.append((end, values))
        header[name] = {"dtype": "U8", "shape": values.shape, "data_offsets": (end, end + values.size)}
        end += values.size
    encoded = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        start = file.tell()
        for offset, values in parts:
            file.seek(start + offset)
            file.write(values.tobytes())
        file.truncate(start + end)


def video_model(dim: int = DIM, heads: int = HEADS, in_dim: int = 36, has_image: bool = True) -> Checkpoint:
    """Return Wan's DiT: I2V of Wan 2.1 unless told otherwise. `dim` is a multiple of 40, as the patch has 40 heads."""
    from comfy.ldm.wan.model import WanModel

    sizes: dict[str, Any] = {
        "dim": dim,
        "ffn_dim": FFN,
        "num_layers": LAYERS,
        "num_heads": heads,
        "text_dim": TEXT_WIDTH,
    }
    shapes = shapes_of(WanModel, model_type="i2v" if has_image else "t2v", in_dim=in_dim, **sizes)
    # ComfyUI takes 128 a head unless the file says otherwise.
    config = {"transformer": {"num_heads": heads, "text_dim": TEXT_WIDTH}}
    return make_checkpoint(shapes, metadata={"config": json.dumps(config)})


def lora(modules: Iterable[str] = ("self_attn.q", "cross_attn.o", "ffn.0"), rank: int = 4) -> Checkpoint:
    """Return a LoRA for some linear layers of the DiT's blocks."""
    widths = {"ffn.0": (DIM, FFN)}
    shapes = {}
    for block in range(LAYERS):
        for module in modules:
            entering, leaving = widths.get(module, (DIM, DIM))
            name = f"diffusion_model.blocks.{block}.{module}"
            shapes[f"{name}.lora_down.weight"] = (rank, entering)
            shapes[f"{name}.lora_up.weight"] = (leaving, rank)
    return make_checkpoint(shapes)


def infinitetalk(dim: int = DIM) -> Checkpoint:
    """Return the InfiniteTalk patch for a DiT of that width. Of its 40 blocks those are used that the DiT has too."""
    from comfy_extras.nodes_model_patch import MultiTalkModelPatch

    shapes = shapes_of(MultiTalkModelPatch, in_dim=dim, intermediate_dim=AUDIO_WIDTH, out_dim=AUDIO_WIDTH)
    return make_checkpoint(shapes, gains={"audio_cross_attn.proj": 2.0})


def video_vae() -> Checkpoint:
    """Return the VAE of Wan 2.1."""
    from comfy.ldm.wan.vae import WanVAE

    shapes = shapes_of(WanVAE, is_of_operations=False, dim=VAE_WIDTH, z_dim=16, temperal_downsample=[False, True, True])
    # Frames stay around mid-grey, within 0..1.
    return make_checkpoint(shapes, gains={"decoder.head.2": 0.4})


def wav2vec2_base() -> Checkpoint:
    """Return wav2vec2 base, of full size. Its states vary over time by 0.8 for speech, by 0.01 for silence."""
    return wav2vec2(embed_dim=768, num_heads=12, num_layers=12, conv_norm=False, conv_bias=False)


def wav2vec2(**sizes: Any) -> Checkpoint:
    """Return a wav2vec2 whose convolutions pass loud sounds on."""
    from comfy.audio_encoders.wav2vec2 import Wav2Vec2Model

    shapes = shapes_of(Wav2Vec2Model, **sizes)
    names = ("weight_g", "weight_v")  # older than PyTorch's parametrizations, under which names files have them
    renamed = {
        name.replace(f"parametrizations.weight.original{i}", plain): shape
        for name, shape in shapes.items()
        for i, plain in enumerate(names)
        if f"original{1 - i}" not in name
    }
    return make_checkpoint(
        renamed,
        rows={"weight_v": 16, "attention": 16, "intermediate": 16, "output_dense": 4},
        gains={"conv_layers": 1.4},
    )


def clip_vision_h() -> Checkpoint:
    """Return CLIP vision H with two layers and a narrow inner one."""
    from comfy.clip_model import CLIPVisionModelProjection

    config = {
        "hidden_size": IMAGE_WIDTH,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 16,
        "hidden_act": "gelu",
        "model_type": "clip_vision_model",
        "num_channels": 3,
        "image_size": 224,
        "patch_size": 14,
        "projection_dim": 1024,
    }
    mark = {"vision_model.encoder.layers.30.layer_norm1.weight": (1,)}
    shapes = {**shapes_of(CLIPVisionModelProjection, config), **mark}
    return make_checkpoint(shapes, rows={"self_attn": 64, "visual_projection": 64, "fc2": 64})


def umt5() -> Checkpoint:
    """Return the UMT5 encoder with its tokenizer, of two layers and 300 pieces."""
    from comfy.text_encoders.t5 import T5

    config = {
        "vocab_size": _PIECES,
        "d_model": TEXT_WIDTH,
        "d_kv": 16,
        "num_heads": 4,
        "d_ff": 32,
        "num_layers": 2,
        "dense_act_fn": "gelu_pytorch_tanh",
        "is_gated_act": True,
        "model_type": "umt5",
    }
    mark = {"encoder.block.23.layer.1.DenseReluDense.wi_1.weight": (10240, 1)}
    return make_checkpoint({**shapes_of(T5, config), **mark}, raw={"spiece_model": _train_tokenizer()})


TALKING_MODELS: dict[str, Callable[[], Checkpoint]] = {
    "diffusion_models/Wan2_1-I2V-14B-480p_fp8_e4m3fn_scaled_KJ.safetensors": video_model,
    "model_patches/wan2.1_infiniteTalk_single_fp16.safetensors": infinitetalk,
    "vae/wan_2.1_vae.safetensors": video_vae,
    "text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors": umt5,
    "clip_vision/clip_vision_h.safetensors": clip_vision_h,
    "audio_encoders/wav2vec2-chinese-base_fp16.safetensors": wav2vec2_base,
}

_MOVING = partial(video_model, has_image=False)
PICTURE_MODELS: dict[str, Callable[[], Checkpoint]] = {
    "diffusion_models/wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors": partial(_MOVING, in_dim=16),
    "diffusion_models/wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors": _MOVING,
    "diffusion_models/wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors": _MOVING,
    "loras/lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors": lora,
    "loras/wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors": lora,
    "loras/wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors": lora,
}


def make_checkpoint(shapes: Shapes, **details: Any) -> Checkpoint:
    """Return tensors of these shapes, all of them random unless `details` (fields of Checkpoint) say otherwise."""
    return Checkpoint(**({"shapes": shapes, "rows": {}, "gains": {}, "raw": {}, "metadata": {}} | details))


def shapes_of(network: Callable[..., Any], *arguments: Any, is_of_operations: bool = True, **sizes: Any) -> Shapes:
    """Return the tensors that a network of ComfyUI has, without giving them memory."""
    import comfy.ops
    import torch

    if is_of_operations:
        sizes |= {"dtype": torch.float16, "device": "meta", "operations": comfy.ops.manual_cast}
    with torch.device("meta"):
        tensors = network(*arguments, **sizes).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _draw(name: str, shape: tuple[int, ...], checkpoint: Checkpoint, random: np.random.Generator) -> np.ndarray:
    """Return the first rows of a tensor, as fp16."""
    gain = next((gain for part, gain in checkpoint.gains.items() if part in name), 1.0)
    rows = next((rows for part, rows in checkpoint.rows.items() if part in name and len(shape) > 1), None)
    noise = random.standard_normal(shape if rows is None else (rows, *shape[1:]), dtype=np.float32)
    if name.endswith("bias"):
        values = 0.02 * noise
    elif name.endswith("weight_g"):
        values = 0.5 + 0 * noise
    elif name.endswith("gamma") or (name.endswith("weight") and len(shape) == 1):
        values = 1 + 0.1 * noise
    elif name == "shared.weight":
        values = noise
    elif name.endswith(".weights"):  # of the layers of wav2vec2, whose sum divides
        values = 1 + 0.1 * noise
    elif name.endswith(_SMALL):
        values = 0.1 * noise
    else:
        values = gain * noise / np.sqrt(prod(shape[1:]))
    return values.astype(np.float16)


def _train_tokenizer() -> np.ndarray:
    """Return a SentencePiece model that knows a few words, and any byte: uint8."""
    from sentencepiece import SentencePieceTrainer

    model = BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(_TEXT.splitlines()),
        model_writer=model,
        vocab_size=_PIECES,
        byte_fallback=True,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        normalization_rule_name="identity",
        num_threads=1,
        minloglevel=2,
    )
    return np.frombuffer(model.getvalue(), np.uint8)
