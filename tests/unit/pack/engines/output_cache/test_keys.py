"""A kept output is served only when everything that decides it is the same, and then whatever the graph looks like."""

from __future__ import annotations

import copy
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import folder_paths
import nodes
import pytest
from comfy_api.latest import io
from comfyui_talkingshorts.core.graph_key import fold_constants, list_ancestors
from comfyui_talkingshorts.engines.files.named import FileWatch
from comfyui_talkingshorts.engines.output_cache import keys as keys_module
from comfyui_talkingshorts.engines.output_cache.keys import OutputKeys
from support.checkout import ROOT

Graph = dict[str, Any]
SHORT = ROOT / "workflows" / "talking_short.api.json"
PORTRAIT_TEXT, PORTRAIT, NEGATIVE, SPEECH, VIDEO = (
    *("Encode Portrait Prompt", "Decode Portrait", "Encode Negative Prompt"),
    *("Cloned Voice", "Talking Video"),
)
KEPT = (PORTRAIT_TEXT, PORTRAIT, NEGATIVE, SPEECH, VIDEO)
ASKED = {"TalkingShortsYouTubeVoice", "TalkingShortsLoadVibeVoice", "TalkingShortsPortraitPicture", "LoadImage"}


def make_class(module: str, returns: tuple[Any, ...] = ("STRING",), **attributes: Any) -> type:
    """Return a node's class as far as its trustworthiness goes."""
    inputs = classmethod(lambda cls: {"hidden": attributes.get("hidden", {})})
    return type(
        "Node", (), {"RELATIVE_PYTHON_MODULE": module, "RETURN_TYPES": returns, "INPUT_TYPES": inputs} | attributes
    )


