"""Say in words what is wrong with a graph: from /object_info before it is posted, from the server's answer after."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..errors import ValidationError
from ..shipped.models import say_download
from ..wording import suggest
from .binding import describe_options
from .file import Workflow, is_link
from .node_info import PRIMITIVE_TYPES, InputInfo, NodeInfo, read_input

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
        _say_unknown_class(workflow, node_id, known)
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
        return [_say_no_outputs(workflow)]
    reachable, cycle = _walk(workflow, outputs)
    if cycle:
        return [_say_cycle(workflow, cycle)]
    return [problem for node_id in reachable for problem in _check_node(workflow, nodes, node_id)]


def describe_rejection(workflow: Workflow, answer: dict[str, Any], nodes: NodeInfos | None = None) -> str:
    """Return in words the `error` and `node_errors` of the server's answer to POST /prompt, one line per input.

    `nodes` are what the server says about the classes: it names the options near a wrong one.
    """
    lines = [
        line
        for node_id, entry in (answer.get("node_errors") or {}).items()
        for error in entry.get("errors", [])
        for line in _describe_node_error(workflow, nodes or {}, node_id, error)
    ]
    if lines:
        return "\n".join(dict.fromkeys(lines))
    error = answer.get("error")
    if not isinstance(error, dict):
        return f"The server refused the graph: {error or answer}"
    extra = error.get("extra_info") or {}
    if error.get("type") == "prompt_no_outputs":
        return _say_no_outputs(workflow)
    if error.get("type") == "missing_node_type":
        return _say_unknown_class(workflow, str(extra.get("node_id")), nodes or ())
    details = error.get("details")
    return f"{error.get('message', 'The server refused the graph')}{f' ({details})' if details else ''}"


def _describe_node_error(workflow: Workflow, nodes: NodeInfos, node_id: str, error: dict[str, Any]) -> Iterator[str]:
    """Yield one of the server's errors (execution.py, validate_inputs) in the words of find_problems."""
    kind, extra = str(error.get("type")), error.get("extra_info") or {}
    if kind == "dependency_cycle":
        cycle = extra.get("cycle_nodes") or [node_id]
        yield _say_cycle(workflow, [*cycle, cycle[0]])
        return
    here, values = workflow.describe(node_id), workflow.graph.get(node_id, {}).get("inputs", {})
    if kind.startswith("exception_during"):
        found = list(_check_node(workflow, nodes, node_id)) if workflow.class_type(node_id) in nodes else []
        cause = f"{extra.get('exception_type', 'error')}: {error.get('details', '')}"
        yield from found or [
            f"{here}: the server failed while it checked the inputs ({cause}). Check the node's links."
        ]
        return
    name = str(extra.get("input_name", ""))
    value = extra["received_value"] if "received_value" in extra else values.get(name)
    yield f"{here}: {_say_input_error(workflow, kind, _input_info(workflow, nodes, node_id, extra), value, error)}"


def _say_input_error(workflow: Workflow, kind: str, info: InputInfo, value: Any, error: dict[str, Any]) -> str:
    extra = error.get("extra_info") or {}
    if kind == "required_input_missing":
        return _say_missing(info.name)
    if kind == "bad_linked_input":
        return _say_no_link(info, value)
    if kind == "return_type_mismatch":
        return _say_mismatch(info, workflow.describe(str(extra["linked_node"][0])), str(extra.get("received_type")))
    if kind == "invalid_input_type":
        return _say_wrong_type(info, value, info.type)
    if kind in {"value_smaller_than_min", "value_bigger_than_max"}:
        return _say_out_of_range(info, value, info.name)
    if kind == "value_not_in_list":
        return _say_no_option(info, value)
    message, details = str(error.get("message", "refused")).rstrip("."), str(error.get("details") or "")
    reason = details.removeprefix(info.name).removeprefix(" - ")
    if kind != "custom_validation_failed" or not reason:
        reason = f"{message} ({reason})" if reason else message
    near = f" It has{describe_options(value, info.options).lstrip(':')}" if info.options else ""
    return f"{info.name} = {_show(value)} is refused: {reason.rstrip('.')}.{near}" if info.name else f"{reason}."


def _input_info(workflow: Workflow, nodes: NodeInfos, node_id: str, extra: dict[str, Any]) -> InputInfo:
    """Return what is known of the input that an error is about, from the error or from /object_info."""
    name, node = str(extra.get("input_name", "")), nodes.get(workflow.class_type(node_id))
    known = node.inputs(workflow.graph[node_id]["inputs"]) if node and node_id in workflow.graph else {}
    return known.get(name) or read_input(name, True, extra.get("input_config") or ("*", {}))


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
            yield f"{here}: {_say_missing(name)}"
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
            yield _say_no_option(info, value)
    else:
        yield from _check_literal(info, value)


def _check_literal(info: InputInfo, value: Any) -> Iterator[str]:
    checkable = info.types & _IS_TYPE.keys()
    if not checkable or checkable != info.types:
        return
    if not any(_IS_TYPE[name](value) for name in checkable):
        yield _say_wrong_type(info, value, " or ".join(sorted(checkable)))
        return
    yield from _check_range(info, value, info.name)


def _check_range(info: InputInfo, value: Any, name: str) -> Iterator[str]:
    low, high = info.settings.get("min"), info.settings.get("max")
    number = _as_number(value)
    if number is None:
        return
    if (low is not None and number < low) or (high is not None and number > high):
        yield _say_out_of_range(info, value, name)


def _check_link(workflow: Workflow, nodes: NodeInfos, info: InputInfo, link: list[Any]) -> Iterator[str]:
    if len(link) != 2 or not isinstance(link[1], int):
        yield _say_no_link(info, link)
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
        yield _say_mismatch(info, source, outputs[slot])
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
                    f"{workflow.describe(node_id)}: {name} = {_show(value)} can't be sent: "
                    "JSON has no NaN, no Infinity and no half characters."
                )


def _say_unknown_class(workflow: Workflow, node_id: str, known: Iterable[str]) -> str:
    kind = workflow.class_type(node_id)
    return (
        f"{workflow.describe(node_id)}: the server has no node class {kind!r}{suggest(kind, known)} "
        "Install the custom node pack that brings it, and restart ComfyUI."
    )


def _say_no_outputs(workflow: Workflow) -> str:
    return f"The workflow {workflow.name} has no output node: add one that saves or previews something."


def _say_cycle(workflow: Workflow, cycle: list[str]) -> str:
    return f"The workflow's links run in a circle: {' -> '.join(map(workflow.describe, cycle))}."


def _say_missing(name: str) -> str:
    return f"the required input {name!r} is missing."


def _say_no_link(info: InputInfo, value: Any) -> str:
    return f"{info.name} = {_show(value)} is no link: expected [node id, output number]."


def _say_mismatch(info: InputInfo, source: str, given: str) -> str:
    return f"{info.name} takes {info.type}, but {source} gives {given}."


def _say_wrong_type(info: InputInfo, value: Any, wanted: str) -> str:
    return f"{info.name} = {_show(value)} is no {wanted}. {_describe_limits(info.settings)}".rstrip()


def _say_out_of_range(info: InputInfo, value: Any, name: str) -> str:
    return f"{name} = {_show(value)} is out of range. {_describe_limits(info.settings)}"


def _say_no_option(info: InputInfo, value: Any) -> str:
    options = describe_options(value, info.options) if info.options is not None else "."
    return f"{info.name} = {_show(value)} is none of its options{options}{say_download(value)}"


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
