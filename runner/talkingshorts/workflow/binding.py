"""Find the input that an address names, and turn the text given for it into a typed value.

An address is a named input (the title of a value or file node), `ID.field`, `Class#n.field` or `Title.field`,
looked up in that order. `n` counts the nodes of a class in the order of the file, from 1.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import ValidationError
from ..shipped.models import is_listed
from ..texts.times import parse_seconds
from ..wording import suggest
from .file import Workflow, is_link
from .node_info import (
    LOADERS,
    LONG_TEXT,
    OPTIONAL_SOURCES,
    PRIMITIVE_FIELD,
    PRIMITIVE_TYPES,
    SAMPLER_CHOICE,
    InputInfo,
    NodeInfo,
    describe_types,
)

TRUE_WORDS = frozenset({"true", "yes", "on", "1", "1.0", "wahr", "ja", "vrai", "oui", "verdadero", "sí", "vero", "sim"})
FALSE_WORDS = frozenset({"false", "no", "off", "0", "0.0", "falsch", "nein", "faux", "non", "falso", "não"})
"""English, and what spreadsheets write in German, French, Spanish, Italian and Portuguese."""


FILE_INPUTS = frozenset({"voice_source", "portrait_picture", "music"})
"""Named inputs of the shipped workflows that take the name of an uploaded file as a text."""

LINK_INPUTS = frozenset({"voice_source"})
"""Those that take a link, too: the server fetches what is behind it."""

LINK_NODES = frozenset({"TalkingShortsYouTubeVoice"})
"""The nodes of OPTIONAL_SOURCES whose field takes one."""

Place = tuple[str, str]
"""A node's id and the name of one of its inputs."""


@dataclass(frozen=True)
class Target:
    """One input of one node; `address` is what the user wrote."""

    address: str
    node_id: str
    field: str

    @property
    def place(self) -> Place:
        """The input itself, whatever it is called."""
        return self.node_id, self.field


@dataclass(frozen=True)
class NamedInput:
    """An input that a workflow exposes under a name.

    `type` is string, int, float, boolean, image, audio, video or sampler.
    """

    name: str
    type: str
    default: Any
    target: Target


def list_named_inputs(workflow: Workflow) -> list[NamedInput]:
    """Return the inputs that the workflow exposes by title, in the order of the file. Needs no server."""
    named = []
    for node_id, node in workflow.graph.items():
        class_type, name = node["class_type"], workflow.title(node_id)
        if class_type in PRIMITIVE_TYPES:
            field, kind = PRIMITIVE_FIELD, PRIMITIVE_TYPES[class_type].lower()
        elif class_type in LOADERS:
            field, kind = LOADERS[class_type].field, LOADERS[class_type].kind
        elif class_type == SAMPLER_CHOICE and name.isidentifier() and name.islower():
            # Named as inputs are named: a title in words, as in "Portrait Sampler", is just a title.
            field, kind = "sampler_name", "sampler"
        else:
            continue
        value = node["inputs"].get(field)
        if kind == "float" and isinstance(value, int):
            value = float(value)  # the canvas exports 40.0 as 40
        if name != class_type and not is_link(value):
            named.append(NamedInput(name, kind, value, Target(name, node_id, field)))
    return named


def rename_inputs(workflow: Workflow, node_id: str, message: str) -> str:
    """Return what a node says of its inputs with the names of the workflow's inputs that they are set by.

    Only names of several words, as start_seconds, are told from the words of a sentence.
    """
    names = {named.target.node_id: named.name for named in list_named_inputs(workflow)}
    for field, value in workflow.graph.get(node_id, {}).get("inputs", {}).items():
        if "_" in field and is_link(value) and value[0] in names:
            message = re.sub(rf"\b{re.escape(field)}\b", names[value[0]], message)
    return message


def resolve(workflow: Workflow, address: str) -> Target:
    """Return the input that `address` names.

    Raises ValidationError when nothing or more than one thing answers to it. Whether the node has the field is
    checked by `require_field`, which needs the server.
    """
    named = [named.target for named in list_named_inputs(workflow) if named.name == address]
    if named:
        return _only(workflow, address, named)
    splits = [(address[:dot], address[dot + 1 :]) for dot, sign in enumerate(address) if sign == "."]
    for find in (_find_by_id, _find_by_class, _find_by_title):
        targets = [
            Target(address, node_id, field) for name, field in splits if field for node_id in find(workflow, name)
        ]
        having = [target for target in targets if target.field in workflow.graph[target.node_id]["inputs"]]
        if having or targets:
            return _only(workflow, address, having or targets)
    raise ValidationError(_unknown_address(workflow, address))


def takes_file(workflow: Workflow, target: Target) -> bool:
    """Tell whether the input takes the name of a file that was uploaded."""
    class_type = workflow.class_type(target.node_id)
    loader = LOADERS.get(class_type)
    field = loader.field if loader else OPTIONAL_SOURCES.get(class_type)
    return target.field == field or _is_named(workflow, target, FILE_INPUTS)


def takes_link(workflow: Workflow, target: Target) -> bool:
    """Tell whether the server fetches what is behind a link that the input is set to."""
    class_type = workflow.class_type(target.node_id)
    is_source = class_type in LINK_NODES and target.field == OPTIONAL_SOURCES[class_type]
    return is_source or _is_named(workflow, target, LINK_INPUTS)