@pytest.fixture(autouse=True)
def classes(monkeypatch: pytest.MonkeyPatch) -> dict[str, type]:
    """The classes of the nodes in the graphs below, to which a test may add."""
    names = {node["class_type"] for node in load_short().values()} | {"LoadImage", "LoraLoaderModelOnly"}
    found = {name: make_class("comfy_extras.nodes_x") for name in {*names, "StringConcatenate"}}
    for name in ASKED:
        found[name] = make_class("comfy_extras.nodes_x", IS_CHANGED=len)
    monkeypatch.setattr(nodes, "NODE_CLASS_MAPPINGS", found)
    return found


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder of all models."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("umt5_xxl_fp8_e4m3fn_scaled", "wan_2.1_vae", "wan2.2_t2v_low_noise_14B_fp8_scaled"):
        (folder / f"{name}.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(folder_paths, "folder_names_and_paths", {"all": ([str(folder)], {".safetensors"})})
    monkeypatch.setattr(folder_paths, "input_directory", str(tmp_path / "input"))
    return folder


def load_short() -> Graph:
    return json.loads(SHORT.read_text())


def id_of(graph: Graph, title: str) -> str:
    [node_id] = [node_id for node_id, node in graph.items() if node.get("_meta", {}).get("title") == title]
    return node_id


def inputs_of(graph: Graph, title: str) -> dict[str, Any]:
    return graph[id_of(graph, title)]["inputs"]


def make_key(
    graph: Graph, title: str, comfyui_key: str = "as ComfyUI sees it", watch: FileWatch | None = None
) -> str | None:
    node_id = id_of(graph, title)
    return OutputKeys(graph, watch or FileWatch()).make_key(node_id, graph[node_id]["class_type"], comfyui_key)


def make_keys(graph: Graph, comfyui_key: str = "as ComfyUI sees it") -> dict[str, str | None]:
    """Return the keys of all that is kept of the short."""
    return {title: make_key(graph, title, comfyui_key) for title in KEPT}


def list_changed(edit: Callable[[Graph], Any], comfyui_key: str = "as ComfyUI sees it") -> set[str]:
    """Return what of the short would be made anew after an edit."""
    graph = load_short()
    edit(graph)
    before, after = make_keys(load_short()), make_keys(graph, comfyui_key)
    assert all(before.values())
    return {title for title in KEPT if after[title] != before[title]}


def change(title: str, name: str, value: Any) -> Callable[[Graph], None]:
    return lambda graph: inputs_of(graph, title).__setitem__(name, value)


def test_the_same_graph_has_the_same_keys_and_each_output_its_own() -> None:
    keys = make_keys(load_short())

    assert make_keys(load_short()) == keys
    assert len({*keys.values()}) == len(KEPT)


def test_of_a_second_short_with_the_same_speaker_only_speech_and_video_are_made() -> None:
    changed = list_changed(
        change("script", "value", "My computer says something else."), "as ComfyUI sees another script"
    )

    assert changed == {SPEECH, VIDEO}


def test_a_script_that_another_presenter_suits_has_another_portrait() -> None:
    changed = list_changed(change("script", "value", "I cook food in my kitchen."), "another script")

    assert changed == {PORTRAIT_TEXT, PORTRAIT, SPEECH, VIDEO}


def test_with_a_portrait_prompt_given_the_script_does_not_matter_to_the_portrait() -> None:
    first, second = load_short(), load_short()
    for graph, script in ((first, "Hello."), (second, "I cook food in my kitchen.")):
        change("portrait_prompt", "value", "an old fisherman")(graph)
        change("script", "value", script)(graph)

    assert make_key(first, PORTRAIT) == make_key(second, PORTRAIT)


def test_a_prompt_that_is_typed_equals_one_that_is_linked() -> None:
    text = load_short()[id_of(load_short(), "negative_prompt")]["inputs"]["value"]

    assert list_changed(change(NEGATIVE, "text", text)) == set()


def test_numbers_titles_and_order_of_nodes_do_not_matter() -> None:
    graph = load_short()
    names = {old: f"1{old}:7" for old in graph}
    renumbered = {
        names[old]: {
            **node,
            "inputs": {
                name: [names[value[0]], value[1]] if isinstance(value, list) else value
                for name, value in reversed(node["inputs"].items())
            },
        }
        for old, node in reversed(graph.items())
    }

    assert make_keys(renumbered) == make_keys(graph)


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        (change("Portrait Sampler", "sampler_name", "heun"), {PORTRAIT, VIDEO}),
        (change("Portrait Schedule", "steps", 21), {PORTRAIT, VIDEO}),
        (change("Portrait Guidance", "cfg", 3.0), {PORTRAIT, VIDEO}),
        (change("Portrait Shift", "shift", 6.0), {PORTRAIT, VIDEO}),
        (change("seed", "value", 43), {PORTRAIT, SPEECH, VIDEO}),
        (change("width", "value", 496), {PORTRAIT, VIDEO}),
        (change("steps", "value", 39), {VIDEO}),
        (change("negative_prompt", "value", "dark"), {NEGATIVE, PORTRAIT, VIDEO}),
        (change("Load Text Encoder", "clip_name", "other.safetensors"), {PORTRAIT_TEXT, NEGATIVE, PORTRAIT, VIDEO}),
        (change("Load VAE", "vae_name", "other.safetensors"), {PORTRAIT, VIDEO}),
        (change("target_seconds", "value", 9.0), {SPEECH, VIDEO}),
        (change("voice_rights", "value", True), {SPEECH, VIDEO}),
        (change("Talking Video", "text_scale", 1.0), {VIDEO}),
    ],
    ids=lambda value: "" if isinstance(value, set) else None,
)
def test_what_an_output_depends_on_changes_its_key_and_no_other(
    edit: Callable[[Graph], None], changed: set[str]
) -> None:
    assert list_changed(edit) == changed


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("umt5_xxl_fp8_e4m3fn_scaled.safetensors", {PORTRAIT_TEXT, NEGATIVE, PORTRAIT, VIDEO}),
        ("wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors", {PORTRAIT, VIDEO}),
        ("wan_2.1_vae.safetensors", {PORTRAIT, VIDEO}),
    ],
)
def test_a_model_file_that_was_swapped_is_noticed(name: str, changed: set[str], models: Path) -> None:
    before = make_keys(load_short())
    os.utime(models / name, (1, 1))
    touched = make_keys(load_short())
    (models / name).write_bytes(b"other weights")
    os.utime(models / name, (1, 1))
    rewritten = make_keys(load_short())

    assert {title for title in KEPT if touched[title] != before[title]} == changed
    assert {title for title in KEPT if rewritten[title] != touched[title]} == changed


def test_a_model_that_is_a_folder_is_noticed_too(models: Path) -> None:
    graph = load_short()
    change("Load Portrait Model", "unet_name", "wan")(graph)
    (models / "wan" / "unet").mkdir(parents=True)
    (models / "wan" / "unet" / "1.safetensors").write_bytes(b"weights")
    before = make_key(graph, PORTRAIT)
    os.utime(models / "wan" / "unet" / "1.safetensors", (1, 1))

    assert make_key(graph, PORTRAIT) != before


def test_an_input_file_whose_name_comes_from_a_text_node_is_noticed(tmp_path: Path) -> None:
    graph = load_short()
    change("voice_source", "value", " ann.wav ")(graph)
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "ann.wav").write_bytes(b"sound")
    before = make_key(graph, SPEECH)
    os.utime(tmp_path / "input" / "ann.wav", (1, 1))

    assert make_key(graph, SPEECH) != before


