"""Find what is wrong with a graph before it is posted, from what /object_info says of its classes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..errors import ValidationError
from ..shipped.models import is_listed
from ..wording import suggest
from .file import Workflow, is_link
from .model_names import find_model_fields
from .node_info import PRIMITIVE_TYPES, InputInfo, NodeInfo
from .problems import (
    MissingModel,
    Problem,
    explain_cycle,
    explain_mismatch,
    explain_missing_input,
    explain_no_link,
    explain_no_option,
    explain_no_outputs,
    explain_not_possible,
    explain_out_of_range,
    explain_unknown_class,
    explain_wrong_type,
    format_value,
    list_problem_lines,
)
from .required import find_required_inputs

NodeInfos = Mapping[str, NodeInfo]

ANY_TYPES = frozenset({"*", "COMFY_MATCHTYPE_V3"})

CANVAS_ONLY_INPUTS = frozenset({"upload", "audioUI", "videopreview", "control_after_generate"})
"""Buttons and previews that the canvas exports along with a node's inputs."""


def require_valid(problems: Iterable[str]) -> None:
    """Raise ValidationError with one line per problem, when there is any."""
    if lines := list(dict.fromkeys(problems)):
        raise ValidationError("\n".join(lines))


def find_unknown_nodes(workflow: Workflow, nodes: NodeInfos, known_classes: Iterable[str]) -> list[str]:
    """Return one line for each node whose class the server doesn't have."""
    known = list(known_classes)
    return [
        explain_unknown_class(workflow, node_id, known)
        for node_id, node in workflow.graph.items()
        if node["class_type"] not in nodes
    ]


def find_problems(workflow: Workflow, nodes: NodeInfos) -> list[str]:
    """Return one line for each input that can't be sent, or that the server would refuse or misread.

    Every class in the workflow must be in `nodes`. Nodes that no output needs are left alone, as by the server.
    """
    if unsendable := list(_find_unsendable(workflow)):
        return unsendable
    outputs = [node_id for node_id, node in workflow.graph.items() if nodes[node["class_type"]].is_output]
    if not outputs:
        return [explain_no_outputs(workflow)]
    reachable, cycle = _walk(workflow, outputs)
    if cycle:
        return [explain_cycle(workflow, cycle)]
    return list_problem_lines(
        workflow, (problem for node_id in reachable for problem in check_node(workflow, nodes, node_id))
    )


def _walk(workflow: Workflow, outputs: list[str]) -> tuple[list[str], list[str]]:
    """Return the nodes that the outputs need, inputs first, and the nodes of a cycle if there is one."""
    done: dict[str, None] = {}
    for output in outputs:
        trail: list[tuple[str, Iterator[str]]] = [(output, _sources(workflow, output))]
        while trail:
            node_id, sources = trail[-1]
            source = next((source for source in sources if source not in done), None)
            if source is None:
                done[node_id] = None
                trail.pop()
                continue
            path = [visited for visited, _ in trail]
            if source in path:
                return list(done), [*path[path.index(source) :], source]
            trail.append((source, _sources(workflow, source)))
    return list(done), []


def _sources(workflow: Workflow, node_id: str) -> Iterator[str]:
    values = workflow.graph[node_id]["inputs"].values()
    return (str(value[0]) for value in values if is_link(value) and value and str(value[0]) in workflow.graph)


def check_node(workflow: Workflow, nodes: NodeInfos, node_id: str) -> Iterator[Problem]:
    """Yield a problem for each input of the node that the server would refuse or misread."""
    values = workflow.graph[node_id]["inputs"]
    node = nodes[workflow.class_type(node_id)]
    known = node.inputs(values)
    here = workflow.describe(node_id)
    open_names = tuple(f"{info.name}." for info in known.values() if info.is_open_ended)
    for name, info in known.items():
        if info.is_required and name not in values and not info.is_open_ended:
            yield f"{here}: {explain_missing_input(name)}"
    yield from (required.explain_empty() for required in find_required_inputs(workflow, node_id) if required.is_empty)
    for name, value in values.items():
        if name in known and is_missing_model(workflow, node_id, known[name]):
            yield MissingModel(value)
        elif name in known:
            for problem in _check_value(workflow, nodes, known[name], value):
                yield f"{here}: {problem}"
        elif (
            node.declares_every_input
            and name not in CANVAS_ONLY_INPUTS
            and not name.startswith((*open_names, "_", "$"))
        ):
            yield f"{here} has no input {name!r}{suggest(name, known)}"


