"""What `-s` and `-i` give to the inputs of a graph: texts, and files to upload.

People name a file where a text is asked for, and the other way round. What they mean is plain from the input.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RunnerError, ValidationError
from ..texts.links import looks_like_link
from ..texts.notation import is_there
from .answers import print_note
from .links import fetch_link, is_web_link
from .values import ValueReader, locate

if TYPE_CHECKING:
    from ..jobs.options import Setting
    from ..workflow.binding import Target
    from ..workflow.file import Workflow

TEXT_NOTATIONS = re.compile(r"-|\{env:[^{}]+\}|\s*")
"""Values that stand for a text, or for none."""

Assignment = tuple[str, str]
"""The address of an input, and what is given for it, as it was typed."""


def read_given(
    path: Path, settings: Sequence[Assignment], files: Sequence[Assignment], values: ValueReader
) -> tuple[list[Setting], list[tuple[str, Path]]]:
    """Return the texts, and the files to upload, each with the address of its input of the workflow in `path`.

    Raises UsageError for a value that can't be read, and a link that can't be fetched. What is wrong with the workflow
    itself is told when it is run.
    """
    from ..workflow.file import Workflow, load_workflow

    workflow = Workflow("", {})
    with contextlib.suppress(RunnerError):
        workflow = load_workflow(path)
    given = [
        *((address, _read_setting(workflow, address, value, values)) for address, value in settings),
        *((address, _read_file(workflow, address, name, values)) for address, name in files),
    ]
    texts = [(address, value) for address, value in given if isinstance(value, str)]
    return texts, [(address, value) for address, value in given if isinstance(value, Path)]


def read_file(name: str) -> Path:
    """Return the file that is meant where a file is asked for: behind a link, or with an @ that is one too many.

    Raises UsageError for a link that can't be fetched.
    """
    if is_web_link(name):
        return fetch_link(name)
    path = locate(name)
    return locate(name[1:]) if name.startswith("@") and not is_there(path) else path


def _read_setting(workflow: Workflow, address: str, value: str, values: ValueReader) -> str | Path:
    """Return a text; or a file, where the input takes one and the value names one that is here."""
    from ..workflow.binding import takes_file, takes_link
    from ..workflow.required import is_spoken

    target = _find(workflow, address)
    if target is None:
        return values.read(value)
    if is_spoken(workflow, target):
        return values.read_words(value)
    if not takes_file(workflow, target) or value.startswith("@@"):
        return values.read(value)
    if is_web_link(value):
        return value if takes_link(workflow, target) else fetch_link(value)
    path = locate(value.removeprefix("@"))
    if value.startswith("@") or is_there(path):
        return path
    if TEXT_NOTATIONS.fullmatch(value):
        return values.read(value)
    if looks_like_link(value) and takes_link(workflow, target):
        return value
    print_note(f"{address}: there is no file {path} here. It is taken for one that the server has.")
    return value


def _read_file(workflow: Workflow, address: str, name: str, values: ValueReader) -> str | Path:
    """Return a file; or a text, where the input takes a text of many lines, or a link that it fetches itself."""
    from ..workflow.binding import takes_link, takes_long_text

    target = _find(workflow, address)
    if target is not None and takes_long_text(workflow, target):
        return values.read(f"@{name.removeprefix('@')}")
    if target is not None and takes_link(workflow, target) and not is_there(locate(name)) and looks_like_link(name):
        return name
    return read_file(name)


def _find(workflow: Workflow, address: str) -> Target | None:
    from ..workflow.binding import resolve

    try:
        return resolve(workflow, address)
    except ValidationError:
        return None  # What is wrong with the address is told with all that is wrong with the graph.
