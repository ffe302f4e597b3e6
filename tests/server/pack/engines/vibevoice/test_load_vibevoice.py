"""Loading VibeVoice on a real ComfyUI: what it lists, what it loads again, and what it says when it can't."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.servers.on_comfyui import ComfyUI, run_graph
from support.tiny.vibevoice import write_tiny_vibevoice

HINT = "put a model in models/vibevoice"


@pytest.fixture
def shelf(comfyui: ComfyUI, tmp_path: Path) -> Iterator[Path]:
    """An empty models/vibevoice; what other tests put there comes back afterwards."""
    folder = comfyui.base / "models" / "vibevoice"
    folder.mkdir(parents=True, exist_ok=True)
    kept = shutil.move(folder, tmp_path / "kept")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)
    shutil.move(kept, folder)


def list_models(comfyui: ComfyUI) -> list[str]:
    node = comfyui.get("/object_info/TalkingShortsLoadVibeVoice")["TalkingShortsLoadVibeVoice"]
    return node["input"]["required"]["model"][1]["options"]


def load(comfyui: ComfyUI, model: str, dtype: str = "auto") -> dict[str, Any]:
    graph = {
        "1": {"class_type": "TalkingShortsLoadVibeVoice", "inputs": {"model": model, "dtype": dtype}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }
    return run_graph(comfyui, graph)


def read_shown(job: dict[str, Any]) -> str:
    return job["outputs"]["2"]["text"][0]


def test_models_are_listed_as_soon_as_they_lie_there(comfyui: ComfyUI, shelf: Path) -> None:
    assert list_models(comfyui) == [HINT]

    write_tiny_vibevoice(shelf / "microsoft" / "tiny")
    write_tiny_vibevoice(shelf, "single")

    assert list_models(comfyui) == ["microsoft/tiny", "tiny.safetensors"]


@pytest.mark.parametrize("dtype", ["auto", "bf16", "fp16", "fp32", "fp8"])
def test_a_model_loads_in_every_dtype(dtype: str, comfyui: ComfyUI, shelf: Path) -> None:
    write_tiny_vibevoice(shelf / "tiny")

    job = load(comfyui, "tiny", dtype)

    assert job["status"] == "completed", job
    assert "samples_per_frame=3200" in read_shown(job)


def test_a_model_is_loaded_again_when_its_files_change_and_only_then(comfyui: ComfyUI, shelf: Path) -> None:
    write_tiny_vibevoice(shelf / "tiny", seed=1)
    first, again = (read_shown(load(comfyui, "tiny", "fp32")) for _ in range(2))
    write_tiny_vibevoice(shelf / "tiny", seed=2)

    changed = read_shown(load(comfyui, "tiny", "fp32"))

    assert first == again
    assert changed != first


def test_without_a_model_the_node_says_where_to_put_one(comfyui: ComfyUI, shelf: Path) -> None:
    error = load(comfyui, HINT)["execution_error"]

    assert str(shelf) in error["exception_message"]
    assert "microsoft/VibeVoice-1.5B" in error["exception_message"]


def test_a_damaged_model_is_told_and_a_repaired_one_loads(comfyui: ComfyUI, shelf: Path) -> None:
    write_tiny_vibevoice(shelf / "tiny", shards=2)
    (shelf / "tiny" / "model-00002-of-00002.safetensors").unlink()

    error = load(comfyui, "tiny")["execution_error"]
    assert "lacks model-00002-of-00002.safetensors" in error["exception_message"]

    write_tiny_vibevoice(shelf / "tiny", shards=2)
    assert load(comfyui, "tiny")["status"] == "completed"
