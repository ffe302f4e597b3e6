from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from comfyui_talkingshorts.core.errors import ModelError
from comfyui_talkingshorts.core.vibevoice.checkpoint_files import fingerprint_checkpoint, list_checkpoints
from comfyui_talkingshorts.engines.vibevoice.checkpoint import load_network
from safetensors.torch import load_file, save_file
from support.tiny.vibevoice import write_tiny_vibevoice, write_weights

EMBED_TOKENS = "model.language_model.embed_tokens.weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_vibevoice(tmp_path / "tiny")


def change_config(folder: Path, change: Callable[[dict[str, Any]], Any], name: str = "config.json") -> None:
    config = json.loads((folder / name).read_text())
    change(config)
    (folder / name).write_text(json.dumps(config))


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


def put_in_doubled_embeddings(weights: dict[str, torch.Tensor]) -> None:
    weights["lm_head.weight"] = 2 * weights[EMBED_TOKENS]


@pytest.mark.parametrize(("layout", "shards"), [("original", 3), ("native", 1), ("native", 2), ("single", 1)])
def test_every_layout_and_number_of_files_gives_the_same_network(
    layout: Literal["original", "native", "single"], shards: int, folder: Path, tmp_path: Path
) -> None:
    path = write_tiny_vibevoice(tmp_path / "other", layout, shards)

    expected, got = (load_network(each, torch.float32).state_dict() for each in (folder, path))

    assert expected.keys() == got.keys()
    assert all(torch.equal(expected[key], got[key]) for key in expected)


def test_a_single_file_may_stand_beside_a_config_json(tmp_path: Path) -> None:
    path = write_tiny_vibevoice(tmp_path, "single")
    path.with_suffix(".config.json").rename(tmp_path / "config.json")

    assert load_network(path, torch.float32).lm_head.weight.shape[1] == 64


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("stored", ["bfloat16", "float32"])
def test_weights_are_turned_into_the_wanted_dtype_and_frequencies_stay_exact(
    dtype: torch.dtype, stored: str, tmp_path: Path
) -> None:
    network = load_network(write_tiny_vibevoice(tmp_path, dtype=stored), dtype)

    rotary = network.model.language_model.rotary_emb
    assert {parameter.dtype for parameter in network.parameters()} == {dtype}
    assert {tensor.device.type for tensor in (*network.parameters(), *network.buffers())} == {"cpu"}
    assert {buffer.dtype for buffer in network.buffers()} == {torch.float32}
    assert torch.allclose(rotary.inv_freq, 1e6 ** (-torch.arange(8) / 8))
    assert torch.allclose(
        network.model.diffusion_head.timestep_embedding.freq, 1e4 ** (-torch.arange(128) / 128), rtol=1e-5
    )


def test_a_dtype_in_the_config_changes_nothing(folder: Path) -> None:
    change_config(folder, lambda config: config.update(dtype="float16", torch_dtype="float16"))

    assert load_network(folder, torch.float32).lm_head.weight.dtype == torch.float32


def test_without_an_lm_head_the_embedding_table_takes_its_place(folder: Path) -> None:
    network = load_network(folder, torch.float32)

    assert network.lm_head.weight is network.model.language_model.embed_tokens.weight


def test_a_tied_model_may_hold_its_embedding_table_twice(folder: Path) -> None:
    change_weights(folder, lambda weights: weights.update({"lm_head.weight": weights[EMBED_TOKENS].clone()}))

    network = load_network(folder, torch.float32)

    assert torch.equal(network.lm_head.weight, network.model.language_model.embed_tokens.weight)


@pytest.mark.parametrize("said", ["at the top", "nowhere"])
def test_an_untied_lm_head_is_kept(said: str, folder: Path) -> None:
    change_weights(folder, put_in_doubled_embeddings)
    change_config(folder, lambda config: config["decoder_config"].pop("tie_word_embeddings"))
    if said == "at the top":
        change_config(folder, lambda config: config.update(tie_word_embeddings=False))

    network = load_network(folder, torch.float32)

    assert torch.equal(network.lm_head.weight, 2 * network.model.language_model.embed_tokens.weight)


def test_an_untied_model_without_its_lm_head_is_refused(folder: Path) -> None:
    change_config(folder, lambda config: config.update(tie_word_embeddings=False))

    with pytest.raises(ModelError, match=r"1 missing \(lm_head\.weight\)"):
        load_network(folder, torch.float32)


def test_missing_unknown_and_wrongly_shaped_tensors_are_counted_and_named(folder: Path) -> None:
    def spoil(weights: dict[str, torch.Tensor]) -> None:
        for key in [key for key in weights if ".prediction_head." in key]:
            del weights[key]
        weights["model.extra"] = torch.zeros(1)
        weights["model.language_model.norm.weight"] = torch.zeros(3)

    change_weights(folder, spoil)

    with pytest.raises(ModelError) as caught:
        load_network(folder, torch.float32)

    words = str(caught.value)
    assert "16 missing (model.diffusion_head.cond_proj.weight," in words
    assert "1 unknown (model.extra)" in words
    assert "1 of another shape (model.language_model.norm.weight [3] instead of [64])" in words
    assert str(folder) in words
    assert "models/vibevoice" in words


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def write(name: str, content: bytes) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_bytes(content)


