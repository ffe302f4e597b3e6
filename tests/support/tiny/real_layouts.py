"""What the files of models.json hold: the name, dtype and shape of every tensor, written down as rules.

The names are those of the official code (Wan-Video, MeiGen-AI/InfiniteTalk, and Hugging Face's UMT5, CLIP and
wav2vec2); which of them a file has, and as what, shows in its size. safetensors begins with a header that spells out
name, dtype and shape of each tensor, sorted by dtype and name, so a size that fits to the byte fits no other layout by
chance. Each rule says what isn't certain by that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

Shape = tuple[int, ...]
Shapes = dict[str, Shape]
Layout = dict[str, tuple[str, Shape]]
"""Of each tensor the dtype, as safetensors calls it, and the shape."""

# In the order in which safetensors stores them.
_BYTES = {"I64": 8, "F32": 4, "BF16": 2, "F16": 2, "F8_E4M3": 1, "U8": 1}

DIM, FFN, BLOCKS, TEXT, FREQUENCIES, PATCH = 5120, 13824, 40, 4096, 256, (1, 2, 2)
LATENT, IMAGE = 16, 1280
INJECTORS, SPEECH = 12, 1024
LORA_RANK = 64


@dataclass(frozen=True)
class RealFile:
    """A file's tensors, and how long the metadata in its header are (the name `__metadata__` included)."""

    make_layout: Callable[[], Layout]
    metadata_bytes: int = 0

    def count_bytes(self) -> int:
        """Return the file's size, short of at most seven spaces that pad the header."""
        layout = self.make_layout()
        return 8 + _count_header_bytes(layout) + self.metadata_bytes + count_tensor_bytes(layout)


def count_tensor_bytes(layout: Layout) -> int:
    return sum(_BYTES[dtype] * prod(shape) for dtype, shape in layout.values())


