"""What a server's /object_info says about a node: its inputs with types and limits, and its outputs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"

_TYPES_IN_WORDS = {"INT": "a whole number", "FLOAT": "a number", "BOOLEAN": "true or false", "STRING": "a text"}

CORE_MODULES = ("nodes", "comfy_extras", "comfy_api_nodes")


@dataclass(frozen=True)
class InputInfo:
    """One input of a node. `type` is ComfyUI's type name; `options` are the allowed values of a COMBO, else None."""

    name: str
    type: str
    is_required: bool
    options: tuple[Any, ...] | None
    settings: dict[str, Any]

    @property
    def types(self) -> frozenset[str]:
        """The types that a union such as `INT,FLOAT` accepts."""
        return frozenset(part.strip() for part in self.type.split(","))

    @property
    def is_upload(self) -> bool:
        """Whether the options are files of the input folder; the server then looks at the file, not at the list."""
        return any(key.endswith("_upload") and value for key, value in self.settings.items())

    @property
    def is_open_ended(self) -> bool:
        """Whether more inputs named `name.something` belong to it that /object_info doesn't list one by one."""
        return self.type.startswith("COMFY_") and self.type.endswith("_V3") and self.type != DYNAMIC_COMBO


def describe_types(types: Collection[str]) -> str:
    """Return in words what a value of these types is: `a whole number` for INT."""
    # Every whole number is a number.
    named = [name for name in sorted(types) if not (name == "INT" and "FLOAT" in types)]
    return " or ".join(_TYPES_IN_WORDS.get(name, name) for name in named)


@dataclass(frozen=True)
class NodeInfo:
    """One node class as the server describes it."""

    class_type: str
    declared: dict[str, Any]
    outputs: tuple[str, ...]
    is_output: bool
    module: str

    @property
    def declares_every_input(self) -> bool:
        """Whether an undeclared input is a mistake; custom packs may take more inputs than they declare."""
        return self.module.split(".")[0] in CORE_MODULES or self.class_type.startswith("TalkingShorts")

    def inputs(self, values: dict[str, Any]) -> dict[str, InputInfo]:
        """Return the inputs that the node has while they hold `values`: a dynamic combo's choice adds some."""
        return {info.name: info for info in _read_inputs(self.declared, "", values)}


def parse_node_info(class_type: str, answer: dict[str, Any]) -> NodeInfo:
    """Return the typed form of one entry of /object_info."""
    outputs = tuple(output if isinstance(output, str) else "COMBO" for output in answer.get("output") or ())
    return NodeInfo(
        class_type,
        answer.get("input") or {},
        outputs,
        bool(answer.get("output_node")),
        answer.get("python_module") or "",
    )


def _read_inputs(declared: dict[str, Any], prefix: str, values: dict[str, Any]) -> Iterator[InputInfo]:
    for category in ("required", "optional"):
        for name, entry in (declared.get(category) or {}).items():
            info = read_input(prefix + name, category == "required", entry)
            if info.type != DYNAMIC_COMBO:
                yield info
                continue
            choices = info.settings.get("options", [])
            yield InputInfo(info.name, "COMBO", info.is_required, tuple(choice["key"] for choice in choices), {})
            for choice in choices:
                if choice["key"] == values.get(info.name):
                    yield from _read_inputs(choice.get("inputs") or {}, f"{info.name}.", values)


def read_input(name: str, is_required: bool, entry: Any) -> InputInfo:
    """Return the typed form of an input as /object_info and node_errors declare it: [type, settings]."""
    kind, settings = entry[0], entry[1] if len(entry) > 1 and isinstance(entry[1], dict) else {}
    if isinstance(kind, list):
        return InputInfo(name, "COMBO", is_required, tuple(kind), settings)
    is_listed = kind == "COMBO" and "remote" not in settings
    options = tuple(settings.get("options", ())) if is_listed else None
    return InputInfo(name, str(kind), is_required, options, settings)


PRIMITIVE_TYPES = {
    "PrimitiveStringMultiline": "STRING",
    "PrimitiveString": "STRING",
    "PrimitiveInt": "INT",
    "PrimitiveFloat": "FLOAT",
    "PrimitiveBoolean": "BOOLEAN",
}
"""ComfyUI's value nodes, known without asking a server."""

LONG_TEXT = "PrimitiveStringMultiline"

PRIMITIVE_FIELD = "value"
"""Where a value node holds its value."""


@dataclass(frozen=True)
class Loader:
    """A node that reads a file of ComfyUI's input folder: the field that names it, and what the file is."""

    field: str
    kind: str


LOADERS = {
    "LoadImage": Loader("image", "image"),
    "LoadAudio": Loader("audio", "audio"),
    "LoadVideo": Loader("file", "video"),
    "TalkingShortsLoadPicture": Loader("image", "image"),
    "TalkingShortsLoadSpeech": Loader("audio", "audio"),
}
"""The file nodes that are known without asking a server: ComfyUI's own, and the pack's."""

SAMPLER_CHOICE = "KSamplerSelect"
"""ComfyUI's node that gives a sampler; its name sits in the field `sampler_name`."""

OPTIONAL_SOURCES = {"TalkingShortsYouTubeVoice": "source", "TalkingShortsPortraitPicture": "picture"}
"""The pack's nodes that do nothing while this field, a link or a file, is empty."""