def truncate(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 100_000)


def remove_a_shard(folder: Path) -> None:
    write_weights(folder, load_file(folder / "model.safetensors"), shards=3)
    (folder / "model.safetensors").unlink()
    (folder / "model-00002-of-00003.safetensors").unlink()


def quantise(folder: Path) -> None:
    change_weights(folder, lambda weights: weights.update({EMBED_TOKENS: weights[EMBED_TOKENS].to(torch.uint8)}))


def empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (empty, "lacks model.safetensors"),
        (remove("config.json"), "lacks config.json"),
        (remove("model.safetensors"), "lacks model.safetensors"),
        (remove_a_shard, "lacks model-00002-of-00003.safetensors"),
        (write("model.safetensors.index.json", b"{}"), "names no files in a weight_map"),
        (write("config.json", b'{"model_type": '), "config.json can't be read"),
        (write("config.json", b"\xff\xfe"), "config.json can't be read"),
        (write("config.json", b"[]"), "config.json holds no JSON object"),
        (write("config.json", b'{"model_type": "qwen2"}'), 'its model_type is "qwen2"'),
        (write("config.json", b'{"model_type": "vibevoice", "text_config": {"model_type": "no"}}'), "can be built"),
        (write("model.safetensors", b""), "model.safetensors can't be read and may be damaged"),
        (write("model.safetensors", b"version https://git-lfs"), "may be damaged"),
        (truncate, "may be damaged"),
        (quantise, "quantised"),
    ],
)
def test_what_is_wrong_with_a_models_files_is_told(spoil: Callable[[Path], Any], words: str, folder: Path) -> None:
    spoil(folder)

    with pytest.raises(ModelError, match=words) as caught:
        load_network(folder, torch.float32)

    assert str(folder) in str(caught.value)


def test_a_single_file_without_its_config_says_which_it_needs(tmp_path: Path) -> None:
    path = write_tiny_vibevoice(tmp_path, "single")
    path.with_suffix(".config.json").unlink()

    with pytest.raises(ModelError, match=r"lacks its tiny\.config\.json"):
        load_network(path, torch.float32)


def test_a_shard_that_the_index_seeks_elsewhere_is_looked_for_in_the_folder(folder: Path, tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "elsewhere.safetensors")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"x": "../elsewhere.safetensors"}}')

    with pytest.raises(ModelError, match=r"lacks elsewhere\.safetensors"):
        load_network(folder, torch.float32)


def test_the_list_of_models_holds_folders_and_single_files_at_any_depth(tmp_path: Path) -> None:
    for name in ("config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"):
        touch(tmp_path / "microsoft" / "VibeVoice-1.5B" / name)
    for name in ("one.safetensors", "one.config.json", "two.safetensors", "config.json", "notes.txt"):
        touch(tmp_path / "files" / name)
    touch(tmp_path / "unfinished" / "config.json")
    touch(tmp_path / "voices" / "me.wav")

    assert list_checkpoints(tmp_path) == [
        "files/one.safetensors",
        "files/two.safetensors",
        "microsoft/VibeVoice-1.5B",
        "unfinished",
    ]


def test_a_model_is_listed_once_no_file_of_its_folder_is_on_its_way(tmp_path: Path) -> None:
    for name in ("config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors.part"):
        touch(tmp_path / "VibeVoice-7B" / name)
    touch(tmp_path / "single.safetensors")
    touch(tmp_path / "another.safetensors.part")

    assert list_checkpoints(tmp_path) == ["single.safetensors"]
    part = tmp_path / "VibeVoice-7B" / "model-00002-of-00002.safetensors.part"
    part.rename(part.with_suffix(""))
    assert list_checkpoints(tmp_path) == ["VibeVoice-7B", "single.safetensors"]


def test_a_folder_that_is_not_there_holds_no_models(tmp_path: Path) -> None:
    assert list_checkpoints(tmp_path / "none") == []


@pytest.mark.parametrize("layout", ["original", "single"])
def test_the_fingerprint_changes_with_the_weights_and_the_config(
    layout: Literal["original", "single"], tmp_path: Path
) -> None:
    path = write_tiny_vibevoice(tmp_path, layout)
    first = fingerprint_checkpoint(path)
    os.utime(path / "model.safetensors" if path.is_dir() else path, ns=(1, 1))
    second = fingerprint_checkpoint(path)
    config = next(tmp_path.glob("*config.json"))
    config.write_text(config.read_text() + " ")

    assert fingerprint_checkpoint(path) == fingerprint_checkpoint(path)
    assert len({first, second, fingerprint_checkpoint(path)}) == 3


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
