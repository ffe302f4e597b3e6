"""The shipped graphs: what they promise to users, and that the canvas shows the same graph as programs send."""

import itertools
import json
from typing import Any

import pytest
from support.checkout import ROOT
from support.servers.flat_canvas import flatten, read_link
from talkingshorts.workflow.binding import list_named_inputs
from talkingshorts.workflow.file import load_workflow

TEMPLATES = ROOT / "custom_nodes" / "comfyui_talkingshorts" / "example_workflows"
WORKFLOWS = sorted(path.name.removesuffix(".api.json") for path in (ROOT / "workflows").glob("*.api.json"))

VOICE = {"voice_source": "", "voice_start_seconds": 40.0, "voice_duration_seconds": 30.0}
WHOLE_SHORT = {
    **VOICE,
    "voice_rights": False,
    "target_seconds": 8.0,
    "portrait_picture": "",
    "portrait_prompt": "",
    "width": 480,
    "height": 832,
    "seed": 42,
}
MOVING_PICTURE = {"width": 1280, "height": 720, "frames": 121, "fps": 24.0, "sampler": "euler", "seed": 42}
NAMED_INPUTS: dict[str, dict[str, Any]] = {
    "draft": {
        **VOICE,
        "target_seconds": 0.0,
        "portrait_picture": "",
        "portrait_prompt": "",
        "width": 480,
        "height": 832,
        "seed": 42,
    },
    "talking_short": {**WHOLE_SHORT, "steps": 40},
    "talking_short_fast": {**WHOLE_SHORT, "steps": 4, "lora_strength": 1.0},
    "voice_clone": {**VOICE, "voice_rights": False, "target_seconds": 8.0, "seed": 42},
    "portrait": {"portrait_prompt": "", "width": 1024, "height": 576, "steps": 20, "sampler": "euler", "seed": 42},
    "talking_video": {"width": 480, "height": 832, "steps": 40, "seed": 42},
    "i2v": {**MOVING_PICTURE, "steps": 20},
    "i2v_fast": {**MOVING_PICTURE, "steps": 4, "lora_strength": 1.0},
    "s2v": {"width": 480, "height": 832, "steps": 20, "sampler": "uni_pc", "seed": 42},
}
# those whose default is a text, or a file
PROMPTS = {"prompt", "negative_prompt"}
NAMED_TEXTS = {
    "draft": {"script"},
    "talking_short": {"script", *PROMPTS},
    "talking_short_fast": {"script", *PROMPTS},
    "voice_clone": {"script"},
    "portrait": PROMPTS,
    "talking_video": {"portrait", "speech", *PROMPTS},
    "i2v": {"portrait", *PROMPTS},
    "i2v_fast": {"portrait", *PROMPTS},
    "s2v": {"portrait", "speech", *PROMPTS},
}
PRESETS = {"talking_short": "best", "talking_short_fast": "fast"}
MAX_BOXES = 8
TITLE_HEIGHT = 30
SCREEN = (1920, 1080)
SMALLEST_SCALE_WITH_TEXT = 8 / 14
"""ComfyUI writes with 14 pixels, and leaves texts out that would be smaller than 8."""


def read_canvas(name: str) -> dict[str, Any]:
    return json.loads((TEMPLATES / f"{name}.json").read_text())


def read_api(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "workflows" / f"{name}.api.json").read_text())


def list_levels(name: str) -> list[list[dict[str, Any]]]:
    """Return the nodes of each picture that a user can look at: the graph, and each of its subgraphs."""
    canvas = read_canvas(name)
    return [canvas["nodes"], *(subgraph["nodes"] for subgraph in canvas.get("definitions", {}).get("subgraphs", ()))]


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    def covers(axis: int, extra: int) -> bool:
        (low, high) = sorted((one, other), key=lambda node: node["pos"][axis])
        return low["pos"][axis] + low["size"][axis] > high["pos"][axis] - extra

    return covers(0, 0) and covers(1, TITLE_HEIGHT)


