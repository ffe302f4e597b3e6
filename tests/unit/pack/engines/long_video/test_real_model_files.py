"""ComfyUI's loaders take every file of models.json whole, in its real size: names, dtypes and shapes, no numbers."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import comfy.lora
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.quant_ops import QuantizedTensor
from comfyui_talkingshorts.core.errors import ModelError
from comfyui_talkingshorts.engines.infinitetalk.audio_attention import attach_audio
from comfyui_talkingshorts.engines.infinitetalk.audio_features import require_wav2vec2_base
from comfyui_talkingshorts.engines.wan_s2v.audio_alignment import align_audio
from comfyui_talkingshorts.engines.wan_s2v.speech_features import SpeechEncoder
from support.checkout import ROOT
from support.tiny.meta_models import load, load_lora, on_meta
from support.tiny.real_layouts import (
    CLIP_VISION,
    HIGH_LORA,
    I2V_HIGH,
    I2V_LOW,
    INFINITETALK,
    LOW_LORA,
    REAL_FILES,
    S2V,
    T2V,
    TALKING_I2V,
    TALKING_LORA,
    UMT5,
    VAE,
    WAV2VEC2_BASE,
    WAV2VEC2_LARGE,
    count_tensor_bytes,
)
from support.tiny.released_vibevoice import RELEASED
from support.tiny.vibevoice import original_shapes
from talkingshorts.shipped.models import load_model_list

FILES = load_model_list(ROOT / "models.json")
BYTES = {file.name: file.bytes for file in FILES}
FOLDERS = {file.name: file.folder for file in FILES if file.folder != "vibevoice"}
LOADABLE = [name for name, folder in FOLDERS.items() if folder != "loras"]
LORAS = {TALKING_LORA: TALKING_I2V, HIGH_LORA: I2V_HIGH, LOW_LORA: I2V_LOW}

# What only training uses, or another program; the loaders pass over it.
SURPLUS = {
    UMT5: "clip unexpected: ['spiece_model']",
    WAV2VEC2_BASE: "unexpected audio encoder: ['quantizer.codevectors', 'quantizer.weight_proj.weight', "
    "'quantizer.weight_proj.bias', 'project_hid.weight', 'project_hid.bias', 'project_q.weight', 'project_q.bias']",
    WAV2VEC2_LARGE: "unexpected audio encoder: ['lm_head.weight', 'lm_head.bias']",
}


@pytest.fixture(autouse=True)
def _on_meta() -> Iterator[None]:
    with on_meta():
        yield


def video_model(name: str) -> ModelPatcher:
    return load("diffusion_models", name).value


def network_of(name: str) -> Any:
    return video_model(name).model.diffusion_model


def quantized(network: torch.nn.Module) -> list[Any]:
    """Return the layers whose weights are fp8 with a scale."""
    return [layer for layer in network.modules() if isinstance(getattr(layer, "weight", None), QuantizedTensor)]


def count_parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.numel() > 1)


def test_the_layout_of_every_file_is_known() -> None:
    assert set(FOLDERS) == set(REAL_FILES)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_is_as_large_as_its_layout_makes_it(name: str) -> None:
    tensors = count_tensor_bytes(REAL_FILES[name].make_layout())

    # safetensors pads the header with up to seven spaces.
    assert 0 <= BYTES[name] - REAL_FILES[name].count_bytes() < 8
    assert 0.99 * BYTES[name] < tensors < BYTES[name]


@pytest.mark.parametrize("size", RELEASED)
def test_the_files_of_a_vibevoice_are_together_as_large_as_its_tensors(size: str) -> None:
    config, _, _ = RELEASED[size]
    files = [name for name in BYTES if name.startswith(f"VibeVoice-{size}/") and name.endswith(".safetensors")]
    tensors = 2 * sum(prod(shape) for shape in original_shapes(config).values())

    # The headers spell out a tensor in some 130 characters.
    assert tensors < sum(BYTES[name] for name in files) < tensors + 200 * len(original_shapes(config))


@pytest.mark.parametrize("name", LOADABLE)
def test_a_loader_lacks_no_tensor_and_has_none_too_many(name: str) -> None:
    loaded = load(FOLDERS[name], name)

    assert loaded.complaints == ((SURPLUS[name],) if name in SURPLUS else ())


@pytest.mark.parametrize("name", LOADABLE)
def test_a_model_takes_as_much_memory_as_its_file(name: str) -> None:
    value = load(FOLDERS[name], name).value
    patcher = value if isinstance(value, ModelPatcher) else value.patcher

    assert patcher.is_dynamic()
    # A hundredth for what isn't loaded: header, SURPLUS.
    assert 0.99 * BYTES[name] < patcher.model_size() < 1.001 * BYTES[name]


@pytest.mark.parametrize(
    ("name", "model", "in_dim", "has_image", "millions"),
    [
        (T2V, "WAN21", 16, False, 14288),
        (TALKING_I2V, "WAN21", 36, True, 16395),
        (I2V_HIGH, "WAN21", 36, False, 14289),
        (I2V_LOW, "WAN21", 36, False, 14289),
        (S2V, "WAN22_S2V", 16, False, 16296),
    ],
)
def test_a_video_model_is_taken_for_what_it_is(
    name: str, model: str, in_dim: int, has_image: bool, millions: int
) -> None:
    network = network_of(name)
    config = video_model(name).model.model_config.unet_config

    assert type(video_model(name).model).__name__ == model
    assert (config["image_model"], config["in_dim"]) == ("wan2.1", in_dim)
    assert (config["dim"], config["num_layers"], config["num_heads"]) == (5120, 40, 40)
    assert (getattr(network, "img_emb", None) is not None) == has_image
    assert count_parameters(network) == pytest.approx(millions * 1e6, abs=1e6)


@pytest.mark.parametrize(
    ("name", "layers", "multiplies_in_fp8"),
    [(T2V, 406, True), (TALKING_I2V, 480, False), (I2V_HIGH, 406, True), (I2V_LOW, 406, True), (S2V, 467, True)],
)
def test_a_video_model_stays_in_fp8_with_its_scales(name: str, layers: int, multiplies_in_fp8: bool) -> None:
    found = quantized(network_of(name))

    assert len(found) == layers
    assert {layer.weight._qdata.dtype for layer in found} == {torch.float8_e4m3fn}
    assert {layer._full_precision_mm for layer in found} == {not multiplies_in_fp8}


def test_the_text_encoder_stays_in_fp8_and_reads_with_the_tokenizer_in_its_file() -> None:
    encoder = load("text_encoders", UMT5).value
    transformer = encoder.cond_stage_model.umt5xxl.transformer
    tokens = encoder.tokenize("a woman talks")
    conditioning, _ = encoder.cond_stage_model.encode_token_weights(tokens)[:2]

    assert len(quantized(transformer)) == 24 * 7
    assert count_parameters(transformer) == pytest.approx(5681e6, abs=1e6)
    assert tokens["umt5xxl"][0][0][0] > 2
    assert conditioning.shape == (1, 512, 4096)


@pytest.mark.parametrize(
    ("folder", "name", "millions"),
    [
        ("vae", VAE, 126.9),
        ("clip_vision", CLIP_VISION, 632.1),
        ("audio_encoders", WAV2VEC2_BASE, 94.4),
        ("audio_encoders", WAV2VEC2_LARGE, 315.4),
        ("model_patches", INFINITETALK, 2487.2),
    ],
)
def test_a_smaller_model_has_all_its_parameters(folder: str, name: str, millions: float) -> None:
    loaded = load(folder, name).value
    network = loaded.model if hasattr(loaded, "model") else loaded.first_stage_model

    assert count_parameters(network) / 1e6 == pytest.approx(millions, abs=0.1)


def test_infinitetalk_fits_the_model_of_the_talking_video() -> None:
    patch = load("model_patches", INFINITETALK).value

    clone, attention = attach_audio(video_model(TALKING_I2V), patch)

    assert clone.model is video_model(TALKING_I2V).model
    assert attention.models() == [patch]
    assert len(patch.model.blocks) == len(network_of(TALKING_I2V).blocks)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (T2V, "WanModel with 16 input channels"),
        (I2V_HIGH, r"36 input channels\. InfiniteTalk needs Wan 2\.1 I2V 14B \(36 channels and an image embedding\)"),
        (S2V, "WanModel_S2V with 16 input channels"),
    ],
)
def test_infinitetalk_refuses_the_other_video_models(name: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        attach_audio(video_model(name), load("model_patches", INFINITETALK).value)


def test_wan_s2v_hears_and_the_other_video_models_are_refused() -> None:
    assert align_audio(video_model(S2V)).model is video_model(S2V).model
    for name in (T2V, TALKING_I2V, I2V_HIGH):
        with pytest.raises(ModelError, match=r"WanModel \(WAN21\), not Wan S2V"):
            align_audio(video_model(name))


def test_each_kind_of_video_hears_through_its_own_wav2vec2() -> None:
    base, large = (load("audio_encoders", name).value for name in (WAV2VEC2_BASE, WAV2VEC2_LARGE))
    speech = torch.zeros(16000).numpy()

    assert require_wav2vec2_base(base) is base.model
    SpeechEncoder(large, speech)
    with pytest.raises(ModelError, match="a wav2vec2 of 24 layers of 1024"):
        require_wav2vec2_base(large)
    with pytest.raises(ModelError, match="a wav2vec2 of 12 layers of 768"):
        SpeechEncoder(base, speech)


@pytest.mark.parametrize(("name", "changes"), [(TALKING_LORA, 1261), (HIGH_LORA, 400), (LOW_LORA, 400)])
def test_every_part_of_a_lora_changes_a_weight_of_its_model(
    name: str, changes: int, caplog: pytest.LogCaptureFixture
) -> None:
    model = video_model(LORAS[name])
    loaded = load_lora(model, name)
    shapes = {key: weight.shape for key, weight in model.model.named_parameters()}

    assert loaded.complaints == ()
    assert len(loaded.value.patches) == changes
    for key, patches in loaded.value.patches.items():
        weight = torch.empty(shapes[key], device="meta")
        assert comfy.lora.calculate_weight(patches, weight, key).shape == shapes[key]
    assert caplog.records == []


def test_the_talking_videos_lora_is_not_taken_for_one_of_wan_2_2() -> None:
    loaded = load_lora(video_model(I2V_HIGH), TALKING_LORA)

    assert "lora key not loaded: diffusion_model.blocks.0.cross_attn.k_img.lora_up.weight" in loaded.complaints
