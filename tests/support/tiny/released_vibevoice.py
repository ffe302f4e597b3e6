"""What decides on the tensors of the VibeVoice models as they were released, in bf16."""

from __future__ import annotations

from typing import Any


def released_config(hidden: int, heads: int, kv_heads: int, ffn: int, vocabulary: int, is_tied: bool) -> dict[str, Any]:
    """The parts of a released model's config.json that decide on its tensors."""
    codec = {
        "encoder_n_filters": 32,
        "encoder_ratios": [8, 5, 5, 4, 2, 2],
        "encoder_depths": "3-3-3-3-3-3-8",
        "channels": 1,
    }
    return {
        "model_type": "vibevoice",
        "acoustic_tokenizer_config": codec | {"vae_dim": 64, "fix_std": 0.5},
        "semantic_tokenizer_config": codec | {"vae_dim": 128, "fix_std": 0},
        "decoder_config": {
            "model_type": "qwen2",
            "hidden_size": hidden,
            "num_hidden_layers": 28,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "intermediate_size": ffn,
            "vocab_size": vocabulary,
            "tie_word_embeddings": is_tied,
        },
        "diffusion_head_config": {"hidden_size": hidden, "latent_size": 64, "head_layers": 4, "head_ffn_ratio": 3.0},
    }


# name -> config, number of tensors, millions of parameters
RELEASED = {
    "1.5B": (released_config(1536, 12, 2, 8960, 151936, is_tied=True), 1204, 2704.0),
    "7B": (released_config(3584, 28, 4, 18944, 152064, is_tied=False), 1205, 9343.4),
}