def test_a_text_longer_than_any_path_is_looked_for_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    sought: list[str] = []
    monkeypatch.setattr(folder_paths, "get_full_path", lambda folder, name: sought.append(name))
    monkeypatch.setattr(os, "walk", lambda path, **options: sought.append(str(path)) or ())
    picture = "iVBORw0KGgo/" * 1000
    graph = {"1": {"class_type": "LoadImageFromText", "inputs": {"image": picture, "file": "a.png"}}}

    OutputKeys(graph, FileWatch())

    assert any(name == "a.png" for name in sought)
    assert not any(picture in name for name in sought)


def test_where_a_node_before_it_tells_comfyui_whether_it_changed_comfyuis_key_counts() -> None:
    assert list_changed(lambda graph: None, "a file changed") == {SPEECH, VIDEO}


def test_that_also_holds_for_nodes_of_the_newer_kind(classes: dict[str, type]) -> None:
    class Plain(io.ComfyNode):
        @classmethod
        def define_schema(cls) -> io.Schema:
            return io.Schema("CLIPLoader")

        @classmethod
        def execute(cls) -> io.NodeOutput:
            return io.NodeOutput()

    class Asked(Plain):
        @classmethod
        def fingerprint_inputs(cls) -> str:
            return ""

    for kind, counts in ((Plain, False), (Asked, True)):
        kind.RELATIVE_PYTHON_MODULE = "comfy_extras.nodes_x"  # type: ignore[attr-defined]
        classes["CLIPLoader"] = kind
        assert (make_key(load_short(), NEGATIVE, "1") != make_key(load_short(), NEGATIVE, "2")) == counts


def insert(graph: Graph, class_type: str, **inputs: Any) -> None:
    """Put a node between the portrait's model and all that uses it."""
    graph["new"] = {"class_type": class_type, "inputs": {"model": [id_of(graph, "Load Portrait Model"), 0], **inputs}}
    inputs_of(graph, "Portrait Shift")["model"] = ["new", 0]


def test_another_packs_model_is_trusted_as_far_as_comfyui_trusts_it(classes: dict[str, type]) -> None:
    graph = load_short()
    insert(graph, "Compile", name="a")
    classes["Compile"] = make_class("custom_nodes.others", ("MODEL",), __module__=__name__)

    key = make_key(graph, PORTRAIT, "1")

    assert key is not None
    assert make_key(graph, PORTRAIT, "1") == key
    assert make_key(graph, PORTRAIT, "2") != key
    insert(graph, "Compile", name="b")
    assert make_key(graph, PORTRAIT, "1") != key


