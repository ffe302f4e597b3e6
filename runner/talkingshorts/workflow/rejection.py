"""What a 400 turns into: the server's refusal of a graph, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .binding import describe_options
from .file import Workflow
from .node_info import InputInfo, read_input
from .problems import (
    MissingModel,
    Problem,
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
    list_problem_lines,
)
from .validation import NodeInfos, check_node, is_missing_model


def describe_rejection(workflow: Workflow, answer: dict[str, Any], nodes: NodeInfos | None = None) -> str:
    """Return in words the `error` and `node_errors` of the server's answer to POST /prompt, one line per input.

    `nodes` are what the server says about the classes: it names the options near a wrong one.
    """
    problems = [
        problem
        for node_id, entry in (answer.get("node_errors") or {}).items()
        for error in entry.get("errors", [])
        for problem in _list_node_problems(workflow, nodes or {}, node_id, error)
    ]
    if problems:
        return "\n".join(list_problem_lines(workflow, problems))
    error = answer.get("error")
    if not isinstance(error, dict):
        return f"The server refused the graph: {error or answer}"
    extra = error.get("extra_info") or {}
    if error.get("type") == "prompt_no_outputs":
        return explain_no_outputs(workflow)
    if error.get("type") == "missing_node_type":
        return explain_unknown_class(workflow, str(extra.get("node_id")), nodes or ())
    details = error.get("details")
    return f"{error.get('message', 'The server refused the graph')}{f' ({details})' if details else ''}"


def _list_node_problems(workflow: Workflow, nodes: NodeInfos, node_id: str, error: dict[str, Any]) -> Iterator[Problem]:
    """Yield one of the server's errors (execution.py, validate_inputs) in the words of find_problems."""
    kind, extra = str(error.get("type")), error.get("extra_info") or {}
    if kind == "dependency_cycle":
        cycle = extra.get("cycle_nodes") or [node_id]
        yield explain_cycle(workflow, [*cycle, cycle[0]])
        return
    here, values = workflow.describe(node_id), workflow.graph.get(node_id, {}).get("inputs", {})
    if kind.startswith("exception_during"):
        found = list(check_node(workflow, nodes, node_id)) if workflow.class_type(node_id) in nodes else []
        cause = f"{extra.get('exception_type', 'error')}: {error.get('details', '')}"
        yield from found or [
            f"{here}: the server failed while it checked the inputs ({cause}). Check the node's links."
        ]
        return
    info = _input_info(workflow, nodes, node_id, extra)
    value = extra["received_value"] if "received_value" in extra else values.get(info.name)
    if kind == "value_not_in_list" and node_id in workflow.graph and is_missing_model(workflow, node_id, info):
        yield MissingModel(value)
    else:
        yield f"{here}: {_explain_input_error(workflow, kind, info, value, error)}"


def _explain_input_error(workflow: Workflow, kind: str, info: InputInfo, value: Any, error: dict[str, Any]) -> str:
    extra = error.get("extra_info") or {}
    if kind == "required_input_missing":
        return explain_missing_input(info.name)
    if kind == "bad_linked_input":
        return explain_no_link(info, value)
    if kind == "return_type_mismatch":
        return explain_mismatch(info, workflow.describe(str(extra["linked_node"][0])), str(extra.get("received_type")))
    if kind == "invalid_input_type":
        return explain_wrong_type(info, value)
    if kind in {"value_smaller_than_min", "value_bigger_than_max"}:
        return explain_out_of_range(info, value, info.name)
    if kind == "value_not_in_list":
        return explain_no_option(info, value)
    message, details = str(error.get("message", "refused")).rstrip("."), str(error.get("details") or "")
    reason = details.removeprefix(info.name).removeprefix(" - ")
    if kind != "custom_validation_failed" or not reason:
        reason = f"{message} ({reason})" if reason else message
    near = f" It has{describe_options(value, info.options).lstrip(':')}" if info.options else ""
    return f"{info.name} = {format_value(value)} is refused: {reason.rstrip('.')}.{near}" if info.name else f"{reason}."


def _input_info(workflow: Workflow, nodes: NodeInfos, node_id: str, extra: dict[str, Any]) -> InputInfo:
    """Return what is known of the input that an error is about, from the error or from /object_info."""
    name, node = str(extra.get("input_name", "")), nodes.get(workflow.class_type(node_id))
    known = node.inputs(workflow.graph[node_id]["inputs"]) if node and node_id in workflow.graph else {}
    return known.get(name) or read_input(name, True, extra.get("input_config") or ("*", {}))
