"""What a node's failure on the server means for the job."""

from __future__ import annotations

from typing import Any

from ..comfyui.client import drop_digest
from ..errors import NodeFailedError, OutOfMemoryError, RunnerError, ValidationError
from ..workflow.binding import rename_inputs
from ..workflow.file import Workflow


def read_failure(workflow: Workflow, error: dict[str, Any]) -> RunnerError:
    """Return the error for a failed node: ValidationError when the pack blames an input, else NodeFailedError.

    `error` is ComfyUI's execution_error. Inputs are told by the names that the workflow gives them, files by
    those that they had before they were uploaded.
    """
    node_id = str(error.get("node_id", "?"))
    node = workflow.describe(node_id)
    message = str(error.get("exception_message") or "failed without a message").strip()
    message = _rename_uploads(workflow, rename_inputs(workflow, node_id, message))
    failure = _kind_of_failure(str(error.get("exception_type", "")), message)(f"{node}: {message}")
    failure.node_id, failure.class_type = node_id, workflow.class_type(node_id)
    failure.details = "".join(error.get("traceback") or [])
    return failure


def _rename_uploads(workflow: Workflow, message: str) -> str:
    values = (value for node in workflow.graph.values() for value in node["inputs"].values())
    for name in (value for value in values if isinstance(value, str) and value):
        message = message.replace(name, drop_digest(name))
    return message


def _kind_of_failure(exception_type: str, message: str) -> type[RunnerError]:
    if exception_type.endswith("InputError"):
        return ValidationError
    lacks_memory = exception_type.endswith(("OutOfMemoryError", "MemoryError")) or "out of memory" in message.lower()
    return OutOfMemoryError if lacks_memory else NodeFailedError