def test_every_workflow_has_its_promise() -> None:
    assert set(WORKFLOWS) == set(NAMED_INPUTS) == set(NAMED_TEXTS)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_exposes_its_inputs_under_their_names(name: str) -> None:
    listed = list_named_inputs(load_workflow(ROOT / "workflows" / f"{name}.api.json"))
    named = {entry.name: entry.default for entry in listed}

    assert all(named.pop(text) for text in NAMED_TEXTS[name])
    assert named == NAMED_INPUTS[name]
    assert [type(value) for value in named.values()] == [type(NAMED_INPUTS[name][key]) for key in named]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_canvas_graph_is_the_api_graph(name: str) -> None:
    flat, api = flatten(read_canvas(name)), read_api(name)

    assert {node_id: found.node["type"] for node_id, found in flat.items()} == {
        node_id: node["class_type"] for node_id, node in api.items()
    }
    for node_id, found in flat.items():
        inputs, title = api[node_id]["inputs"], api[node_id]["_meta"]["title"]
        assert found.node.get("title", title) == title  # ComfyUI saves no title that is the class's own
        wired = {key: tuple(value) for key, value in inputs.items() if isinstance(value, list)}
        assert found.origins == wired
        if "value" in inputs:
            assert found.node["widgets_values"][0] == inputs["value"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_template_has_a_picture_and_says_what_to_do(name: str) -> None:
    (note,) = [node for node in read_canvas(name)["nodes"] if node["title"] == "Read me"]

    assert 10_000 < (TEMPLATES / f"{name}.jpg").stat().st_size < 200_000
    assert note["widgets_values"][0].startswith("## ")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_named_inputs_stand_on_the_canvas_itself_and_the_work_in_a_few_boxes(name: str) -> None:
    named = NAMED_INPUTS[name].keys() | NAMED_TEXTS[name]
    titles = [node["title"] for node in read_canvas(name)["nodes"]]

    assert named < set(titles)
    assert len(set(titles) - named - {"Read me"}) <= MAX_BOXES


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_node_covers_another(name: str) -> None:
    pairs = [pair for nodes in list_levels(name) for pair in itertools.combinations(nodes, 2)]

    assert [(one["id"], other["id"]) for one, other in pairs if overlap(one, other)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_whole_graph_is_in_view_when_it_opens_and_its_texts_can_be_read(name: str) -> None:
    canvas = read_canvas(name)
    scale, (left, top) = canvas["extra"]["ds"]["scale"], canvas["extra"]["ds"]["offset"]

    assert scale > SMALLEST_SCALE_WITH_TEXT
    for node in canvas["nodes"]:
        (x, y), (width, height) = node["pos"], node["size"]
        assert (x + left) * scale >= 0
        assert (y - TITLE_HEIGHT + top) * scale >= 0
        assert (x + width + left) * scale <= SCREEN[0]
        assert (y + height + top) * scale <= SCREEN[1]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_links_run_from_left_to_right(name: str) -> None:
    canvas = read_canvas(name)
    for graph in [canvas, *canvas.get("definitions", {}).get("subgraphs", ())]:
        x = {int(node["id"]): node["pos"][0] for node in graph["nodes"]}
        ends = [(int(link["origin_id"]), int(link["target_id"])) for link in map(read_link, graph["links"])]

        assert all(x[origin] < x[target] for origin, target in ends if origin in x and target in x)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_canvas_says_where_the_models_that_it_loads_come_from(name: str) -> None:
    listed = {model["name"]: model for model in json.loads((ROOT / "models.json").read_text())}

    for found in flatten(read_canvas(name)).values():
        models = [listed[file] for file in found.model_files]
        expected = [{"name": model["name"], "url": model["url"], "directory": model["folder"]} for model in models]
        assert found.node["properties"].get("models", []) == expected


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_note_links_every_model(name: str) -> None:
    (note,) = [node for node in read_canvas(name)["nodes"] if node["title"] == "Read me"]
    models = json.loads((ROOT / "models.json").read_text())
    urls = [model["url"] for model in models if PRESETS.get(name, name) in model["preset"]]

    assert [url for url in urls if url not in note["widgets_values"][0]] == []
