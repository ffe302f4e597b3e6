"""What can be wrong with a graph, in words: the same before it is posted and after the server refused it."""

from __future__ import annotations

import json
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..shipped.models import explain_download, explain_missing_models
from ..wording import suggest
from .binding import describe_options
from .file import Workflow
from .model_names import list_models
from .node_info import InputInfo, describe_types

VALUE_CHARACTERS = 80


@dataclass(frozen=True)
class MissingModel:
    """A loader is set to a model of the shipped list that its server doesn't have."""

    name: str


Problem = str | MissingModel
"""What is wrong, in words; missing models are put into words together."""


def list_problem_lines(workflow: Workflow, problems: Iterable[Problem]) -> list[str]:
    """Return each problem in one line, and all missing models in one."""
    found = list(dict.fromkeys(problems))
    missing = [problem.name for problem in found if isinstance(problem, MissingModel)]
    lines = [problem for problem in found if isinstance(problem, str)]
    return [*lines, explain_missing_models(missing, list_models(workflow.graph))] if missing else lines


def explain_unknown_class(workflow: Workflow, node_id: str, known: Iterable[str]) -> str:
    """Return that the server lacks the class of a node, with the known names near it."""
    kind = workflow.class_type(node_id)
    return (
        f"{workflow.describe(node_id)}: the server has no node class {kind!r}{suggest(kind, known)} "
        "Install the custom node pack that brings it, and restart ComfyUI."
    )


def explain_no_outputs(workflow: Workflow) -> str:
    """Return that the workflow has no output node."""
    return f"The workflow {workflow.name} has no output node: add one that saves or previews something."


def explain_cycle(workflow: Workflow, cycle: list[str]) -> str:
    """Return which nodes the links run through in a circle; the first is the last, too."""
    return f"The workflow's links run in a circle: {' -> '.join(map(workflow.describe, cycle))}."


def explain_missing_input(name: str) -> str:
    """Return that a required input is missing."""
    return f"the required input {name!r} is missing."


def explain_no_link(info: InputInfo, value: Any) -> str:
    """Return that what should be a link is none."""
    return f"{info.name} = {format_value(value)} is not a link: expected [node id, output number]."


def explain_mismatch(info: InputInfo, source: str, given: str) -> str:
    """Return that an output of the type `given` doesn't fit the input."""
    return f"{info.name} takes {info.type}, but {source} gives {given}."


def explain_wrong_type(info: InputInfo, value: Any) -> str:
    """Return that the value isn't of the type that the input takes."""
    wanted = describe_types(info.types)
    return f"{info.name} = {format_value(value)} is not {wanted}. {_describe_limits(info.settings)}".rstrip()


def explain_out_of_range(info: InputInfo, value: Any, name: str) -> str:
    """Return that the value is out of range, and what is allowed."""
    return f"{name} = {format_value(value)} is out of range. {_describe_limits(info.settings)}"


def explain_not_possible(value: Any, name: str, possible: Sequence[float]) -> str:
    """Return that the value is none of those that are possible (rising), and which are nearest."""
    place = bisect(possible, float(value))
    nearest = " and ".join(str(near) for near in possible[max(0, place - 1) : place + 1])
    return f"{name} = {format_value(value)} is not possible. The nearest are {nearest}."


def explain_no_option(info: InputInfo, value: Any) -> str:
    """Return that the value is none of the options, which are near, and how to get a model."""
    options = describe_options(value, info.options) if info.options is not None else "."
    return f"{info.name} = {format_value(value)} is not one of its options{options}{explain_download(value)}"


def format_value(value: Any) -> str:
    """Return a value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= VALUE_CHARACTERS else f"{text[: VALUE_CHARACTERS - 3]}..."


def _describe_limits(settings: dict[str, Any]) -> str:
    low, high = settings.get("min"), settings.get("max")
    if low is not None and high is not None:
        return f"Allowed: {low} to {high}."
    if low is not None:
        return f"Allowed: {low} and above."
    return f"Allowed: up to {high}." if high is not None else ""
