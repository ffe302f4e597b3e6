import pytest
from talkingshorts.errors import ValidationError
from talkingshorts.estimate.graph import find_upstream, list_running, read_amount, read_value, read_whole, set_values
from talkingshorts.shipped.workflows import get_workflow
from talkingshorts.workflow.file import Workflow, load_workflow


def load_short() -> Workflow:
    return load_workflow(get_workflow("talking_short").path)


@pytest.mark.parametrize(
    ("address", "text", "value"),
    [("target_seconds", "8.5", 8.5), ("steps", "4", 4), ("voice_rights", "yes", True), ("script", "12", "12")],
)
def test_a_value_is_read_as_what_the_input_holds(address: str, text: str, value: object) -> None:
    workflow = set_values(load_short(), [(address, text)])

    assert next(node for node in workflow.graph.values() if node["_meta"]["title"] == address)["inputs"] == {
        "value": value
    }


def test_a_number_may_take_the_place_of_a_wire() -> None:
    workflow = set_values(load_short(), [("43:38.width", "640")])

    assert read_whole(workflow, "43:38", "width") == 640
    assert read_whole(load_short(), "43:38", "width") == 480


def test_a_portrait_is_not_generated_where_a_picture_is_given() -> None:
    given = set_values(load_short(), [("portrait_picture", "me.png")])

    assert {"42:30", "42:31"} <= set(list_running(load_short()))
    assert not {"42:23", "42:30", "42:31"} & set(list_running(given))
    assert {"40:17", "43:38"} <= set(list_running(given))


def test_what_another_node_computes_is_not_known_before() -> None:
    workflow = Workflow(
        "w", {"1": {"class_type": "A", "inputs": {"steps": ["2", 0]}}, "2": {"class_type": "B", "inputs": {}}}
    )

    with pytest.raises(ValidationError, match=r"steps comes from B \(#2\), so it is known only as .*-s 1.steps=VALUE"):
        read_value(workflow, "1", "steps")


@pytest.mark.parametrize("value", [0, 4.5, True, "4", None, 10**9])
def test_a_count_is_a_whole_number(value: object) -> None:
    with pytest.raises(ValidationError, match=r"steps is .*: give a whole number"):
        read_whole(Workflow("w", {"1": {"class_type": "A", "inputs": {"steps": value}}}), "1", "steps")


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), True, "4", None])
def test_an_amount_is_a_number_from_0_up(value: object) -> None:
    with pytest.raises(ValidationError, match=r"cfg is .*: give a number"):
        read_amount(Workflow("w", {"1": {"class_type": "A", "inputs": {"cfg": value}}}), "1", "cfg")


@pytest.mark.parametrize(
    ("links", "message"),
    [({"1": ["2", 0], "2": ["2", 0]}, "in a circle"), ({"1": ["9", 0], "2": []}, "wired to no node")],
)
def test_what_leads_nowhere_is_refused(links: dict[str, list[object]], message: str) -> None:
    workflow = Workflow("w", {name: {"class_type": "A", "inputs": {"model": link}} for name, link in links.items()})

    with pytest.raises(ValidationError, match=message):
        find_upstream(workflow, "1", ["model"], {"UNETLoader"})
