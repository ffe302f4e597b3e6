"""Read from a graph, without a server, what its costs depend on."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Sequence
from typing import Any

from ..errors import ValidationError
from ..workflow.binding import parse_value, require_field, resolve
from ..workflow.file import Workflow, is_link
from ..workflow.node_info import PRIMITIVE_TYPES, InputInfo

PICTURE_CHOICE = "TalkingShortsPortraitPicture"


def set_values(workflow: Workflow, settings: Sequence[tuple[str, str]]) -> Workflow:
    """Return the workflow with texts set as inputs, by address. Raises ValidationError for one that doesn't fit."""
    changed = workflow.copy()
    for address, text in settings:
        target = resolve(changed, address)
        require_field(changed, target, None)
        inputs = changed.graph[target.node_id]["inputs"]
        inputs[target.field] = parse_value(target, text, _guess_info(inputs[target.field]), None)
    return changed


def list_running(workflow: Workflow) -> list[str]:
    """Return the nodes that something at the graph's end needs. A portrait isn't generated where a picture is given."""
    values = (value for node in workflow.graph.values() for value in node["inputs"].values())
    linked = {str(value[0]) for value in values if is_link(value) and value}
    waiting = [node_id for node_id in workflow.graph if node_id not in linked]
    running: set[str] = set()
    while waiting:
        node_id = waiting.pop()
        if node_id not in running and node_id in workflow.graph:
            running.add(node_id)
            waiting.extend(_list_sources(workflow, node_id))
    return [node_id for node_id in workflow.graph if node_id in running]


def find_source(workflow: Workflow, node_id: str, field: str) -> str:
    """Return the node that a field is wired to. Raises ValidationError when it is wired to none."""
    value = workflow.graph[node_id]["inputs"].get(field)
    if is_link(value) and value and str(value[0]) in workflow.graph:
        return str(value[0])
    raise ValidationError(f"{workflow.describe(node_id)}: {field} is wired to no node. Wire it in the workflow.")


def find_upstream(workflow: Workflow, node_id: str, fields: Sequence[str], wanted: Container[str]) -> str:
    """Return the nearest node of the wanted classes: wired to the first field, or that node's to one of the fields.

    Raises ValidationError when there is none.
    """
    found, field = find_source(workflow, node_id, fields[0]), fields[0]
    for _ in workflow.graph:
        if workflow.class_type(found) in wanted:
            return found
        inputs = workflow.graph[found]["inputs"]
        field = next((name for name in fields if is_link(inputs.get(name))), field)
        found = find_source(workflow, found, field)
    raise ValidationError(f"{workflow.describe(node_id)}: what {fields[0]} is wired to runs in a circle.")


def read_value(workflow: Workflow, node_id: str, field: str, default: Any = None) -> Any:
    """Return a field's value: its own, or that of the value node that it is wired to, or the default.

    Raises ValidationError when it is known only as the graph runs.
    """
    value = workflow.graph[node_id]["inputs"].get(field, default)
    if not is_link(value):
        return value
    source = find_source(workflow, node_id, field)
    value = workflow.graph[source]["inputs"].get("value")
    if workflow.class_type(source) in PRIMITIVE_TYPES and not is_link(value):
        return value
    raise ValidationError(
        f"{workflow.describe(node_id)}: {field} comes from {workflow.describe(source)}, so it is known only as the "
        f"graph runs. Give it for the estimate: -s {node_id}.{field}=VALUE"
    )


def read_amount(workflow: Workflow, node_id: str, field: str, default: float | None = None) -> float:
    """Return a field's value. Raises ValidationError when it is no number from 0 up."""
    value = read_value(workflow, node_id, field, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValidationError(f"{workflow.describe(node_id)}: {field} is {value!r}: give a number from 0 up.")
    return value


def read_whole(workflow: Workflow, node_id: str, field: str, default: int | None = None) -> int:
    """Return a field's value. Raises ValidationError when it is no whole number from 1 to 100,000."""
    value = read_value(workflow, node_id, field, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100_000:
        raise ValidationError(f"{workflow.describe(node_id)}: {field} is {value!r}: give a whole number from 1 up.")
    return value


def _guess_info(current: Any) -> InputInfo:
    """Return what an input takes, by what it holds now: any number where there is one."""
    if isinstance(current, bool):
        kind = "BOOLEAN"
    elif isinstance(current, int | float):
        kind = "INT,FLOAT"
    else:
        kind = "INT,FLOAT,STRING" if is_link(current) else "STRING"
    return InputInfo("", kind, True, None, {})


def _list_sources(workflow: Workflow, node_id: str) -> Iterator[str]:
    takes_picture = workflow.class_type(node_id) == PICTURE_CHOICE and read_value(workflow, node_id, "picture", "")
    for field, value in workflow.graph[node_id]["inputs"].items():
        if is_link(value) and value and not (takes_picture and field == "generated"):
            yield str(value[0])