@pytest.mark.parametrize(
    ("entry", "changed", "counts"),
    [
        ("others.py", "others.py", True),
        ("others.py", "neighbours.py", False),
        ("others/__init__.py", "others/nodes.py", True),
        ("others/__init__.py", "others/engine/weights.py", True),
        ("others/__init__.py", "others/example.txt", False),
    ],
)
def test_another_packs_code_counts_from_comfyuis_next_start(
    entry: str,
    changed: str,
    counts: bool,
    classes: dict[str, type],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (entry, changed):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setitem(sys.modules, "others", SimpleNamespace(__file__=str(tmp_path / entry)))
    classes["Compile"] = make_class("custom_nodes.others", ("MODEL",), __module__="others.nodes")
    graph = load_short()
    insert(graph, "Compile")
    before = make_key(graph, PORTRAIT)
    os.utime(tmp_path / changed, (1, 1))

    assert make_key(graph, PORTRAIT) == before
    keys_module._hash_code.cache_clear()
    assert (make_key(graph, PORTRAIT) != before) == counts


@pytest.mark.parametrize(
    "attributes",
    [
        {"module": "custom_nodes.others", "returns": ("MODEL", "STRING")},
        {"module": "custom_nodes.others", "returns": ("MODEL", ["a", "b"])},
        {"module": "custom_nodes.others", "returns": ("MODEL",), "hidden": {"id": "UNIQUE_ID"}},
        {"module": "custom_nodes.others", "returns": ("MODEL",), "NOT_IDEMPOTENT": True},
        {"module": "comfy_api_nodes.nodes_remote", "returns": ("IMAGE",)},
        {"module": "comfy_extras.nodes_dataset", "returns": ("IMAGE",)},
        {"module": "nodes", "returns": ("MODEL",), "NOT_IDEMPOTENT": True},
    ],
    ids=["a text", "a choice", "its own number", "never the same", "from the network", "a folder", "core, never same"],
)
def test_what_may_change_by_itself_keeps_all_after_it_from_being_kept(
    attributes: dict[str, Any], classes: dict[str, type]
) -> None:
    graph = load_short()
    insert(graph, "Other")
    classes["Other"] = make_class(**attributes)

    assert make_key(graph, PORTRAIT) is None
    assert make_key(graph, VIDEO) is None
    assert make_key(graph, NEGATIVE) is not None


def test_a_prompt_that_reads_an_embedding_file_is_not_kept() -> None:
    graph = load_short()
    change("negative_prompt", "value", "dark, embedding:ugly")(graph)

    assert make_key(graph, NEGATIVE) is None
    assert make_key(graph, PORTRAIT_TEXT) is not None


@pytest.mark.parametrize(("node_id", "class_type"), [("99.0.0.1", "VAEDecode"), ("42:31", "CLIPTextEncode")])
def test_a_node_that_is_not_in_the_graph_as_it_was_sent_has_no_key(node_id: str, class_type: str) -> None:
    assert OutputKeys(load_short(), FileWatch()).make_key(node_id, class_type, "") is None


@pytest.mark.parametrize("name", ["PACK_VERSION", "KEY_VERSION"])
def test_another_version_has_other_keys(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_key(load_short(), NEGATIVE)
    monkeypatch.setattr(keys_module, name, "2")
    keys_module.describe_surroundings.cache_clear()
    try:
        assert make_key(load_short(), NEGATIVE) != before
    finally:
        keys_module.describe_surroundings.cache_clear()


def test_a_file_that_changes_while_comfyui_runs_is_not_trusted_until_its_next_start(models: Path) -> None:
    watch = FileWatch()
    of_others = {"1": {"class_type": "LoadImage", "inputs": {"image": "wan_2.1_vae.safetensors"}}}
    assert not OutputKeys(of_others, watch).has_changed_files()
    os.utime(models / "wan_2.1_vae.safetensors", (1, 1))

    assert OutputKeys(load_short(), watch).has_changed_files()
    assert not OutputKeys(load_short(), FileWatch()).has_changed_files()


def test_only_graphs_with_a_node_of_the_pack_are_its_own() -> None:
    assert OutputKeys(load_short(), FileWatch()).uses_pack
    assert not OutputKeys({"1": {"class_type": "LoadImage", "inputs": {}}}, FileWatch()).uses_pack


FOLDS: dict[str, Callable[[Any], Any]] = {
    "Text": lambda inputs: inputs["value"],
    "Join": lambda inputs: inputs["a"] + inputs["b"],
}


def text(value: Any) -> dict[str, Any]:
    return {"class_type": "Text", "inputs": {"value": value}}


def join(a: Any, b: Any) -> dict[str, Any]:
    return {"class_type": "Join", "inputs": {"a": a, "b": b}}


def use(*links: Any) -> dict[str, Any]:
    return {"class_type": "Use", "inputs": {str(number): link for number, link in enumerate(links)}}


def test_values_known_beforehand_take_the_place_of_links_however_many_nodes_they_pass() -> None:
    graph = {"1": use(["2", 0], ["4", 0]), "2": join(["3", 0], ["4", 0]), "3": text(["4", 0]), "4": text("a")}

    assert fold_constants(graph, FOLDS)["1"]["inputs"] == {"0": "aa", "1": "a"}


@pytest.mark.parametrize(
    "other",
    [{"2": text(["3", 0]), "3": use()}, {"2": {"class_type": "Text", "inputs": {}}}, {"2": join("a", 1)}, {"2": use()}],
    ids=["from another node", "incomplete", "of wrong types", "another class"],
)
def test_what_is_not_known_beforehand_stays_a_link(other: Graph) -> None:
    graph = {"1": use(["2", 0]), **other}

    assert fold_constants(graph, FOLDS)["1"]["inputs"] == {"0": ["2", 0]}


def test_another_output_than_the_first_stays_a_link() -> None:
    assert fold_constants({"1": use(["2", 1]), "2": text("a")}, FOLDS)["1"]["inputs"] == {"0": ["2", 1]}


def test_a_graph_that_goes_in_a_circle_ends_all_the_same() -> None:
    graph = {"1": text(["2", 0]), "2": join(["1", 0], ["3", 0]), "3": text("a")}

    assert fold_constants(graph, FOLDS)["2"]["inputs"] == {"a": ["1", 0], "b": "a"}
    assert list_ancestors(graph, "1") == {"1", "2", "3"}


def test_folding_leaves_the_graph_that_runs_as_it_is() -> None:
    graph = load_short()
    before = copy.deepcopy(graph)
    OutputKeys(graph, FileWatch())

    assert graph == before


def test_precision_and_attention_count_and_where_comfyui_listens_does_not() -> None:
    options = {
        "fp8_e4m3fn_unet": True,
        "use_sage_attention": True,
        "fast": {"fp16_accumulation"},
        "deterministic": False,
    }
    where = {"port": 8188, "fast_disk": True, "output_directory": "/tmp", "listen": "0.0.0.0"}

    assert keys_module.list_number_options(options | where) == [
        *("fast={'fp16_accumulation'}", "fp8_e4m3fn_unet=True", "use_sage_attention=True")
    ]
