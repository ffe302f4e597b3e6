"""Say in words what is wrong with a graph: from /object_info before it is posted, from the server's answer after."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .binding import describe_options, suggest
from .errors import ValidationError
from .node_info import PRIMITIVE_TYPES, InputInfo, NodeInfo
from .workflow_file import Workflow, is_link

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
        f"{workflow.describe(node_id)}: the server has no node class {node['class_type']!r}"
        f"{suggest(node['class_type'], known)} Install the custom node pack that brings it, and restart ComfyUI."
        for node_id, node in workflow.graph.items()
        if node["class_type"] not in nodes
    ]


def find_problems(workflow: Workflow, nodes: NodeInfos) -> list[str]:
    """Return one line for each input that the server would refuse, or would accept and misread.

    Every class in the workflow must be in `nodes`. Nodes that no output needs are left alone, as by the server.
    """
    outputs = [node_id for node_id, node in workflow.graph.items() if nodes[node["class_type"]].is_output]
    if not outputs:
        return [f"The workflow {workflow.name} has no output node: add one that saves or previews something."]
    reachable, cycle = _walk(workflow, outputs)
    if cycle:
        return [f"The workflow's links run in a circle: {' -> '.join(map(workflow.describe, cycle))}."]
    return [problem for node_id in reachable for problem in _check_node(workflow, nodes, node_id)]


def describe_rejection(workflow: Workflow, answer: dict[str, Any]) -> str:
    """Return in words the `error` and `node_errors` of the server's answer to POST /prompt, one line per input."""
    lines = [
        f"{workflow.describe(node_id)}: {_describe_node_error(error)}"
        for node_id, entry in (answer.get("node_errors") or {}).items()
        for error in entry.get("errors", [])
    ]
    if lines:
        return "\n".join(dict.fromkeys(lines))
    error = answer.get("error")
    if isinstance(error, dict):
        details = error.get("details")
        return f"{error.get('message', 'The server refused the graph')}{f' ({details})' if details else ''}"
    return f"The server refused the graph: {error or answer}"


def _describe_node_error(error: dict[str, Any]) -> str:
    """Return one of the server's errors with the input, the value and what is allowed."""
    extra = error.get("extra_info") or {}
    name = extra.get("input_name")
    config = extra.get("input_config") or ()
    settings = config[1] if len(config) > 1 and isinstance(config[1], dict) else {}
    text = error.get("message", "invalid").rstrip(".")
    if name and "received_value" in extra:
        text = f"{name} = {_show(extra['received_value'])}: {text}"
    elif name:
        text = f"{name}: {text}"
    if limits := _describe_limits(settings):
        return f"{text}. {limits}"
    details = error.get("details")
    return f"{text} ({details})." if details and details != name else f"{text}."


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


def _check_node(workflow: Workflow, nodes: NodeInfos, node_id: str) -> Iterator[str]:
    values = workflow.graph[node_id]["inputs"]
    node = nodes[workflow.class_type(node_id)]
    known = node.inputs(values)
    here = workflow.describe(node_id)
    open_names = tuple(f"{info.name}." for info in known.values() if info.is_open_ended)
    for name, info in known.items():
        if info.is_required and name not in values and not info.is_open_ended:
            yield f"{here}: the required input {name!r} is missing."
    for name, value in values.items():
        if name in known:
            for problem in _check_value(workflow, nodes, known[name], value):
                yield f"{here}: {problem}"
        elif (
            node.declares_every_input
            and name not in CANVAS_ONLY_INPUTS
            and not name.startswith((*open_names, "_", "$"))
        ):
            yield f"{here} has no input {name!r}{suggest(name, known)}"


def _check_value(workflow: Workflow, nodes: NodeInfos, info: InputInfo, value: Any) -> Iterator[str]:
    if is_link(value):
        yield from _check_link(workflow, nodes, info, value)
    elif isinstance(value, dict) and "__value__" in value:
        return
    elif info.options is not None:
        if not info.is_upload and value not in info.options:
            yield f"{info.name} = {_show(value)} is none of its options{describe_options(value, info.options)}"
    else:
        yield from _check_literal(info, value)


def _check_literal(info: InputInfo, value: Any) -> Iterator[str]:
    checkable = info.types & _IS_TYPE.keys()
    if not checkable or checkable != info.types:
        return
    if not any(_IS_TYPE[name](value) for name in checkable):
        wanted = " or ".join(sorted(checkable))
        yield f"{info.name} = {_show(value)} is no {wanted}. {_describe_limits(info.settings)}".rstrip()
        return
    yield from _check_range(info, value, info.name)


def _check_range(info: InputInfo, value: Any, name: str) -> Iterator[str]:
    low, high = info.settings.get("min"), info.settings.get("max")
    number = _as_number(value)
    if number is None:
        return
    if (low is not None and number < low) or (high is not None and number > high):
        yield f"{name} = {_show(value)} is out of range. {_describe_limits(info.settings)}"


def _check_link(workflow: Workflow, nodes: NodeInfos, info: InputInfo, link: list[Any]) -> Iterator[str]:
    if len(link) != 2 or not isinstance(link[1], int):
        yield f"{info.name} = {_show(link)} is no link: expected [node id, output number]."
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
        yield f"{info.name} takes {info.type}, but {source} gives {outputs[slot]}."
    elif workflow.class_type(source_id) in PRIMITIVE_TYPES:
        value = workflow.graph[source_id]["inputs"].get("value")
        if not is_link(value):
            yield from _check_range(info, value, f"{info.name} (from {source})")


def _fits(given: str, info: InputInfo) -> bool:
    """Tell whether the server lets an output of type `given` into the input (comfy_execution/validation.py)."""
    given_types = {part.strip() for part in given.split(",")}
    return bool(given_types & info.types or given_types & ANY_TYPES or info.types & ANY_TYPES) or info.is_open_ended


def _describe_limits(settings: dict[str, Any]) -> str:
    low, high = settings.get("min"), settings.get("max")
    if low is not None and high is not None:
        return f"Allowed: {low} to {high}."
    if low is not None:
        return f"Allowed: {low} and above."
    return f"Allowed: up to {high}." if high is not None else ""


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


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