def _count_header_bytes(layout: Layout) -> int:
    header: dict[str, Any] = {}
    end = 0
    order = list(_BYTES)
    for name, (dtype, shape) in sorted(layout.items(), key=lambda item: (order.index(item[1][0]), item[0])):
        start, end = end, end + _BYTES[dtype] * prod(shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": (start, end)}
    return len(json.dumps(header, separators=(",", ":")))


def wan_shapes(in_dim: int, has_image: bool = False) -> Shapes:
    """Return Wan's DiT of 14B. `in_dim` is 16 for T2V and 36 for I2V; Wan 2.1 I2V also sees the image through CLIP.

    Names: WanModel in Wan-Video/Wan2.1, wan/modules/model.py.
    """
    shapes = {
        **_weighted("patch_embedding", DIM, in_dim, *PATCH),
        **_weighted("text_embedding.0", DIM, TEXT),
        **_weighted("text_embedding.2", DIM, DIM),
        **_weighted("time_embedding.0", DIM, FREQUENCIES),
        **_weighted("time_embedding.2", DIM, DIM),
        **_weighted("time_projection.1", 6 * DIM, DIM),
        "head.modulation": (1, 2, DIM),
        **_weighted("head.head", LATENT * prod(PATCH), DIM),
    }
    for index in range(BLOCKS):
        block = f"blocks.{index}"
        shapes |= {
            f"{block}.modulation": (1, 6, DIM),
            **_attention(f"{block}.self_attn"),
            **_norm(f"{block}.norm3", DIM),
            **_attention(f"{block}.cross_attn"),
            **_weighted(f"{block}.ffn.0", FFN, DIM),
            **_weighted(f"{block}.ffn.2", DIM, FFN),
        }
        if has_image:
            shapes |= {
                **_weighted(f"{block}.cross_attn.k_img", DIM, DIM),
                **_weighted(f"{block}.cross_attn.v_img", DIM, DIM),
                f"{block}.cross_attn.norm_k_img.weight": (DIM,),
            }
    if has_image:
        shapes |= {
            **_norm("img_emb.proj.0", IMAGE),
            **_weighted("img_emb.proj.1", IMAGE, IMAGE),
            **_weighted("img_emb.proj.3", DIM, IMAGE),
            **_norm("img_emb.proj.4", DIM),
        }
    return shapes


def wan_s2v_shapes() -> Shapes:
    """Return Wan 2.2 S2V 14B: the T2V model with sound and pictures to go by.

    Names: WanModel_S2V in Wan-Video/Wan2.2, wan/modules/s2v/model_s2v.py, its audio and motion modules beside it.
    """
    encoder = "casual_audio_encoder.encoder"
    shapes = wan_shapes(LATENT) | {
        "trainable_cond_mask.weight": (3, DIM),
        "casual_audio_encoder.weights": (1, 25, 1, 1),
        f"{encoder}.padding_tokens": (1, 1, 1, DIM),
        **_weighted(f"{encoder}.conv1_local.conv", DIM, SPEECH, 3),
        **_weighted(f"{encoder}.conv1_global.conv", DIM // 4, SPEECH, 3),
        **_weighted(f"{encoder}.conv2.conv", DIM // 2, DIM // 4, 3),
        **_weighted(f"{encoder}.conv3.conv", DIM, DIM // 2, 3),
        **_weighted(f"{encoder}.final_linear", DIM, DIM),
        **_weighted("cond_encoder", DIM, LATENT, *PATCH),
        **_weighted("frame_packer.proj", DIM, LATENT, 1, 2, 2),
        **_weighted("frame_packer.proj_2x", DIM, LATENT, 2, 4, 4),
        **_weighted("frame_packer.proj_4x", DIM, LATENT, 4, 8, 8),
    }
    for index in range(INJECTORS):
        shapes |= {
            **_attention(f"audio_injector.injector.{index}"),
            **_weighted(f"audio_injector.injector_adain_layers.{index}.linear", 2 * DIM, DIM),
        }
    return shapes


def scaled_by_comfy(shapes: Shapes, dtype: str) -> Layout:
    """Return a DiT as Comfy-Org repackages it: all linear layers in fp8, each with a scale of weight and input.

    The sizes fit to the byte, and with them the older layout: `scaled_fp8`, an empty tensor whose dtype is what counts,
    `scale_weight` and `scale_input`, and not `comfy_quant`. Assumed: that the input scales are 1, which ComfyUI drops.
    """
    layout: Layout = {"scaled_fp8": ("F8_E4M3", (0,))}
    for name, shape in shapes.items():
        if _is_linear(name, shape):
            layer = name.removesuffix("weight")
            layout |= {
                name: ("F8_E4M3", shape),
                f"{layer}scale_weight": ("F32", ()),
                f"{layer}scale_input": ("F32", ()),
            }
        else:
            layout[name] = (dtype, shape)
    return layout


def scaled_by_kijai(shapes: Shapes) -> Layout:
    """Return a DiT as Kijai scales it: in fp8 only the linear layers of the blocks, and the patch embedding in fp32.

    The tensors fit the size; of two bytes, `scaled_fp8` tells ComfyUI not to multiply in fp8. Assumed: fp16 where
    it could be bf16, which is nearer to the size. Half a kilobyte of the header isn't explained.
    """
    layout: Layout = {"scaled_fp8": ("F8_E4M3", (2,))}
    for name, shape in shapes.items():
        if name.startswith("blocks.") and _is_linear(name, shape):
            layout |= {name: ("F8_E4M3", shape), name.replace(".weight", ".scale_weight"): ("F32", ())}
        else:
            layout[name] = ("F32" if name.startswith("patch_embedding.") else "F16", shape)
    return layout


def infinitetalk() -> Layout:
    """Return the InfiniteTalk patch: matrices of the blocks in fp16, all else in fp32.

    Names: AudioProjModel and SingleStreamAttention in MeiGen-AI/InfiniteTalk, wan/modules. Which tensors are fp32 shows
    in the size, down to 72 bytes of the header.
    """
    window, later_window, layers, channels, tokens, inner = 5, 8, 12, 768, 32, 512
    shapes = {
        **_weighted("audio_proj.proj1", inner, window * layers * channels),
        **_weighted("audio_proj.proj1_vf", inner, later_window * layers * channels),
        **_weighted("audio_proj.proj2", inner, inner),
        **_weighted("audio_proj.proj3", tokens * channels, inner),
        **_norm("audio_proj.norm", channels),
    }
    for index in range(BLOCKS):
        attention = f"blocks.{index}.audio_cross_attn"
        shapes |= {
            **_weighted(f"{attention}.q_linear", DIM, DIM),
            **_weighted(f"{attention}.kv_linear", 2 * DIM, channels),
            **_weighted(f"{attention}.proj", DIM, DIM),
            **_norm(f"blocks.{index}.norm_x", DIM),
        }
    return {
        name: ("F16" if name.startswith("blocks.") and len(shape) == 2 else "F32", shape)
        for name, shape in shapes.items()
    }


def umt5_xxl() -> Layout:
    """Return the UMT5 encoder with its SentencePiece model: linear layers in fp8, without scales for their inputs.

    Names: UMT5EncoderModel of Hugging Face's transformers. The size fits to the byte.
    """
    width, inner, ffn, heads, buckets, pieces = 4096, 4096, 10240, 64, 32, 256384
    layout: Layout = {
        "scaled_fp8": ("F8_E4M3", (0,)),
        "spiece_model": ("U8", (4548313,)),
        "shared.weight": ("F16", (pieces, width)),
        "encoder.final_layer_norm.weight": ("F16", (width,)),
    }
    for index in range(24):
        attention, dense = (f"encoder.block.{index}.layer.{part}" for part in (0, 1))
        layout |= {
            f"{attention}.layer_norm.weight": ("F16", (width,)),
            f"{attention}.SelfAttention.relative_attention_bias.weight": ("F16", (buckets, heads)),
            f"{dense}.layer_norm.weight": ("F16", (width,)),
        }
        linear = {f"{attention}.SelfAttention.{name}": (inner, width) for name in "qkv"} | {
            f"{attention}.SelfAttention.o": (width, inner),
            f"{dense}.DenseReluDense.wi_0": (ffn, width),
            f"{dense}.DenseReluDense.wi_1": (ffn, width),
            f"{dense}.DenseReluDense.wo": (width, ffn),
        }
        for name, shape in linear.items():
            layout |= {f"{name}.weight": ("F8_E4M3", shape), f"{name}.scale_weight": ("F32", ())}
    return layout


def wan_vae() -> Layout:
    """Return the VAE of Wan 2.1.

    Names: WanVAE_ in Wan-Video/Wan2.1, wan/modules/vae.py. Two bytes a number by the size, and 9 KB of metadata, as
    ComfyUI's Save VAE leaves: assumed to be bf16, in which ComfyUI runs it. It decides nothing: ComfyUI converts.
    """
    width, deepest = 96, 384
    shapes = {
        **_weighted("conv1", 2 * LATENT, 2 * LATENT, 1, 1, 1),
        **_weighted("conv2", LATENT, LATENT, 1, 1, 1),
        **_weighted("encoder.conv1", width, 3, 3, 3, 3),
        **_weighted("encoder.head.2", 2 * LATENT, deepest, 3, 3, 3),
        "encoder.head.0.gamma": (deepest, 1, 1, 1),
        **_weighted("decoder.conv1", deepest, LATENT, 3, 3, 3),
        **_weighted("decoder.head.2", 3, width, 3, 3, 3),
        "decoder.head.0.gamma": (width, 1, 1, 1),
    }
    for coder in ("encoder", "decoder"):
        shapes |= {
            **_residual(f"{coder}.middle.0", deepest, deepest),
            f"{coder}.middle.1.norm.gamma": (deepest, 1, 1),
            **_weighted(f"{coder}.middle.1.to_qkv", 3 * deepest, deepest, 1, 1),
            **_weighted(f"{coder}.middle.1.proj", deepest, deepest, 1, 1),
            **_residual(f"{coder}.middle.2", deepest, deepest),
        }
    layers = iter(range(15))
    for level, (entering, leaving) in enumerate(((96, 96), (96, 192), (192, 384), (384, 384))):
        shapes |= _residual(f"encoder.downsamples.{next(layers)}", leaving, entering)
        shapes |= _residual(f"encoder.downsamples.{next(layers)}", leaving, leaving)
        if level < 3:
            resample = f"encoder.downsamples.{next(layers)}"
            shapes |= _weighted(f"{resample}.resample.1", leaving, leaving, 3, 3)
            shapes |= _weighted(f"{resample}.time_conv", leaving, leaving, 3, 1, 1) if level else {}
    layers = iter(range(15))
    for level, (entering, leaving) in enumerate(((384, 384), (192, 384), (192, 192), (96, 96))):
        shapes |= _residual(f"decoder.upsamples.{next(layers)}", leaving, entering)
        shapes |= _residual(f"decoder.upsamples.{next(layers)}", leaving, leaving)
        shapes |= _residual(f"decoder.upsamples.{next(layers)}", leaving, leaving)
        if level < 3:
            resample = f"decoder.upsamples.{next(layers)}"
            shapes |= _weighted(f"{resample}.resample.1", leaving // 2, leaving, 3, 3)
            shapes |= _weighted(f"{resample}.time_conv", 2 * leaving, leaving, 3, 1, 1) if level < 2 else {}
    return _all_in("BF16", shapes)


def clip_vision_h() -> Layout:
    """Return CLIP's ViT-H/14 and the integers that older versions of transformers save with it.

    Names: CLIPVisionModelWithProjection of Hugging Face's transformers. The size fits to two bytes.
    """
    width, ffn, projected, patch, positions = IMAGE, 5120, 1024, 14, 257
    shapes = {
        "vision_model.embeddings.class_embedding": (width,),
        "vision_model.embeddings.patch_embedding.weight": (width, 3, patch, patch),
        "vision_model.embeddings.position_embedding.weight": (positions, width),
        **_norm("vision_model.pre_layrnorm", width),
        **_norm("vision_model.post_layernorm", width),
        "visual_projection.weight": (projected, width),
    }
    for index in range(32):
        layer = f"vision_model.encoder.layers.{index}"
        shapes |= {
            **_norm(f"{layer}.layer_norm1", width),
            **_norm(f"{layer}.layer_norm2", width),
            **_weighted(f"{layer}.mlp.fc1", ffn, width),
            **_weighted(f"{layer}.mlp.fc2", width, ffn),
        }
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= _weighted(f"{layer}.self_attn.{name}", width, width)
    return _all_in("F16", shapes) | {"vision_model.embeddings.position_ids": ("I64", (1, positions))}


def wav2vec2_base() -> Layout:
    """Return TencentGameMate's chinese-wav2vec2-base: as it was pretrained, with the parts that only training uses.

    Names: Wav2Vec2ForPreTraining of Hugging Face's transformers. The size fits to the byte.
    """
    groups, entries, code, projected = 2, 320, 128, 256
    return _wav2vec2(width=768, layers=12, is_large=False) | _all_in(
        "F16",
        {
            "quantizer.codevectors": (1, groups * entries, code),
            **_weighted("quantizer.weight_proj", groups * entries, 512),
            **_weighted("project_hid", projected, 768),
            **_weighted("project_q", projected, 256),
        },
    )


def wav2vec2_large() -> Layout:
    """Return wav2vec2 large, trained to recognise English, with the letters it was trained on.

    Names: Wav2Vec2ForCTC of Hugging Face's transformers. The size fits to the byte.
    """
    return _wav2vec2(width=1024, layers=24, is_large=True) | _all_in("F16", _weighted("lm_head", 33, 1024))


def _wav2vec2(width: int, layers: int, is_large: bool) -> Layout:
    heard, ffn, groups, taps = 512, 4 * width, 16, 128
    shapes = {
        "masked_spec_embed": (width,),
        **_norm("feature_projection.layer_norm", heard),
        **_weighted("feature_projection.projection", width, heard),
        **_norm("encoder.layer_norm", width),
        "encoder.pos_conv_embed.conv.bias": (width,),
        "encoder.pos_conv_embed.conv.weight_g": (1, 1, taps),
        "encoder.pos_conv_embed.conv.weight_v": (width, width // groups, taps),
    }
    for index, kernel in enumerate((10, 3, 3, 3, 3, 2, 2)):
        layer = f"feature_extractor.conv_layers.{index}"
        shapes[f"{layer}.conv.weight"] = (heard, heard if index else 1, kernel)
        if is_large:
            shapes[f"{layer}.conv.bias"] = (heard,)
        if is_large or index == 0:
            shapes |= _norm(f"{layer}.layer_norm", heard)
    for index in range(layers):
        layer = f"encoder.layers.{index}"
        shapes |= {
            **_norm(f"{layer}.layer_norm", width),
            **_norm(f"{layer}.final_layer_norm", width),
            **_weighted(f"{layer}.feed_forward.intermediate_dense", ffn, width),
            **_weighted(f"{layer}.feed_forward.output_dense", width, ffn),
        }
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= _weighted(f"{layer}.attention.{name}", width, width)
    return _all_in("F16", {f"wav2vec2.{name}": shape for name, shape in shapes.items()})


def kijai_lora() -> Layout:
    """Return the distilled LoRA that Kijai extracted: for Wan 2.1 I2V, whole but for modulation and patch weights.

    What is no matrix comes as its difference, `diff`, or of a bias `diff_b`. Names as in logs of the LoRA on models
    it doesn't fit ("lora key not loaded"). The size fits to the byte.
    """
    layout: Layout = {}
    for name, shape in wan_shapes(36, has_image=True).items():
        layer, _, kind = f"diffusion_model.{name}".rpartition(".")
        if kind == "modulation" or name == "patch_embedding.weight":
            continue
        if kind == "bias":
            layout[f"{layer}.diff_b"] = ("BF16", shape)
        elif _is_linear(name, shape):
            layout |= _low_rank(layer, shape, "BF16")
        else:
            layout[f"{layer}.diff"] = ("BF16", shape)
    return layout


def lightning_lora() -> Layout:
    """Return a distilled LoRA of Wan 2.2 I2V: for the linear layers of the blocks, in fp32, with integer alphas.

    Names as in lightx2v/Wan2.2-Lightning's rank-64 files. The size fits to the byte (but so would bf16 of rank 128
    under the names lora_A and lora_B). Assumed: the alphas' value, 8.
    """
    layout: Layout = {}
    for name, shape in wan_shapes(36).items():
        if name.startswith("blocks.") and _is_linear(name, shape):
            layer = f"diffusion_model.{name.removesuffix('.weight')}"
            layout |= _low_rank(layer, shape, "F32") | {f"{layer}.alpha": ("I64", ())}
    return layout


def _low_rank(layer: str, shape: Shape, dtype: str) -> Layout:
    leaving, entering = shape
    return {
        f"{layer}.lora_down.weight": (dtype, (LORA_RANK, entering)),
        f"{layer}.lora_up.weight": (dtype, (leaving, LORA_RANK)),
    }


def _is_linear(name: str, shape: Shape) -> bool:
    """Tell the weight of a linear layer; S2V's table of three embeddings is none."""
    return len(shape) == 2 and name.endswith(".weight") and name != "trainable_cond_mask.weight"


def _weighted(name: str, leaving: int, *entering: int) -> Shapes:
    return {f"{name}.weight": (leaving, *entering), f"{name}.bias": (leaving,)}


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _attention(name: str) -> Shapes:
    norms = {f"{name}.norm_{letter}.weight": (DIM,) for letter in "qk"}
    return {key: shape for letter in "qkvo" for key, shape in _weighted(f"{name}.{letter}", DIM, DIM).items()} | norms


def _residual(name: str, leaving: int, entering: int) -> Shapes:
    return {
        f"{name}.residual.0.gamma": (entering, 1, 1, 1),
        **_weighted(f"{name}.residual.2", leaving, entering, 3, 3, 3),
        f"{name}.residual.3.gamma": (leaving, 1, 1, 1),
        **_weighted(f"{name}.residual.6", leaving, leaving, 3, 3, 3),
        **({} if leaving == entering else _weighted(f"{name}.shortcut", leaving, entering, 1, 1, 1)),
    }


def _all_in(dtype: str, shapes: Shapes) -> Layout:
    return {name: (dtype, shape) for name, shape in shapes.items()}


def _scaled_i2v() -> Layout:
    return scaled_by_comfy(wan_shapes(36), "F16")


_FORMAT_PT = len('"__metadata__":{"format":"pt"},')

T2V = "wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors"
TALKING_I2V = "Wan2_1-I2V-14B-480p_fp8_e4m3fn_scaled_KJ.safetensors"
I2V_HIGH = "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors"
I2V_LOW = "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors"
S2V = "wan2.2_s2v_14B_fp8_scaled.safetensors"
INFINITETALK = "wan2.1_infiniteTalk_single_fp16.safetensors"
UMT5 = "umt5_xxl_fp8_e4m3fn_scaled.safetensors"
VAE = "wan_2.1_vae.safetensors"
CLIP_VISION = "clip_vision_h.safetensors"
WAV2VEC2_BASE = "wav2vec2-chinese-base_fp16.safetensors"
WAV2VEC2_LARGE = "wav2vec2_large_english_fp16.safetensors"
TALKING_LORA = "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"
HIGH_LORA = "wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors"
LOW_LORA = "wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors"

REAL_FILES = {
    T2V: RealFile(lambda: scaled_by_comfy(wan_shapes(LATENT), "F16")),
    TALKING_I2V: RealFile(lambda: scaled_by_kijai(wan_shapes(36, has_image=True)), metadata_bytes=532),
    I2V_HIGH: RealFile(_scaled_i2v),
    I2V_LOW: RealFile(_scaled_i2v),
    S2V: RealFile(lambda: scaled_by_comfy(wan_s2v_shapes(), "BF16")),
    INFINITETALK: RealFile(infinitetalk, metadata_bytes=72),
    UMT5: RealFile(umt5_xxl),
    VAE: RealFile(wan_vae, metadata_bytes=9072),
    CLIP_VISION: RealFile(clip_vision_h, _FORMAT_PT),
    WAV2VEC2_BASE: RealFile(wav2vec2_base, _FORMAT_PT),
    WAV2VEC2_LARGE: RealFile(wav2vec2_large),
    TALKING_LORA: RealFile(kijai_lora),
    HIGH_LORA: RealFile(lightning_lora),
    LOW_LORA: RealFile(lightning_lora),
}
