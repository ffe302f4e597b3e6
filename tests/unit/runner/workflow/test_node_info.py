"""What /object_info says about a node, as types."""

from __future__ import annotations

from typing import Any

import pytest
from talkingshorts.workflow.node_info import InputInfo, parse_node_info, read_input


def test_a_node_is_read_with_its_outputs_and_where_it_comes_from() -> None:
    answer = {
        "input": {"required": {"image": ["IMAGE"]}, "optional": {"width": ["INT", {"min": 16}]}},
        "output": ["IMAGE", ["a", "b"]],
        "output_node": True,
        "python_module": "comfy_extras.nodes_scale",
    }

    node = parse_node_info("Scale", answer)

    assert (node.class_type, node.outputs, node.is_output) == ("Scale", ("IMAGE", "COMBO"), True)
    assert node.module == "comfy_extras.nodes_scale"
    assert node.inputs({}) == {
        "image": InputInfo("image", "IMAGE", True, None, {}),
        "width": InputInfo("width", "INT", False, None, {"min": 16}),
    }


def test_a_node_of_which_the_server_says_nothing_has_no_inputs_and_no_outputs() -> None:
    node = parse_node_info("Note", {"input": None, "output": None})

    assert (node.inputs({}), node.outputs, node.is_output, node.module) == ({}, (), False, "")


@pytest.mark.parametrize(
    ("entry", "kind", "options"),
    [
        ([["nearest", "lanczos"]], "COMBO", ("nearest", "lanczos")),
        ([["nearest", "lanczos"], {"default": "lanczos"}], "COMBO", ("nearest", "lanczos")),
        (["COMBO", {"options": ["a", "b"]}], "COMBO", ("a", "b")),
        (["COMBO"], "COMBO", ()),
        (["COMBO", {"remote": {"route": "/voices"}}], "COMBO", None),
        (["INT", {"min": 0}], "INT", None),
        (["INT", "no settings"], "INT", None),
    ],
)
def test_an_input_has_options_when_they_are_listed(entry: list[Any], kind: str, options: tuple[str, ...]) -> None:
    info = read_input("a", True, entry)

    assert (info.type, info.options) == (kind, options)


def test_a_union_accepts_each_of_its_types() -> None:
    assert read_input("a", True, ["INT, FLOAT"]).types == {"INT", "FLOAT"}


@pytest.mark.parametrize(
    ("settings", "is_upload"), [({"image_upload": True}, True), ({"image_upload": False}, False), ({}, False)]
)
def test_an_input_of_uploaded_files_is_told_by_its_settings(settings: dict[str, Any], is_upload: bool) -> None:
    assert read_input("image", True, [["a.png"], settings]).is_upload is is_upload


@pytest.mark.parametrize(
    ("kind", "is_open_ended"),
    [("COMFY_AUTOGROW_V3", True), ("COMFY_DYNAMICCOMBO_V3", False), ("COMFY_AUTOGROW_V2", False), ("IMAGE", False)],
)
def test_an_input_that_grows_is_told_by_its_type(kind: str, is_open_ended: bool) -> None:
    assert read_input("parts", True, [kind]).is_open_ended is is_open_ended


@pytest.mark.parametrize(
    ("class_type", "module", "declares"),
    [
        ("LoadImage", "nodes", True),
        ("Scale", "comfy_extras.nodes_scale", True),
        ("Text", "comfy_api_nodes.nodes_text", True),
        ("TalkingShortsSaveShort", "custom_nodes.comfyui_talkingshorts", True),
        ("PowerLora", "custom_nodes.other", False),
        ("Odd", "nodes_of_another", False),
    ],
)
def test_only_other_packs_take_more_inputs_than_they_declare(class_type: str, module: str, declares: bool) -> None:
    assert parse_node_info(class_type, {"python_module": module}).declares_every_input is declares


GROWTH = ["COMFY_DYNAMICCOMBO_V3", {"options": [
    {"key": "crop", "inputs": {"required": {"edge": [["left", "right"]]}, "optional": {"margin": ["INT"]}}},
    {"key": "pad", "inputs": None},
    {"key": "deep", "inputs": {"required": {"inner": ["COMFY_DYNAMICCOMBO_V3", {"options": [
        {"key": "on", "inputs": {"required": {"level": ["FLOAT"]}}},
    ]}]}}},
]}]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, ["fit"]),
        ({"fit": "none of these"}, ["fit"]),
        ({"fit": "crop"}, ["fit", "fit.edge", "fit.margin"]),
        ({"fit": "pad"}, ["fit"]),
        ({"fit": "deep"}, ["fit", "fit.inner"]),
        ({"fit": "deep", "fit.inner": "on"}, ["fit", "fit.inner", "fit.inner.level"]),
    ],
)
def test_the_choice_of_a_dynamic_combo_brings_its_inputs(values: dict[str, Any], names: list[str]) -> None:
    node = parse_node_info("Scale", {"input": {"required": {"fit": GROWTH}}})

    assert list(node.inputs(values)) == names


def test_a_dynamic_combo_is_a_combo_of_its_keys() -> None:
    node = parse_node_info("Scale", {"input": {"optional": {"fit": GROWTH}}})

    assert node.inputs({})["fit"] == InputInfo("fit", "COMBO", False, ("crop", "pad", "deep"), {})
