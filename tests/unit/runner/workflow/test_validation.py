from typing import Any

import pytest
from support.checkout import ROOT
from support.fakes.comfyui import describe_nodes
from talkingshorts.errors import ValidationError
from talkingshorts.workflow.binding import list_named_inputs
from talkingshorts.workflow.file import Workflow, load_workflow
from talkingshorts.workflow.model_names import find_model_fields, list_models
from talkingshorts.workflow.node_info import NodeInfo, parse_node_info
from talkingshorts.workflow.problems import MissingModel, list_problem_lines
from talkingshorts.workflow.rejection import describe_rejection
from talkingshorts.workflow.validation import NodeInfos, find_problems, find_unknown_nodes, require_valid

DECLARED: dict[str, dict[str, Any]] = {
    "PrimitiveInt": {"input": {"required": {"value": ["INT", {}]}}, "output": ["INT"]},
    "PrimitiveFloat": {"input": {"required": {"value": ["FLOAT", {}]}}, "output": ["FLOAT"]},
    "LoadImage": {"input": {"required": {"image": [["sample.png"], {"image_upload": True}]}}, "output": ["IMAGE"]},
    "Scale": {
        "input": {
            "required": {
                "image": ["IMAGE"],
                "width": ["INT", {"min": 16, "max": 2048}],
                "method": [["nearest", "lanczos"]],
            },
            "optional": {
                "strength": ["FLOAT", {"min": 0.0}],
                "crop": ["BOOLEAN", {}],
                "side": ["INT", {"min": 16, "max": 2048, "possible_values": [16, 32, 1080, 2048]}],
                "either": ["INT,FLOAT", {}],
                "anything": ["*", {}],
                "parts": ["COMFY_AUTOGROW_V3", {}],
            },
        },
        "output": ["IMAGE"],
    },
    "Save": {"input": {"required": {"images": ["IMAGE"]}}, "output": [], "output_node": True},
}
NODES: dict[str, NodeInfo] = {
    name: parse_node_info(name, {**answer, "python_module": "nodes"}) for name, answer in DECLARED.items()
}


def graph(**scale_inputs: Any) -> Workflow:
    inputs = {"image": ["1", 0], "width": 64, "method": "lanczos"} | scale_inputs
    return Workflow(
        "w.json",
        {
            "1": {"class_type": "LoadImage", "inputs": {"image": "uploaded.png", "upload": "image"}},
            "2": {"class_type": "Scale", "inputs": inputs, "_meta": {"title": "Fit"}},
            "3": {"class_type": "Save", "inputs": {"images": ["2", 0]}},
            "4": {"class_type": "PrimitiveInt", "inputs": {"value": 5000}, "_meta": {"title": "width"}},
            "6": {"class_type": "PrimitiveInt", "inputs": {"value": 100}, "_meta": {"title": "height"}},
            "5": {"class_type": "PrimitiveFloat", "inputs": {"value": -1.0}, "_meta": {"title": "strength"}},
        },
    )


def problems(**scale_inputs: Any) -> list[str]:
    return find_problems(graph(**scale_inputs), NODES)


def test_a_graph_that_fits_has_no_problems() -> None:
    assert problems() == []
    assert problems(side=1080) == problems(side="32") == []
    assert problems(width="64", strength=2, crop=True, either=1.5, anything=["4", 0]) == []
    assert problems(**{"parts.image0": ["1", 0], "_note": "mine"}) == []


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"width": 8}, "width = 8 is out of range. Allowed: 16 to 2048."),
        ({"width": 4096}, "width = 4096 is out of range. Allowed: 16 to 2048."),
        ({"width": "wide"}, 'width = "wide" is not a whole number. Allowed: 16 to 2048.'),
        ({"width": 64.5}, "width = 64.5 is not a whole number."),
        ({"strength": -0.5}, "strength = -0.5 is out of range. Allowed: 0.0 and above."),
        ({"strength": "NaN"}, 'strength = "NaN" is not a number.'),
        ({"crop": "false"}, 'crop = "false" is not true or false.'),
        ({"either": "x"}, 'either = "x" is not a number.'),
        ({"method": "cubic"}, 'method = "cubic" is not one of its options: nearest, lanczos.'),
        ({"side": 1000}, "side = 1000 is not possible. The nearest are 32 and 1080."),
        ({"side": 9}, "side = 9 is out of range. Allowed: 16 to 2048."),
        (
            {"side": ["6", 0]},
            "side (from PrimitiveInt 'height' (#6)) = 100 is not possible. The nearest are 32 and 1080.",
        ),
        ({"widht": 64}, "has no input 'widht': did you mean width?"),
        ({"image": ["99", 0]}, "image is linked to the node #99, which the workflow doesn't have."),
        ({"image": ["1", 3]}, "image is linked to output 3 of LoadImage (#1), which has 1."),
        ({"image": ["4", 0]}, "image takes IMAGE, but PrimitiveInt 'width' (#4) gives INT."),
        ({"strength": ["4", 0]}, "strength takes FLOAT, but PrimitiveInt 'width' (#4) gives INT."),
        ({"image": ["1"]}, 'image = ["1"] is not a link'),
        ({"width": ["4", 0]}, "width (from PrimitiveInt 'width' (#4)) = 5000 is out of range. Allowed: 16 to 2048."),
        ({"strength": ["5", 0]}, "strength (from PrimitiveFloat 'strength' (#5)) = -1.0 is out of range."),
    ],
)
def test_a_problem_names_node_input_value_and_what_is_allowed(inputs: dict[str, Any], words: str) -> None:
    found = problems(**inputs)

    assert len(found) == 1
    assert found[0].startswith("Scale 'Fit' (#2)")
    assert words in found[0]