def takes_long_text(workflow: Workflow, target: Target) -> bool:
    """Tell whether the input takes a text of many lines, which can't be a file's name."""
    return (workflow.class_type(target.node_id), target.field) == (LONG_TEXT, PRIMITIVE_FIELD)


def _is_named(workflow: Workflow, target: Target, names: Collection[str]) -> bool:
    named = (named for named in list_named_inputs(workflow) if named.target.place == target.place)
    return any(named.name in names for named in named)


def require_field(workflow: Workflow, target: Target, node: NodeInfo | None) -> InputInfo | None:
    """Return what the server says about the target's input; None when the server doesn't describe it.

    Raises ValidationError when the node has no such input.
    """
    values = workflow.graph[target.node_id]["inputs"]
    known = node.inputs(values) if node else {}
    if target.field in known or target.field in values:
        return known.get(target.field)
    fields = [*known, *(field for field in values if field not in known)]
    raise ValidationError(
        f"{workflow.describe(target.node_id)} has no input {target.field!r}{suggest(target.field, fields)}"
        f" It has: {', '.join(fields) or 'none'}."
    )


def parse_value(target: Target, text: str, info: InputInfo | None, current: Any) -> Any:
    """Return `text` as the type that the input takes: by `info`, or by the value it holds now when info is None.

    Raises ValidationError when the text isn't such a value.
    """
    if info is not None and info.options is not None:
        return _parse_option(target, text, info.options)
    types = info.types if info is not None else frozenset({_type_of(current)})
    if "FLOAT" in types and target.address.endswith("seconds") and (seconds := parse_seconds(text)) is not None:
        return seconds
    for name, parse in _PARSERS.items():
        if name in types and (value := parse(text)) is not None:
            return value
    if "STRING" in types:
        return text
    if types <= _PARSERS.keys():
        raise ValidationError(f"{target.address}: {text!r} is not {describe_types(types)}{_suggest_point(text)}.")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ValidationError(
            f"{target.address} takes {' or '.join(sorted(types))}, which another node gives: wire it in the workflow."
        ) from None


def _suggest_point(text: str) -> str:
    """Return how to write a number with a decimal comma, as the end of a sentence; "" for any other text."""
    pointed = text.strip().replace(",", ".", 1)
    return f": write {pointed}" if pointed != text.strip() and _parse_float(pointed) is not None else ""


def _find_by_id(workflow: Workflow, name: str) -> Iterator[str]:
    if name in workflow.graph:
        yield name


def _find_by_class(workflow: Workflow, name: str) -> Iterator[str]:
    class_type, sign, number = name.rpartition("#")
    if sign and number.isdecimal():
        nodes = [node_id for node_id, node in workflow.graph.items() if node["class_type"] == class_type]
        yield from nodes[int(number) - 1 : int(number)] if int(number) else ()


def _find_by_title(workflow: Workflow, name: str) -> Iterator[str]:
    return (node_id for node_id in workflow.graph if workflow.title(node_id) == name)


def _only(workflow: Workflow, address: str, targets: list[Target]) -> Target:
    if len(targets) == 1:
        return targets[0]
    candidates = ", ".join(
        f"{target.node_id}.{target.field} ({workflow.describe(target.node_id)})" for target in targets
    )
    raise ValidationError(f"{address!r} is ambiguous. Use one of: {candidates}.")


def _unknown_address(workflow: Workflow, address: str) -> str:
    names = [named.name for named in list_named_inputs(workflow)]
    literal_fields = {
        node_id: [field for field, value in node["inputs"].items() if not is_link(value)]
        for node_id, node in workflow.graph.items()
    }
    if literal_fields.get(address) or any(workflow.title(node_id) == address for node_id in workflow.graph):
        node_id = address if address in literal_fields else next(_find_by_title(workflow, address))
        return f"{address!r} names a node. Say which input: {address}.{'|'.join(literal_fields[node_id]) or 'FIELD'}."
    addresses = [f"{workflow.title(node_id)}.{field}" for node_id, fields in literal_fields.items() for field in fields]
    hint = suggest(address, [*names, *addresses])
    exposed = f" Its named inputs: {', '.join(names)}." if names else ""
    return f"The workflow {workflow.name} has no input {address!r}{hint}{exposed}"


def _parse_option(target: Target, text: str, options: tuple[Any, ...]) -> Any:
    for option in options:
        if str(option) == text:
            return option
    if is_listed(text):
        return text  # the check of the whole graph tells all missing models together
    raise ValidationError(f"{target.address}: {text!r} is not one of its options{describe_options(text, options)}")


def describe_options(value: Any, options: tuple[Any, ...]) -> str:
    """Return the options near `value`, or all of them when they are few, as the end of a sentence."""
    names = [str(option) for option in options]
    if not names:
        return ": the server has none (no such file is installed)."
    if len(names) <= 12:
        return f": {', '.join(names)}."
    return f" ({len(names)} of them){suggest(str(value), names)}"


def _parse_int(text: str) -> int | None:
    """Return a whole number; pandas writes 1.0 for 1 in a column where a cell is empty."""
    return int(text.partition(".")[0]) if re.fullmatch(r"\s*[+-]?\d{1,40}(\.0*)?\s*", text) else None


def _parse_float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _parse_boolean(text: str) -> bool | None:
    word = text.strip().lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


_PARSERS = {"INT": _parse_int, "FLOAT": _parse_float, "BOOLEAN": _parse_boolean}


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int | float):
        return "INT" if isinstance(value, int) else "FLOAT"
    return "STRING"
