from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from comfyui_talkingshorts.core.errors import ModelError
from comfyui_talkingshorts.core.vibevoice.layout import detect_layout, native_config, native_key
from comfyui_talkingshorts.engines.vibevoice.checkpoint import build_empty_network
from support.tiny.released_vibevoice import RELEASED
from support.tiny.vibevoice import original_shapes, tiny_config


@pytest.mark.parametrize("size", RELEASED)
def test_every_tensor_of_a_released_model_has_its_place_in_the_native_network(size: str) -> None:
    config, count, millions = RELEASED[size]
    original = original_shapes(config)
    native = {
        key: tuple(tensor.shape) for key, tensor in build_empty_network(native_config(config)).state_dict().items()
    }
    if config["decoder_config"]["tie_word_embeddings"]:
        del native["lm_head.weight"]

    assert len(original) == count
    assert sum(math.prod(shape) for shape in original.values()) / 1e6 == pytest.approx(millions, abs=0.05)
    assert {native_key(key): shape for key, shape in original.items()} == native


def test_other_ratios_depths_and_widths_fit_too() -> None:
    config = tiny_config()
    native = build_empty_network(native_config(config)).state_dict()
    del native["lm_head.weight"]

    assert {native_key(key): shape for key, shape in original_shapes(config).items()} == {
        key: tuple(tensor.shape) for key, tensor in native.items()
    }


@pytest.mark.parametrize(
    ("original", "native"),
    [
        ("lm_head.weight", "lm_head.weight"),
        ("model.language_model.layers.3.mlp.up_proj.weight", "model.language_model.layers.3.mlp.up_proj.weight"),
        ("model.speech_scaling_factor", "model.latent_scaling_factor"),
        ("model.prediction_head.t_embedder.mlp.2.weight", "model.diffusion_head.timestep_proj.fc2.weight"),
        (
            "model.acoustic_tokenizer.decoder.upsample_layers.2.0.convtr.convtr.bias",
            "model.audio_tower.decoder.conv_layers.1.convtr.convtr.bias",
        ),
        (
            "model.semantic_tokenizer.encoder.stages.0.1.mixer.conv.conv.conv.weight",
            "model.semantic_tokenizer_encoder.stem.stage.1.mixer.conv.weight",
        ),
        ("model.of.something.else", "model.of.something.else"),
    ],
)
def test_a_tensors_name_is_told_in_the_native_way(original: str, native: str) -> None:
    assert native_key(original) == native


def test_the_codecs_strides_are_listed_from_the_sound_inwards_and_its_depths_as_numbers() -> None:
    audio = native_config(tiny_config())["audio_config"]

    assert audio["downsampling_ratios"] == [2, 4, 5, 8, 10]
    assert audio["depths"] == [1, 2, 1, 1, 1, 2]


def test_the_spread_of_a_references_noise_is_its_fixed_one_over_four_fifths() -> None:
    config = tiny_config()
    config["acoustic_tokenizer_config"]["fix_std"] = 0.4

    assert native_config(config)["audio_config"]["vae_std"] == pytest.approx(0.5)


def test_a_misspelt_width_of_the_latents_at_the_top_does_no_harm() -> None:
    config = tiny_config()
    config["acostic_vae_dim"] = config.pop("acoustic_vae_dim")

    assert native_config(config)["audio_config"]["hidden_size"] == 8


@pytest.mark.parametrize(
    ("at_the_top", "inside", "tied"), [(False, None, False), (None, True, True), (False, True, False)]
)
def test_what_the_top_says_of_tied_embeddings_counts_most(
    at_the_top: bool | None, inside: bool | None, tied: bool
) -> None:
    config = tiny_config()
    for part, said in ((config, at_the_top), (config["decoder_config"], inside)):
        part.pop("tie_word_embeddings", None)
        if said is not None:
            part["tie_word_embeddings"] = said

    assert native_config(config)["text_config"]["tie_word_embeddings"] is tied


def test_the_rotary_frequencies_follow_the_configs_base() -> None:
    config = tiny_config()
    config["decoder_config"]["rope_theta"] = 500.0

    rotary = build_empty_network(native_config(config)).model.language_model.rotary_emb

    assert torch.allclose(rotary.inv_freq, 500.0 ** (-torch.arange(8) / 8))


def test_a_config_with_a_decoder_config_is_of_the_original_layout() -> None:
    assert detect_layout(tiny_config()) == "original"
    assert detect_layout({"model_type": "vibevoice", "text_config": {}}) == "native"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "qwen2"}, 'not a VibeVoice model: its model_type is "qwen2"'),
        ({}, "not a VibeVoice model"),
        ({"model_type": "vibevoice_streaming", "decoder_config": {}}, "another kind of VibeVoice"),
        ({"model_type": "vibevoice_asr"}, "another kind of VibeVoice"),
        ({"model_type": "vibevoice", "architectures": ["VibeVoiceForASRTraining"]}, "another kind of VibeVoice"),
        (tiny_config() | {"quantization_config": {"load_in_4bit": True}}, "quantised"),
    ],
)
def test_a_model_that_cannot_speak_here_is_told_apart(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        detect_layout(config)


@pytest.mark.parametrize("part", ["acoustic_tokenizer_config", "semantic_tokenizer_config", "diffusion_head_config"])
def test_a_config_that_lacks_a_part_says_which(part: str) -> None:
    config = tiny_config()
    del config[part]

    with pytest.raises(ModelError, match=part):
        native_config(config)


@pytest.mark.parametrize("depths", ["1-2-x", 7, None])
def test_a_config_with_depths_that_are_none_is_refused(depths: Any) -> None:
    config = tiny_config()
    config["acoustic_tokenizer_config"]["encoder_depths"] = depths

    with pytest.raises(ModelError, match="makes no sense"):
        native_config(config)


def test_another_language_model_than_qwen2_is_refused() -> None:
    config = tiny_config()
    config["decoder_config"]["model_type"] = "llama"

    with pytest.raises(ModelError, match='"llama"'):
        native_config(config)
