"""The shipped graphs: what they promise to users, and that the canvas shows the same graph as programs send."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "custom_nodes" / "comfyui_talkingshorts" / "example_workflows"
WORKFLOWS = sorted(path.name.removesuffix(".api.json") for path in (ROOT / "workflows").glob("*.api.json"))

NAMED_INPUTS: dict[str, dict[str, Any]] = {
    "draft": {
        "voice_source": "",
        "voice_start_seconds": 40.0,
        "voice_duration_seconds": 30.0,
        "target_seconds": 0.0,
        "portrait_picture": "",
        "portrait_prompt": "",
        "width": 480,
        "height": 832,
        "seed": 42,
    },
    "voice_clone": {
        "voice_source": "",
        "voice_start_seconds": 40.0,
        "voice_duration_seconds": 30.0,
        "voice_rights": False,
        "target_seconds": 8.0,
        "seed": 42,
    },
    "talking_video": {"width": 480, "height": 832, "steps": 40, "seed": 42},
}
# those whose default is a text, or a file
NAMED_TEXTS = {
    "draft": {"script"},
    "voice_clone": {"script"},
    "talking_video": {"portrait", "speech", "prompt", "negative_prompt"},
}
LOADERS = {"LoadImage": "image", "LoadAudio": "audio"}
CANVAS_ONLY = "MarkdownNote"


def read_api(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "workflows" / f"{name}.api.json").read_text())


@pytest.mark.parametrize("name", NAMED_INPUTS)
def test_a_workflow_exposes_its_inputs_under_their_names(name: str) -> None:
    named = {
        node["_meta"]["title"]: node["inputs"][LOADERS.get(node["class_type"], "value")]
        for node in read_api(name).values()
        if node["class_type"].startswith("Primitive") or node["class_type"] in LOADERS
    }

    assert all(named.pop(text) for text in NAMED_TEXTS[name])
    assert named == NAMED_INPUTS[name]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_canvas_graph_is_the_api_graph(name: str) -> None:
    canvas = json.loads((TEMPLATES / f"{name}.json").read_text())
    nodes = [node for node in canvas["nodes"] if node["type"] != CANVAS_ONLY]
    origins = {link[0]: [str(link[1]), link[2]] for link in canvas["links"]}
    api = read_api(name)

    assert {str(node["id"]): (node["type"], node["title"]) for node in nodes} == {
        node_id: (node["class_type"], node["_meta"]["title"]) for node_id, node in api.items()
    }
    for node in nodes:
        wired = {slot["name"]: origins[slot["link"]] for slot in node["inputs"] if slot["link"] is not None}
        inputs = api[str(node["id"])]["inputs"]
        assert wired == {key: value for key, value in inputs.items() if isinstance(value, list)}
        if "value" in inputs:
            assert node["widgets_values"][0] == inputs["value"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_template_has_a_picture(name: str) -> None:
    assert (TEMPLATES / f"{name}.jpg").is_file()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_canvas_says_where_the_models_that_it_loads_come_from(name: str) -> None:
    canvas = json.loads((TEMPLATES / f"{name}.json").read_text())
    loaders = [node for node in canvas["nodes"] if str(node["widgets_values"][0]).endswith(".safetensors")]

    for loader in loaders:
        (model,) = loader["properties"]["models"]
        assert model["name"] == loader["widgets_values"][0]
        assert model["url"].endswith(f"/{model['name']}")
        assert model["directory"]