def is_missing_model(workflow: Workflow, node_id: str, info: InputInfo) -> bool:
    """Tell whether a loader's input is set to a model of the shipped list that the server doesn't have."""
    fields = find_model_fields({node_id: workflow.graph[node_id]})
    value = next((name for _, field, name in fields if field == info.name), None)
    return value is not None and info.options is not None and value not in info.options and is_listed(value)


def _check_value(workflow: Workflow, nodes: NodeInfos, info: InputInfo, value: Any) -> Iterator[str]:
    if is_link(value):
        yield from _check_link(workflow, nodes, info, value)
    elif isinstance(value, dict) and "__value__" in value:
        return
    elif info.options is not None:
        if not info.is_upload and value not in info.options:
            yield explain_no_option(info, value)
    else:
        yield from _check_literal(info, value)


def _check_literal(info: InputInfo, value: Any) -> Iterator[str]:
    checkable = info.types & _IS_TYPE.keys()
    if not checkable or checkable != info.types:
        return
    if not any(_IS_TYPE[name](value) for name in checkable):
        yield explain_wrong_type(info, value)
        return
    yield from _check_range(info, value, info.name)


def _check_range(info: InputInfo, value: Any, name: str) -> Iterator[str]:
    low, high = info.settings.get("min"), info.settings.get("max")
    number = _as_number(value)
    if number is None:
        return
    if (low is not None and number < low) or (high is not None and number > high):
        yield explain_out_of_range(info, value, name)
    elif (possible := info.settings.get("possible_values")) and number not in possible:
        yield explain_not_possible(value, name, possible)


def _check_link(workflow: Workflow, nodes: NodeInfos, info: InputInfo, link: list[Any]) -> Iterator[str]:
    if len(link) != 2 or not isinstance(link[1], int):
        yield explain_no_link(info, link)
        return
    source_id, slot = str(link[0]), link[1]
    if source_id not in workflow.graph:
        yield f"{info.name} is linked to the node #{source_id}, which the workflow doesn't have."
        return
    outputs = nodes[workflow.class_type(source_id)].outputs
    source = workflow.describe(source_id)
    if not 0 <= slot < len(outputs):
        yield f"{info.name} is linked to output {slot} of {source}, which has {len(outputs)}."
    elif not _fits(outputs[slot], info):
        yield explain_mismatch(info, source, outputs[slot])
    elif workflow.class_type(source_id) in PRIMITIVE_TYPES:
        value = workflow.graph[source_id]["inputs"].get("value")
        if not is_link(value):
            yield from _check_range(info, value, f"{info.name} (from {source})")


def _fits(given: str, info: InputInfo) -> bool:
    """Tell whether the server lets an output of type `given` into the input (comfy_execution/validation.py)."""
    given_types = {part.strip() for part in given.split(",")}
    return bool(given_types & info.types or given_types & ANY_TYPES or info.types & ANY_TYPES) or info.is_open_ended


def _find_unsendable(workflow: Workflow) -> Iterator[str]:
    for node_id, node in workflow.graph.items():
        for name, value in node["inputs"].items():
            try:
                json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
            except ValueError:
                yield (
                    f"{workflow.describe(node_id)}: {name} = {format_value(value)} can't be sent: "
                    "JSON has no NaN, no Infinity and no half characters."
                )


def _as_number(value: Any) -> float | int | None:
    """Return the number that the server would read, exact where it is an integer."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return value if isinstance(value, int) else float(value)
    except ValueError:
        return None


def _is_int(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-").isdecimal()
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _is_float(value: Any) -> bool:
    number = int(value) if isinstance(value, bool) else _as_number(value)
    return number is not None and math.isfinite(number)


_IS_TYPE = {
    "INT": _is_int,
    "FLOAT": _is_float,
    "BOOLEAN": lambda value: isinstance(value, bool) or (isinstance(value, int | float) and value in (0, 1)),
    "STRING": lambda value: isinstance(value, str | int | float | bool),
}
