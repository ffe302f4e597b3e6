"""Each branch hears its own sound from a compiled model, too, and the patch takes no more memory than its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from comfy.model_management import load_models_gpu
from comfyui_talkingshorts.engines.infinitetalk.audio_attention import attach_audio
from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingModels, TalkingWindow
from support.compiled import compile_model
from support.tiny.talking_models import load_models
from support.tiny.talks import add_lora
from support.tiny.wan import write_tiny_talking_models
from torch._dynamo.utils import counters

Sample = Callable[..., TalkingWindow]
Prepare = Callable[[Any], Any]


def leave(model: Any) -> Any:
    return model


def add_easycache(model: Any) -> Any:
    from comfy_extras.nodes_easycache import EasyCacheNode

    return EasyCacheNode.execute(model, 3.0, 0.0, 1.0, False).args[0]


def assert_same(got: TalkingWindow, want: TalkingWindow) -> None:
    torch.testing.assert_close(got.latents, want.latents, rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("whole_attention")
@pytest.mark.parametrize(
    ("settings", "prepare", "graphs"),
    [
        ({"batch": "batched"}, leave, 1),
        ({"batch": "sequential"}, leave, 1),
        ({"batch": "sequential", "end": 0.5}, leave, 1),
        # Three branches share a forward, then two.
        ({"batch": "batched", "end": 0.5}, leave, 2),
        ({"text_scale": 1.0, "audio_scale": 1.0}, leave, 1),
        ({"batch": "sequential"}, add_lora, 1),
    ],
    ids=["batched", "sequential", "end of guidance", "end of guidance, batched", "one branch", "LoRA"],
)
def test_a_compiled_model_gives_the_same_windows_and_is_compiled_once(
    settings: dict[str, Any], prepare: Prepare, graphs: int, sample: Sample, models: TalkingModels
) -> None:
    model = prepare(models.model)
    compiled = compile_model(model)

    for index in (0, 1):
        window = sample(index, steps=4, model=compiled, **settings)
        assert_same(window, sample(index, steps=4, model=model, **settings))
    assert counters["stats"]["unique_graphs"] == graphs
    assert not counters["graph_break"]


@pytest.mark.usefixtures("whole_attention")
def test_a_compiled_model_gives_the_same_window_with_easycache(sample: Sample, models: TalkingModels) -> None:
    """EasyCache's own decisions break the graph."""
    model = add_easycache(models.model)

    window = sample(steps=4, model=compile_model(model), batch="sequential")

    assert_same(window, sample(steps=4, model=model, batch="sequential"))


def test_a_model_that_is_compiled_in_pieces_gives_the_same_windows(sample: Sample, models: TalkingModels) -> None:
    """ComfyUI's attention on a CPU breaks the graph inside each block, as a GPU's may that isn't PyTorch's."""
    compiled = compile_model(models.model)

    window = sample(0, model=compiled, text_scale=1.0, batch="sequential")
    graphs = counters["stats"]["unique_graphs"]
    assert_same(window, sample(0, text_scale=1.0, batch="sequential"))
    assert_same(sample(1, model=compiled, text_scale=1.0, batch="sequential"), sample(1, text_scale=1.0))
    assert counters["stats"]["unique_graphs"] == graphs


@pytest.fixture
def model_patch(tmp_path: Path) -> Any:
    """Return an InfiniteTalk patch that no other test uses, in fp32 as ComfyUI loads it where it doesn't stream."""
    write_tiny_talking_models(tmp_path, ["model_patches/wan2.1_infiniteTalk_single_fp16.safetensors"])
    return load_models(tmp_path)["model_patches"]


def list_matrices(model_patch: Any) -> list[torch.nn.Linear]:
    return [layer for layer in model_patch.model.blocks.modules() if isinstance(layer, torch.nn.Linear)]


def test_the_patch_is_stored_as_in_its_file_and_gives_the_same_window(
    model_patch: Any, sample: Sample, models: TalkingModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as context:
        context.setattr(model_patch, "is_dynamic", lambda: True)
        want = sample(model_patch=model_patch)
    before = model_patch.model_size()
    matrix_bytes = sum(layer.weight.nbytes for layer in list_matrices(model_patch))

    got = sample(model_patch=model_patch)

    assert torch.equal(got.latents, want.latents)
    assert {layer.weight.dtype for layer in list_matrices(model_patch)} == {torch.float16}
    assert model_patch.model_size() == before - matrix_bytes / 2


def test_a_patch_that_was_loaded_before_is_loaded_anew(model_patch: Any, models: TalkingModels) -> None:
    load_models_gpu([model_patch])

    attach_audio(models.model, model_patch)
    load_models_gpu([model_patch])

    assert 0 < model_patch.loaded_size() <= model_patch.model_size()


def test_a_matrix_that_fp16_would_change_stays(model_patch: Any, models: TalkingModels) -> None:
    first, *others = list_matrices(model_patch)
    with torch.no_grad():
        first.weight[0, 0] = 1 / 3
    weight = first.weight.clone()

    attach_audio(models.model, model_patch)

    assert torch.equal(first.weight, weight)
    assert {layer.weight.dtype for layer in others} == {torch.float16}


def test_a_patch_that_comfyui_streams_from_its_file_stays_as_it_is(
    model_patch: Any, models: TalkingModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_patch, "is_dynamic", lambda: True)

    attach_audio(models.model, model_patch)

    assert {layer.weight.dtype for layer in list_matrices(model_patch)} == {torch.float32}
