from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from comfyui_talkingshorts.core.errors import ModelError
from comfyui_talkingshorts.engines.vibevoice.checkpoint import load_network, read_hidden_size
from comfyui_talkingshorts.engines.vibevoice.model import VibeVoice, choose_dtype, load_vibevoice
from comfyui_talkingshorts.engines.vibevoice.tokenizer import load_tokenizer
from support.tiny.vibevoice import write_tiny_vibevoice

HIDDEN_1_5B, HIDDEN_7B = 1536, 3584
CPU = torch.device("cpu")
# It has no memory: a stand-in for a GPU on which nothing can be computed, but by which one sees what was moved.
ELSEWHERE = torch.device("meta")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_vibevoice(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def unloaded() -> Iterator[None]:
    """Leave no model behind in ComfyUI's list."""
    import comfy.model_management

    yield
    comfy.model_management.unload_all_models()


def read(vibevoice: VibeVoice) -> torch.Tensor:
    """Let the language model read a sentence: hidden states [1, length, hidden]."""
    ids = vibevoice.tokenizer.encode("hello there")
    with torch.inference_mode():
        embeddings = vibevoice.embed_tokens[ids][None].to(vibevoice.dtype)
        return vibevoice.model.language_model(inputs_embeds=embeddings).last_hidden_state


def load_partly(vibevoice: VibeVoice, device: torch.device, monkeypatch: pytest.MonkeyPatch, budget_bytes: int) -> None:
    """Move the model as ComfyUI does when it has room for so much of it."""
    import comfy.model_management

    vibevoice.patcher.load_device = device
    with monkeypatch.context() as patched:
        patched.setattr(
            comfy.model_management,
            "load_models_gpu",
            lambda patchers, memory_required: patchers[0].partially_load(device, budget_bytes),
        )
        vibevoice.move_to_device()


def test_a_loaded_model_knows_what_the_loop_asks_it(folder: Path) -> None:
    vibevoice = load_vibevoice(folder, "fp32")

    assert vibevoice.name == folder.name
    assert vibevoice.dtype == torch.float32
    assert vibevoice.samples_per_frame == 3200
    assert vibevoice.latent_size == 8
    assert vibevoice.vae_std == pytest.approx(0.625)


def test_a_single_file_brings_the_tokenizer_beside_it(tmp_path: Path) -> None:
    path = write_tiny_vibevoice(tmp_path, "single")

    vibevoice = load_vibevoice(path, "fp32")

    assert vibevoice.name == "tiny"
    assert vibevoice.tokenizer.control_ids == load_tokenizer(tmp_path).control_ids


def test_the_gpu_is_spared_the_embedding_table_and_all_but_four_rows_of_the_lm_head(folder: Path) -> None:
    network = load_network(folder, torch.float32)
    lm_head = network.lm_head.weight.clone()

    vibevoice = load_vibevoice(folder, "fp32")

    assert torch.equal(vibevoice.embed_tokens, lm_head)
    assert torch.equal(vibevoice.model.token_rows, lm_head[list(vibevoice.tokenizer.control_ids)])
    assert not any(tensor.shape == lm_head.shape for tensor in vibevoice.model.state_dict().values())


def test_the_model_reads_as_the_network_that_it_came_from(folder: Path) -> None:
    network = load_network(folder, torch.float32)
    ids = load_tokenizer(folder).encode("hello there")

    with torch.inference_mode():
        expected = network.model.language_model(input_ids=torch.tensor([ids])).last_hidden_state

    assert torch.equal(read(load_vibevoice(folder, "fp32")), expected)


@pytest.mark.usefixtures("unloaded")
def test_comfyui_moves_the_model_and_takes_it_back(folder: Path) -> None:
    import comfy.model_management

    vibevoice = load_vibevoice(folder, "fp32")
    expected = read(vibevoice)

    for _ in range(2):
        assert vibevoice.move_to_device(1000) == CPU
        assert not vibevoice.patcher.model.model_lowvram
        assert vibevoice.patcher in comfy.model_management.loaded_models()
        assert torch.equal(read(vibevoice), expected)
        comfy.model_management.unload_all_models()
        assert vibevoice.patcher not in comfy.model_management.loaded_models()


@pytest.mark.parametrize("dtype", ["fp32", "bf16", "fp8"])
def test_weights_that_stream_in_give_the_same_bits(dtype: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vibevoice = load_vibevoice(folder, dtype)
    expected = read(vibevoice)

    load_partly(vibevoice, CPU, monkeypatch, budget_bytes=1)
    assert vibevoice.patcher.model.model_lowvram
    assert torch.equal(read(vibevoice), expected)

    load_partly(vibevoice, CPU, monkeypatch, budget_bytes=10**9)
    assert not vibevoice.patcher.model.model_lowvram
    assert torch.equal(read(vibevoice), expected)


@pytest.mark.parametrize("dtype", ["bf16", "fp8"])
def test_of_a_model_that_does_not_fit_only_linear_layers_of_the_language_model_stay_behind(
    dtype: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vibevoice = load_vibevoice(folder, dtype)

    load_partly(vibevoice, ELSEWHERE, monkeypatch, budget_bytes=1)

    behind = {name for name, tensor in list_tensors(vibevoice.model) if tensor.device == CPU}
    linear = {name for name, _ in list_tensors(vibevoice.model) if name.startswith("language_model") and "proj" in name}
    assert behind == linear
    hidden = torch.empty(1, 4, 64, dtype=vibevoice.dtype, device=ELSEWHERE)
    assert vibevoice.model.language_model(inputs_embeds=hidden).last_hidden_state.device == ELSEWHERE


def test_a_layer_that_comes_back_is_the_one_in_the_file(folder: Path) -> None:
    layer = load_vibevoice(folder, "bf16").model.language_model.layers[0].self_attn.q_proj
    weight, bias = layer.weight.clone(), layer.bias.clone()
    address = layer.weight.data_ptr()

    for _ in range(2):
        layer.to(ELSEWHERE)
        assert layer.weight.device == layer.bias.device == ELSEWHERE
        layer.to(CPU)

    assert torch.equal(layer.weight, weight)
    assert torch.equal(layer.bias, bias)
    assert layer.weight.data_ptr() == address


@pytest.mark.parametrize("dtype", ["bf16", "fp8"])
def test_a_model_that_fits_moves_as_a_whole(dtype: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with torch.inference_mode():  # as a node runs
        vibevoice = load_vibevoice(folder, dtype)

        load_partly(vibevoice, ELSEWHERE, monkeypatch, budget_bytes=10**9)

    assert {tensor.device for _, tensor in list_tensors(vibevoice.model)} == {ELSEWHERE}
    assert vibevoice.embed_tokens.device == CPU


def list_tensors(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    return [*module.named_parameters(), *module.named_buffers()]


def test_fp8_halves_the_language_models_linear_layers_and_hardly_changes_what_it_reads(folder: Path) -> None:
    def count_bytes(vibevoice: VibeVoice) -> int:
        weights = dict(vibevoice.model.language_model.named_parameters())
        return sum(weight.nbytes for name, weight in weights.items() if name.endswith("proj.weight"))

    in_bf16, in_fp8 = load_vibevoice(folder, "bf16"), load_vibevoice(folder, "fp8")
    wanted, got = read(load_vibevoice(folder, "fp32")), read(in_fp8)

    assert count_bytes(in_fp8) < 0.51 * count_bytes(in_bf16)
    assert (got - wanted).square().mean() < 0.05 * wanted.square().mean()


@pytest.mark.parametrize(
    ("has_bf16", "has_fp16", "hidden_size", "expected"),
    [
        (True, True, HIDDEN_7B, torch.bfloat16),
        (False, True, HIDDEN_7B, torch.float16),
        (False, True, HIDDEN_1_5B, torch.float32),
        (False, False, HIDDEN_7B, torch.float32),
    ],
)
@pytest.mark.parametrize("choice", ["auto", "fp8"])
def test_auto_computes_in_what_the_device_is_good_at(
    choice: str,
    has_bf16: bool,
    has_fp16: bool,
    hidden_size: int,
    expected: torch.dtype,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import comfy.model_management

    monkeypatch.setattr(comfy.model_management, "should_use_bf16", lambda device: has_bf16)
    monkeypatch.setattr(comfy.model_management, "should_use_fp16", lambda device: has_fp16)

    assert choose_dtype(choice, hidden_size) == expected


def test_auto_is_fp32_on_a_cpu() -> None:
    assert choose_dtype("auto", HIDDEN_7B) == torch.float32


def test_the_width_of_a_model_is_read_in_either_layout(tmp_path: Path) -> None:
    for layout in ("original", "native", "single"):
        assert read_hidden_size(write_tiny_vibevoice(tmp_path / layout, layout)) == 64


def test_fp8_is_refused_in_words_where_the_device_knows_no_8_bit_floats(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import comfy.model_management

    monkeypatch.setattr(comfy.model_management, "get_torch_device", lambda: torch.device("mps"))

    with pytest.raises(ModelError, match="The device mps doesn't support 8-bit floats"):
        load_vibevoice(folder, "fp8")


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    path = write_tiny_vibevoice(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (path / name).unlink()  # ComfyUI's then takes its place, and has 151,665 tokens

    with pytest.raises(ModelError, match="has token 151654, and the model knows"):
        load_vibevoice(path, "fp32")


def test_without_a_tokenizer_of_its_own_a_model_gets_comfyuis(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tmp_path)

    assert tokenizer.control_ids == (151652, 151653, 151654, 151643)
    assert tokenizer.encode(" Hello there\n") == [21927, 1052, 198]


def test_vocab_and_merges_make_a_tokenizer_too(folder: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    Tokenizer.from_file(str(folder / "tokenizer.json")).model.save(str(tmp_path))
    (tmp_path / "tokenizer_config.json").write_text(with_control_tokens(folder))

    one, other = load_tokenizer(folder), load_tokenizer(tmp_path)

    assert other.control_ids == one.control_ids
    assert other.encode("Hello, there: 42") == one.encode("Hello, there: 42")


def test_vocab_and_merges_alone_have_the_control_tokens_where_qwen_has_them(tmp_path: Path) -> None:
    import comfy.text_encoders

    qwen = Path(comfy.text_encoders.__path__[0]) / "qwen25_tokenizer"
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(qwen / name, tmp_path)

    one, other = load_tokenizer(qwen), load_tokenizer(tmp_path)

    assert other.control_ids == one.control_ids
    assert other.encode("Hello, there: 42<|vision_pad|>") == one.encode("Hello, there: 42<|vision_pad|>")


def with_control_tokens(folder: Path) -> str:
    """Write the ids of the control tokens as a tokenizer_config.json does where there is no tokenizer.json."""
    import json

    words: dict[str, Any] = json.loads((folder / "tokenizer_config.json").read_text())
    added = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    words["added_tokens_decoder"] = {str(token.pop("id")): token for token in added}
    return json.dumps(words)


def test_the_name_of_a_control_token_in_a_script_is_text_like_any_other(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)

    ids = tokenizer.encode("a<|vision_start|>b<|endoftext|>")

    assert not set(ids) & set(tokenizer.control_ids)
    assert len(ids) > 10


@pytest.mark.parametrize("content", ["", "{", '{"model": {"type": "no"}}'])
def test_a_damaged_tokenizer_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(content)

    with pytest.raises(ModelError, match=f"The tokenizer in {tmp_path} can't be read"):
        load_tokenizer(tmp_path)


def test_a_tokenizer_without_the_tokens_of_sound_is_refused(folder: Path, tmp_path: Path) -> None:
    text = (folder / "tokenizer.json").read_text().replace("<|vision_pad|>", "<|no_pad|>")
    (tmp_path / "tokenizer.json").write_text(text)

    with pytest.raises(ModelError, match=r"lacks <\|vision_pad\|>"):
        load_tokenizer(tmp_path)
