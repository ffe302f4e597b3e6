"""Each branch hears its own sound from a compiled model, too, and is compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingModels, TalkingWindow
from support.tiny.talks import add_lora
from torch._dynamo.utils import counters

Sample = Callable[..., TalkingWindow]
Prepare = Callable[[Any], Any]


def compile_model(model: Any) -> Any:
    """Return the model as ComfyUI's TorchCompileModel gives it, which skips the guards on transformer_options."""
    from comfy_extras.nodes_torch_compile import TorchCompileModel

    torch._dynamo.reset()
    counters.clear()
    return TorchCompileModel.execute(model, "eager").args[0]


def leave(model: Any) -> Any:
    return model


def add_easycache(model: Any) -> Any:
    from comfy_extras.nodes_easycache import EasyCacheNode

    return EasyCacheNode.execute(model, 3.0, 0.0, 1.0, False).args[0]


def assert_same(got: TalkingWindow, want: TalkingWindow) -> None:
    torch.testing.assert_close(got.latents, want.latents, rtol=1e-3, atol=1e-4)


@pytest.fixture
def whole_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute attention as ComfyUI does on a GPU: its choice for a CPU breaks a compiled graph."""
    from comfy.ldm.modules import attention
    from comfy.ldm.wan import model, model_multitalk

    for module in (attention, model, model_multitalk):
        monkeypatch.setattr(module, "optimized_attention", attention.attention_pytorch)


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
