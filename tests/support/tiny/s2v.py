"""Tiny Wan S2V checkpoints with random weights, in the style of those of support.tiny.wan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .wan import (
    DIM,
    FFN,
    HEADS,
    LAYERS,
    TEXT_WIDTH,
    Checkpoint,
    make_checkpoint,
    shapes_of,
    umt5,
    video_vae,
    wav2vec2,
    write_models,
)


def s2v_model(dim: int = DIM, heads: int = HEADS) -> Checkpoint:
    """Return the DiT of Wan 2.2 S2V. Of its 12 audio injectors only the first has a block to go with."""
    from comfy.ldm.wan.model import WanModel_S2V

    shapes = shapes_of(
        WanModel_S2V, dim=dim, ffn_dim=FFN, num_layers=LAYERS, num_heads=heads, text_dim=TEXT_WIDTH, in_dim=16
    )
    config = {"transformer": {"num_heads": heads, "text_dim": TEXT_WIDTH}}
    return make_checkpoint(shapes, metadata={"config": json.dumps(config)})


def wav2vec2_large() -> Checkpoint:
    """Return wav2vec2 large, of full size."""
    return wav2vec2(embed_dim=1024, num_heads=16, num_layers=24, conv_norm=True, conv_bias=True)


S2V_MODELS: dict[str, Callable[[], Checkpoint]] = {
    "diffusion_models/wan2.2_s2v_14B_fp8_scaled.safetensors": s2v_model,
    "audio_encoders/wav2vec2_large_english_fp16.safetensors": wav2vec2_large,
}

_OTHER_MODELS: dict[str, Callable[[], Checkpoint]] = {
    "vae/wan_2.1_vae.safetensors": video_vae,
    "text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors": umt5,
}


def write_tiny_speech_models(models_dir: Path, seed: int = 0) -> None:
    """Write all that a speech video is made with into ComfyUI's folders below models_dir."""
    write_models(models_dir, {**S2V_MODELS, **_OTHER_MODELS}, seed)
