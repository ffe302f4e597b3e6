"""ComfyUI's questions to the cache of finished stages, and what it answers."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import folder_paths
import nodes
import pytest
import torch
from comfy_api.latest import Caching
from comfy_execution import cache_provider
from comfyui_talkingshorts.engines.output_cache.provider import (
    KEPT_CLASSES,
    VARIABLE,
    OutputCache,
    read_max_bytes,
    register_output_cache,
)
from server import PromptServer
from support.checkout import ROOT

WORKFLOWS = ROOT / "workflows"
GIGABYTE = 1000**3
VALUE = Caching.CacheValue([[torch.arange(5)]], {"meta": {"node_id": "2"}, "output": {"text": ["a note"]}})
GRAPH = {
    "1": {"class_type": "CLIPLoader", "inputs": {"clip_name": "umt5.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 0], "text": "a person talks"}},
    "3": {"class_type": "TalkingShortsSaveShort", "inputs": {"video": ["2", 0]}},
}


@pytest.fixture(autouse=True)
def comfyui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for a ComfyUI whose folders are all in tmp_path."""
    known = {node["class_type"]: type("Node", (), {}) for node in GRAPH.values()}
    monkeypatch.setattr(nodes, "NODE_CLASS_MAPPINGS", known)
    monkeypatch.setattr(folder_paths, "folder_names_and_paths", {"all": ([str(tmp_path)], set())})
    for name in ("user", "temp", "input"):
        monkeypatch.setattr(folder_paths, f"{name}_directory", str(tmp_path / name))
    (tmp_path / "umt5.safetensors").touch()


def start(monkeypatch: pytest.MonkeyPatch, graph: dict[str, Any], cache: OutputCache | None = None) -> OutputCache:
    """Have ComfyUI run a graph; without a cache given, ComfyUI was just started."""
    running = [(0, "other job", {}, {}, []), (1, "job", graph, {}, [])]
    queue = SimpleNamespace(get_current_queue_volatile=lambda: (running, []))
    monkeypatch.setattr(PromptServer, "instance", SimpleNamespace(prompt_queue=queue), raising=False)
    cache = cache or OutputCache(GIGABYTE)
    cache.on_prompt_start("job")
    return cache


def ask(node_id: str = "2", class_type: str = "CLIPTextEncode") -> Caching.CacheContext:
    return Caching.CacheContext(node_id, class_type, "hash")


def look_up(cache: OutputCache, context: Caching.CacheContext) -> Caching.CacheValue | None:
    return asyncio.run(cache.on_lookup(context)) if cache.should_cache(context) else None


def list_kept(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "user").rglob("*.safetensors"))


def test_what_a_node_made_is_on_the_disk_before_comfyui_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = start(monkeypatch, GRAPH)

    dispatched = cache.should_cache(ask(), VALUE)

    assert not dispatched, "on_store would run it again, later"
    assert [path.parent for path in list_kept(tmp_path)] == [tmp_path / "user" / "talkingshorts" / "outputs"]


def test_it_is_served_after_a_restart_to_whatever_node_asks_for_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, GRAPH).should_cache(ask(), VALUE)
    moved = {"1": GRAPH["1"], "12:3": GRAPH["2"], "3": GRAPH["3"]}

    served = look_up(start(monkeypatch, moved), ask("12:3"))

    assert served is not None
    assert torch.equal(served.outputs[0][0], torch.arange(5))
    assert served.ui["output"] == {"text": ["a note"]}
    assert (served.ui["meta"]["node_id"], served.ui["meta"]["display_node"]) == ("12:3", "12:3")


def test_a_node_that_showed_nothing_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    start(monkeypatch, GRAPH).should_cache(ask(), Caching.CacheValue([[1]]))

    served = look_up(start(monkeypatch, GRAPH), ask())

    assert served == Caching.CacheValue([[1]])


@pytest.mark.parametrize(
    ("graph", "context"),
    [
        (GRAPH, ask("1", "CLIPLoader")),
        (GRAPH, ask("2.0.0.1")),
        ({"1": GRAPH["1"], "2": GRAPH["2"]}, ask()),
        ({}, ask()),
    ],
    ids=["a class that isn't listed", "made while the graph ran", "nothing of the pack", "not from the queue"],
)
def test_nothing_else_is_kept_or_looked_for(
    graph: dict[str, Any], context: Caching.CacheContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = start(monkeypatch, graph)

    assert not cache.should_cache(context)
    assert not cache.should_cache(context, VALUE)
    assert not (tmp_path / "user").exists()


def test_nothing_is_kept_of_a_model_that_was_swapped_while_comfyui_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = start(monkeypatch, {"1": GRAPH["1"]})
    os.utime(tmp_path / "umt5.safetensors", (1, 1))

    start(monkeypatch, GRAPH, cache).should_cache(ask(), VALUE)
    assert list_kept(tmp_path) == []
    start(monkeypatch, GRAPH).should_cache(ask(), VALUE)
    assert len(list_kept(tmp_path)) == 1


def test_the_log_says_once_a_graph_how_many_stages_were_taken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    start(monkeypatch, GRAPH).should_cache(ask(), VALUE)
    cache = start(monkeypatch, GRAPH)
    for _ in range(2):
        look_up(cache, ask())
    cache.on_prompt_end("job")
    start(monkeypatch, GRAPH, cache)
    cache.on_prompt_end("job")

    assert caplog.messages == ["TalkingShorts: 1 stage was taken from the cache"]


def test_an_error_is_logged_and_never_comfyuis_problem(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache = start(monkeypatch, GRAPH)
    monkeypatch.setattr(nodes, "NODE_CLASS_MAPPINGS", {})

    assert not cache.should_cache(ask())
    assert not cache.should_cache(ask(), VALUE)
    assert asyncio.run(cache.on_lookup(ask())) is None
    assert caplog.text.count("KeyError") >= 3


def list_registered(monkeypatch: pytest.MonkeyPatch, size: str) -> list[Any]:
    monkeypatch.setenv(VARIABLE, size)
    before = cache_provider._get_cache_providers()
    asyncio.run(register_output_cache())
    new = [provider for provider in cache_provider._get_cache_providers() if provider not in before]
    for provider in new:
        cache_provider.unregister_cache_provider(provider)
    return new


@pytest.mark.parametrize(("size", "count"), [("0", 0), ("0.0", 0), ("0.5", 1), ("", 1)])
def test_comfyui_asks_only_when_something_may_be_kept(size: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list_registered(monkeypatch, size)) == count


def test_by_default_four_gigabytes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    assert read_max_bytes() == 4 * GIGABYTE


def test_a_size_that_is_none_is_told_and_the_default_holds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, "a lot")

    assert read_max_bytes() == 4 * GIGABYTE
    assert "'a lot'" in caplog.text


def test_every_class_that_is_kept_is_used_by_a_shipped_workflow() -> None:
    graphs = [json.loads(path.read_text()) for path in WORKFLOWS.glob("*.api.json")]

    assert {node["class_type"] for graph in graphs for node in graph.values()} >= KEPT_CLASSES
