"""What can be wrong with a graph, word for word."""

from __future__ import annotations

from typing import Any

import pytest
from talkingshorts.workflow.file import Workflow
from talkingshorts.workflow.node_info import InputInfo
from talkingshorts.workflow.problems import (
    VALUE_CHARACTERS,
    explain_cycle,
    explain_mismatch,
    explain_missing_input,
    explain_no_link,
    explain_no_option,
    explain_no_outputs,
    explain_out_of_range,
    explain_unknown_class,
    explain_wrong_type,
    format_value,
)

WORKFLOW = Workflow(
    "w.json",
    {
        "1": {"class_type": "LoadImagee", "inputs": {}},
        "2": {"class_type": "Scale", "inputs": {}, "_meta": {"title": "Fit"}},
    },
)


def make_input(kind: str, options: tuple[Any, ...] | None = None, settings: dict[str, Any] | None = None) -> InputInfo:
    return InputInfo("width", kind, True, options, settings or {})


def test_an_unknown_class_comes_with_the_nearest_one_and_the_remedy() -> None:
    assert explain_unknown_class(WORKFLOW, "1", ["LoadImage", "Save"]) == (
        "LoadImagee (#1): the server has no node class 'LoadImagee': did you mean LoadImage? "
        "Install the custom node pack that brings it, and restart ComfyUI."
    )


def test_a_graph_without_an_output_is_named() -> None:
    assert explain_no_outputs(WORKFLOW) == (
        "The workflow w.json has no output node: add one that saves or previews something."
    )


def test_a_circle_is_told_from_its_first_node_to_its_last() -> None:
    assert explain_cycle(WORKFLOW, ["1", "2", "1"]) == (
        "The workflow's links run in a circle: LoadImagee (#1) -> Scale 'Fit' (#2) -> LoadImagee (#1)."
    )


def test_an_input_that_is_missing_or_wired_wrongly_is_named() -> None:
    width = make_input("INT")

    assert explain_missing_input("width") == "the required input 'width' is missing."
    assert explain_no_link(width, ["1"]) == 'width = ["1"] is not a link: expected [node id, output number].'
    assert explain_mismatch(width, "Scale (#2)", "IMAGE") == "width takes INT, but Scale (#2) gives IMAGE."


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ({"min": 16, "max": 64}, " Allowed: 16 to 64."),
        ({"min": 0}, " Allowed: 0 and above."),
        ({"max": 0}, " Allowed: up to 0."),
        ({}, ""),
    ],
)
def test_a_value_of_another_type_is_told_with_what_is_allowed(limits: dict[str, int], allowed: str) -> None:
    assert (
        explain_wrong_type(make_input("INT", settings=limits), "wide")
        == f'width = "wide" is not a whole number.{allowed}'
    )


def test_a_value_out_of_range_is_told_with_where_it_came_from() -> None:
    width = make_input("INT", settings={"min": 16, "max": 64})

    assert explain_out_of_range(width, 99, "width (from Size (#4))") == (
        "width (from Size (#4)) = 99 is out of range. Allowed: 16 to 64."
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("nearest", "lanczos"), ": nearest, lanczos."),
        ((), ": the server has none (no such file is installed)."),
        (("lanczos", *map(str, range(20))), " (21 of them): did you mean lanczos?"),
        (None, "."),
    ],
)
def test_a_value_that_is_no_option_is_told_with_those_near_it(options: tuple[str, ...] | None, told: str) -> None:
    assert explain_no_option(make_input("COMBO", options), "lancos") == (
        f'width = "lancos" is not one of its options{told}'
    )


def test_a_model_that_is_no_option_comes_with_its_download() -> None:
    said = explain_no_option(make_input("COMBO", ("other",)), "wan_2.1_vae.safetensors")

    assert said.endswith("options: other. To get it: talkingshorts models download wan_2.1_vae.safetensors")


def test_a_value_is_shown_as_json_and_cut_where_it_is_long() -> None:
    assert [format_value(value) for value in (True, None, "Grüße", ["1", 0])] == ["true", "null", '"Grüße"', '["1", 0]']
    fits = "x" * (VALUE_CHARACTERS - 2)
    assert format_value(fits) == f'"{fits}"'
    assert format_value(f"{fits}x") == f'"{fits[:-2]}...'
