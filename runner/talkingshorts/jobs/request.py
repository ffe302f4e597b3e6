"""What to run: a workflow, what its inputs are set to, where its results go; and its binding to what a server knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..comfyui.client import ComfyClient
from ..errors import UsageError, ValidationError
from ..results.destination import require_writable
from ..workflow.binding import Target, parse_value, require_field, resolve
from ..workflow.file import Workflow, load_workflow
from ..workflow.node_info import NodeInfo
from ..workflow.required import list_required_inputs
from ..workflow.validation import NodeInfos, find_problems, find_unknown_nodes, require_valid
from .options import RunOptions

SEED_FIELDS = ("seed", "noise_seed")


@dataclass(frozen=True)
class Request:
    """What to run: texts to set inputs to, files to upload for inputs, and the template for the results' paths.

    `problems` say what keeps it from running; `bind` refuses it with them.

    Raises UsageError when the result would be written over one of the files.
    """

    workflow: Workflow
    output: str
    values: Sequence[tuple[Target, str]] = ()
    files: Sequence[tuple[Target, Path]] = ()
    problems: Sequence[str] = ()

    def __post_init__(self) -> None:
        for _, path in self.files:
            if path.resolve() == Path(self.output).resolve():
                raise UsageError(f"The output {self.output!r} is the input {path} itself: give it another name.")


def build_request(options: RunOptions) -> Request:
    """Return the request that the options spell out. Needs no server.

    Raises UsageError for a local file that can't be read or written, ValidationError for an address that the workflow
    doesn't have.
    """
    workflow = load_workflow(options.workflow)
    require_writable(options.output, workflow.stem)
    return Request(
        workflow,
        options.output,
        [(resolve(workflow, address), text) for address, text in options.settings],
        [(resolve(workflow, address), require_readable(path)) for address, path in options.files],
    )


def bind_on(client: ComfyClient, request: Request) -> Workflow:
    """Return the workflow as `bind` does, by what the server says about its classes; asks the server.

    Raises ValidationError with one line per problem.
    """
    return bind(request, describe_nodes(client, request.workflow))


def bind(request: Request, nodes: NodeInfos) -> Workflow:
    """Return the workflow with its values set and checked against what the server says about its classes.

    Raises ValidationError with one line per problem.
    """
    workflow = request.workflow.copy_nodes(target.node_id for target, _ in (*request.values, *request.files))
    problems = [*request.problems]
    for target, given in (*request.values, *request.files):
        inputs = workflow.graph[target.node_id]["inputs"]
        try:
            info = require_field(workflow, target, nodes[workflow.class_type(target.node_id)])
            inputs[target.field] = (
                _stand_in(given)
                if isinstance(given, Path)
                else parse_value(target, given, info, inputs.get(target.field))
            )
        except ValidationError as error:
            problems.append(_explain_empty(request.workflow, target, given) or str(error))
    require_valid(problems or find_problems(workflow, nodes))
    return workflow


def _explain_empty(workflow: Workflow, target: Target, given: str | Path) -> str:
    """Return that an input mustn't be empty, when that is what is wrong with the text given for it; else ""."""
    if isinstance(given, Path) or given.strip():
        return ""
    inputs = (required for required in list_required_inputs(workflow) if required.target.place == target.place)
    return next((required.explain_empty() for required in inputs), "")


def describe_nodes(client: ComfyClient, workflow: Workflow, known: NodeInfos | None = None) -> dict[str, NodeInfo]:
    """Return what the server says about each class of the workflow; it isn't asked about those that are `known`.

    Raises ValidationError when it lacks one, UnreachableError when it is away.
    """
    classes = {node["class_type"] for node in workflow.graph.values()}
    nodes = {class_type: info for class_type, info in (known or {}).items() if class_type in classes}
    asked = (client.node_info(class_type) for class_type in sorted(classes - nodes.keys()))
    nodes |= {info.class_type: info for info in asked if info}
    if nodes.keys() != classes:
        require_valid(find_unknown_nodes(workflow, nodes, client.node_classes()))
    return nodes


def _stand_in(path: Path) -> str:
    """Return the name by which a file is judged before it is uploaded under another: its own, in plain characters."""
    return path.name.encode("utf-8", "replace").decode()


def find_seed(workflow: Workflow, inputs: dict[str, Any]) -> int | None:
    """Return the seed among the named inputs, else the first one set in a node."""
    if isinstance(inputs.get("seed"), int):
        return inputs["seed"]
    seeds = (node["inputs"].get(field) for node in workflow.graph.values() for field in SEED_FIELDS)
    return next((seed for seed in seeds if isinstance(seed, int)), None)


def require_readable(path: Path, hint: str = "") -> Path:
    """Return `path`. Raises UsageError, with `hint`, when it is no file that can be read."""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UsageError(f"The file {path} can't be uploaded: it is a device or a pipe. Save it as a file first.")
        with path.open("rb"):
            return path
    except OSError as error:
        raise UsageError(f"The file {path} can't be read: {error.strerror}. {hint}".rstrip()) from error
