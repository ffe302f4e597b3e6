"""The inputs that a graph can't do without: words to say, a voice to clone, a picture, a recording.

Which they are is read off the graph: what feeds a field that its node can't do without. So it holds for any graph,
under whatever name the input has there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..shipped.workflows import list_workflows
from .binding import Target, list_named_inputs
from .file import Workflow, is_link, load_workflow
from .node_info import LOADERS, PRIMITIVE_TYPES

_WORDS = "write the words to say"

_REMEDIES: dict[tuple[str, str], str] = {
    ("TalkingShortsDraftVoice", "script"): _WORDS,
    ("TalkingShortsCloneVoice", "script"): _WORDS,
    ("TalkingShortsCloneVoice", "reference"): "name a link to the voice to clone, or a file with it",
    **{(class_type, loader.field): "name a file" for class_type, loader in LOADERS.items()},
}
"""What to do about an empty field, by the node's class and the field."""

_PASSED_ON = {"TalkingShortsYouTubeVoice": "source", **dict.fromkeys(PRIMITIVE_TYPES, "value")}
"""The nodes that give nothing where one field of theirs is empty, and that field."""


@dataclass(frozen=True)
class RequiredInput:
    """An input that mustn't be empty: where its value stands, and what to do when it is."""

    target: Target
    value: Any
    remedy: str

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing but spaces."""
        return isinstance(self.value, str) and not self.value.strip()

    def explain_empty(self) -> str:
        """Return that it is empty, and the remedy."""
        return f"{self.target.address} is empty: {self.remedy}."


def list_required_inputs(workflow: Workflow) -> list[RequiredInput]:
    """Return the required inputs of all nodes, each once, in the order of the file. Needs no server."""
    found = {
        required.target.place: required
        for node_id in workflow.graph
        for required in find_required_inputs(workflow, node_id)
    }
    return list(found.values())


def find_required_inputs(workflow: Workflow, node_id: str) -> Iterator[RequiredInput]:
    """Yield the inputs that this node can't do without, as far as no other node computes them."""
    for (class_type, field), remedy in _REMEDIES.items():
        target = _find_source(workflow, node_id, field) if workflow.class_type(node_id) == class_type else None
        if target is not None:
            yield RequiredInput(target, workflow.graph[target.node_id]["inputs"].get(target.field), remedy)


def is_spoken(workflow: Workflow, target: Target) -> bool:
    """Tell whether the input's text is what is said."""
    inputs = list_required_inputs(workflow)
    return any(required.target.place == target.place and required.remedy == _WORDS for required in inputs)


def is_sample(required: RequiredInput) -> bool:
    """Tell whether the input holds what the shipped workflows hold under its name: nobody has chosen it."""
    return (required.target.address, required.value) in _list_samples()


def _find_source(workflow: Workflow, node_id: str, field: str) -> Target | None:
    """Return where the value of the field stands; None where another node computes it."""
    for _ in workflow.graph:  # A graph may run in a circle.
        value = workflow.graph[node_id]["inputs"].get(field)
        if not is_link(value):
            return Target(_find_name(workflow, node_id, field) or f"{node_id}.{field}", node_id, field)
        node_id = str(value[0]) if value else ""
        field = _PASSED_ON.get(workflow.class_type(node_id), "")
        if not field:
            return None
    return None


def _find_name(workflow: Workflow, node_id: str, field: str) -> str | None:
    targets = (named.target for named in list_named_inputs(workflow))
    return next((target.address for target in targets if target.place == (node_id, field)), None)


@cache
def _list_samples() -> frozenset[tuple[str, Any]]:
    """Return name and value of every input that a shipped workflow requires, where it has one."""
    shipped = (load_workflow(entry.path) for entry in list_workflows())
    return frozenset(
        (required.target.address, required.value)
        for workflow in shipped
        for required in list_required_inputs(workflow)
        if not required.is_empty
    )
