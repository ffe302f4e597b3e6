"""What a 400 turns into: the server's refusal in the words of the graph."""

from __future__ import annotations

from talkingshorts.workflow.file import Workflow
from talkingshorts.workflow.rejection import describe_rejection

WORKFLOW = Workflow(
    "w",
    {
        "1": {"class_type": "LoadImage", "inputs": {"image": "uploaded.png"}},
        "2": {"class_type": "Scale", "inputs": {"image": ["1", 0], "width": 9000}, "_meta": {"title": "Fit"}},
    },
)


def test_a_rejection_is_told_by_title_value_and_range() -> None:
    error = {
        "type": "value_bigger_than_max",
        "message": "Value 9000 bigger than max of 2048",
        "details": "width",
        "extra_info": {
            "input_name": "width",
            "input_config": ["INT", {"min": 16, "max": 2048}],
            "received_value": 9000,
        },
    }

    words = describe_rejection(WORKFLOW, {"error": {}, "node_errors": {"2": {"errors": [error]}}})

    assert words == "Scale 'Fit' (#2): width = 9000 is out of range. Allowed: 16 to 2048."


def test_a_rejection_by_the_node_itself_keeps_its_words() -> None:
    error = {
        "type": "custom_validation_failed",
        "message": "Custom validation failed for node",
        "details": "image - Invalid image file: none.png",
        "extra_info": {"input_name": "image"},
    }

    words = describe_rejection(WORKFLOW, {"node_errors": {"1": {"errors": [error]}}})

    assert words == 'LoadImage (#1): image = "uploaded.png" is refused: Invalid image file: none.png.'


def test_a_rejection_of_the_whole_graph_keeps_its_words() -> None:
    answer = {"error": {"message": "Prompt has no outputs", "details": ""}, "node_errors": {}}

    assert describe_rejection(WORKFLOW, answer) == "Prompt has no outputs"