def test_a_missing_required_input_is_named() -> None:
    workflow = graph()
    del workflow.graph["2"]["inputs"]["width"]

    assert find_problems(workflow, NODES) == ["Scale 'Fit' (#2): the required input 'width' is missing."]


def test_custom_packs_may_take_inputs_that_they_do_not_declare() -> None:
    nodes = {**NODES, "Scale": parse_node_info("Scale", {**DECLARED["Scale"], "python_module": "custom_nodes.x"})}

    assert find_problems(graph(lora_1={"on": True}), nodes) == []


def test_nodes_that_no_output_needs_are_left_alone() -> None:
    workflow = graph()
    workflow.graph["9"] = {"class_type": "Scale", "inputs": {}}

    assert find_problems(workflow, NODES) == []


def test_a_graph_without_an_output_is_refused() -> None:
    workflow = graph()
    del workflow.graph["3"]

    assert "no output node" in find_problems(workflow, NODES)[0]


def test_a_circle_of_links_is_spelled_out() -> None:
    workflow = graph()
    workflow.graph["2"]["inputs"]["image"] = ["6", 0]
    workflow.graph["6"] = {"class_type": "Scale", "inputs": {"image": ["2", 0], "width": 64, "method": "nearest"}}

    assert "Scale 'Fit' (#2) -> Scale (#6) -> Scale 'Fit' (#2)" in find_problems(workflow, NODES)[0]


def test_an_unknown_class_gets_a_suggestion_and_a_remedy() -> None:
    workflow = Workflow(
        "w", {"1": {"class_type": "LoadImagee", "inputs": {}}, "2": {"class_type": "Save", "inputs": {}}}
    )

    lines = find_unknown_nodes(workflow, {"Save": NODES["Save"]}, ["LoadImage", "Save"])

    assert len(lines) == 1
    assert "LoadImagee (#1): the server has no node class 'LoadImagee': did you mean LoadImage?" in lines[0]
    assert "Install" in lines[0]


def test_all_problems_are_reported_at_once_and_each_once() -> None:
    with pytest.raises(ValidationError, match=r"^a\nb$"):
        require_valid(["a", "b", "a"])
    require_valid([])


MODEL = "wan_2.1_vae.safetensors"


def test_a_model_that_the_server_lacks_comes_with_the_command_that_downloads_it() -> None:
    said = (
        f'method = "{MODEL}" is not one of its options: nearest, lanczos. '
        f"To get it: talkingshorts models download {MODEL}"
    )
    extra = {"input_name": "method", "received_value": MODEL, "input_config": [["nearest", "lanczos"], {}]}
    error = {"type": "value_not_in_list", "message": "Value not in list", "details": "", "extra_info": extra}

    assert problems(method=MODEL) == [f"Scale 'Fit' (#2): {said}"]
    assert describe_rejection(graph(), {"node_errors": {"2": {"errors": [error]}}}) == f"Scale 'Fit' (#2): {said}"


def test_a_folder_of_model_files_is_downloaded_by_its_name() -> None:
    assert problems(method="VibeVoice-1.5B")[0].endswith("To get it: talkingshorts models download VibeVoice-1.5B")


@pytest.mark.parametrize("value", ["mine.safetensors", 7, None, {"name": MODEL}])
def test_what_the_list_doesnt_know_has_no_command(value: Any) -> None:
    assert "talkingshorts models download" not in problems(method=value)[0]


SHIPPED = load_workflow(ROOT / "workflows" / "talking_short.api.json")
for named in list_named_inputs(SHIPPED):
    if named.name == "voice_source":
        SHIPPED.graph[named.target.node_id]["inputs"][named.target.field] = "me.wav"


def describe_without(*missing: str) -> NodeInfos:
    """Return what a server says about the classes of talking_short that has all its models but these."""
    answers = describe_nodes(SHIPPED.graph, missing)
    return {name: parse_node_info(name, answer) for name, answer in answers.items()}


def test_all_missing_models_are_one_line_with_the_preset_that_gets_them() -> None:
    models = list_models(SHIPPED.graph)

    assert find_problems(SHIPPED, describe_without(*models)) == [
        "8 model files are missing (49.9 GB): talkingshorts models download best"
    ]
    assert find_problems(SHIPPED, describe_without(MODEL)) == [
        f"1 model file is missing ({MODEL}: 253.8 MB): talkingshorts models download best"
    ]


def test_missing_models_of_a_graph_that_is_no_preset_are_downloaded_by_their_names() -> None:
    workflow = Workflow("w", {"1": {"class_type": "VAELoader", "inputs": {"vae_name": MODEL}}})

    assert list_problem_lines(workflow, [MissingModel(MODEL), MissingModel(MODEL), "else"]) == [
        "else",
        f"1 model file is missing ({MODEL}: 253.8 MB): talkingshorts models download {MODEL}",
    ]


def test_a_server_that_refuses_a_missing_model_is_told_of_in_the_same_line() -> None:
    (loader,) = (node_id for node_id, _, name in find_model_fields(SHIPPED.graph) if name == MODEL)
    extra = {"input_name": "vae_name", "received_value": MODEL, "input_config": [["other"], {}]}
    error = {"type": "value_not_in_list", "message": "Value not in list", "details": "", "extra_info": extra}

    assert describe_rejection(SHIPPED, {"node_errors": {loader: {"errors": [error]}}}) == (
        f"1 model file is missing ({MODEL}: 253.8 MB): talkingshorts models download best"
    )
