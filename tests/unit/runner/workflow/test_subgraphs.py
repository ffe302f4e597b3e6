"""Nodes inside subgraphs, whose ids are exported as `BOX:NODE`, are named, set, checked and followed like others."""

from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT
from talkingshorts.display.events import Cached, NodeStarted, Progress
from talkingshorts.jobs.follow import ProgressTracker
from talkingshorts.workflow.binding import resolve
from talkingshorts.workflow.file import Workflow, is_link, load_workflow
from talkingshorts.workflow.node_info import parse_node_info
from talkingshorts.workflow.rejection import describe_rejection
from talkingshorts.workflow.validation import find_problems

WORKFLOWS = sorted((ROOT / "workflows").glob("*.api.json"))
GRAPH = Workflow(
    "w",
    {
        "1": {"class_type": "PrimitiveInt", "inputs": {"value": 4}, "_meta": {"title": "width"}},
        "12:3": {"class_type": "Blank", "inputs": {"width": ["1", 0], "steps": 0}, "_meta": {"title": "Inner"}},
        "12:5:7": {"class_type": "Save", "inputs": {"images": ["12:3", 1]}, "_meta": {"title": "Innermost"}},
        "12:8": {"class_type": "PrimitiveInt", "inputs": {"value": 1}, "_meta": {"title": "Constant"}},
    },
)
NODES = {
    "PrimitiveInt": parse_node_info("PrimitiveInt", {"input": {"required": {"value": ["INT", {}]}}, "output": ["INT"]}),
    "Blank": parse_node_info(
        "Blank",
        {"input": {"required": {"width": ["INT", {"min": 16}], "steps": ["INT", {"min": 1}]}}, "output": ["IMAGE"]},
    ),
    "Save": parse_node_info("Save", {"input": {"required": {"images": ["IMAGE"]}}, "output_node": True}),
}


def show(kind: str, **data: Any) -> list[Any]:
    tracker = ProgressTracker(GRAPH, "job", clock=lambda: 0.0)
    return list(tracker.read({"type": kind, "data": {"prompt_id": "job", **data}}))


def test_what_does_not_fit_is_told_with_title_and_id() -> None:
    assert sorted(find_problems(GRAPH, NODES)) == [
        "Blank 'Inner' (#12:3): steps = 0 is out of range. Allowed: 1 and above.",
        "Blank 'Inner' (#12:3): width (from PrimitiveInt 'width' (#1)) = 4 is out of range. Allowed: 16 and above.",
        "Save 'Innermost' (#12:5:7): images is linked to output 1 of Blank 'Inner' (#12:3), which has 1.",
    ]


def test_what_the_server_refuses_is_told_with_title_and_id() -> None:
    error = {"type": "value_smaller_than_min", "message": "Value too small", "extra_info": {"input_name": "steps"}}
    answer = {"node_errors": {"12:3": {"class_type": "Blank", "errors": [error]}}}

    assert "Blank 'Inner' (#12:3): steps = 0 is out of range" in describe_rejection(GRAPH, answer, NODES)


def test_progress_is_shown_with_the_title() -> None:
    assert show("executing", node="12:3", display_node="12:3") == [NodeStarted("12:3", "Inner")]
    assert show("executing", node="12:8", display_node="12:8") == []
    assert show("execution_cached", nodes=["12:3", "12:5:7"]) == [Cached(("Inner", "Innermost"))]
    state = {"value": 1, "max": 4, "state": "running", "display_node_id": "12:3"}
    assert Progress("12:3", "Inner", 1, 4, None) in show("progress_state", nodes={"12:3": state})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_value_of_a_shipped_graph_can_be_addressed_in_each_way(path: Path) -> None:
    workflow = load_workflow(path)
    counts: dict[str, int] = {}
    for node_id, node in workflow.graph.items():
        kind = node["class_type"]
        counts[kind] = counts.get(kind, 0) + 1
        for field in (name for name, value in node["inputs"].items() if not is_link(value)):
            for name in (node_id, f"{kind}#{counts[kind]}", workflow.title(node_id)):
                target = resolve(workflow, f"{name}.{field}")
                assert (target.node_id, target.field) == (node_id, field)
