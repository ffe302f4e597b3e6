"""Name a node's outputs by everything that decides them, so that they can be kept beyond ComfyUI's end.

ComfyUI's own key of an output knows the names of files but not their contents, and changes with every input of every
node before it, also where one of these gives the same text for another script. This one goes by value.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import comfyui_version
import nodes
import torch
from comfy import model_management
from comfy.cli_args import args
from comfy_api.internal import _ComfyNodeInternal, first_real_override

from ...core.graph_key import (
    Fold,
    Prompt,
    fold_constants,
    hash_value,
    list_ancestors,
    list_texts,
    make_describer,
    read_stamp,
)
from ...core.script.portrait_prompt import write_portrait_prompt
from ...core.version import PACK_VERSION
from ..files.named import FileWatch

# To be raised when a key comes to mean something else.
KEY_VERSION = 1

_PACK_ROOT = Path(__file__).parents[2]
_PACK_PREFIX = "TalkingShorts"
# Nodes whose output is known before they run: class -> its inputs -> its output.
_FOLDS: dict[str, Fold] = {
    **dict.fromkeys(
        (
            "PrimitiveString",
            "PrimitiveStringMultiline",
            "PrimitiveInt",
            "PrimitiveFloat",
            "PrimitiveBoolean",
        ),
        lambda inputs: inputs["value"],
    ),
    "StringConcatenate": lambda inputs: inputs["delimiter"].join((inputs["string_a"], inputs["string_b"])),
    "TalkingShortsPortraitPrompt": lambda inputs: write_portrait_prompt(inputs["script"], inputs["prompt"]),
}
# ComfyUI's own nodes that read whole folders, or throw dice, without saying so.
_UNPREDICTABLE_MODULES = {"comfy_extras.nodes_dataset", "comfy_extras.nodes_train"}
# What another pack's node may give: a model is decided by files and settings, but a text or a picture by anything.
_MODEL_TYPES = {
    *("AUDIO_ENCODER", "CLIP", "CLIP_VISION", "CONTROL_NET", "LATENT_UPSCALE_MODEL", "MODEL", "MODEL_PATCH"),
    *("STYLE_MODEL", "UPSCALE_MODEL", "VAE", "VIBEVOICE"),
}
_NUMBER_OPTION = re.compile(r"fp\d|bf16|attention|^fast$|deterministic")
# A text encoder replaces this and the name after it by a file's content.
_EMBEDDING_MARK = "embedding:"


class OutputKeys:
    """The names of one graph's outputs."""

    def __init__(self, prompt: Prompt, watch: FileWatch) -> None:
        """Read the graph, and have `watch` take note of all files that it names."""
        self._prompt = fold_constants(prompt, _FOLDS)
        self._watch = watch
        find_paths = functools.cache(lambda name: tuple(watch.find_paths(name)))
        self._describe = make_describer(self._prompt, find_paths)
        texts = {text for node in self._prompt.values() for text in list_texts(node["inputs"])}
        self._named_files = {path for text in texts for path in find_paths(text)}

    @property
    def uses_pack(self) -> bool:
        """Whether one of the graph's nodes is of this pack."""
        return any(node["class_type"].startswith(_PACK_PREFIX) for node in self._prompt.values())

    def has_changed_files(self) -> bool:
        """Return whether a file that the graph names is another than when ComfyUI may have loaded it."""
        return any(map(self._watch.has_changed, self._named_files))

    def make_key(self, node_id: str, class_type: str, comfyui_key: str) -> str | None:
        """Return 64 hexadecimal digits, or None where it can't be known what decides the node's outputs.

        `comfyui_key` is ComfyUI's own hash of the node and all before it. It counts only where one of these nodes
        decides by itself whether it changed (by reading a file, for example).
        """
        node = self._prompt.get(node_id)
        if node is None or node["class_type"] != class_type:  # made while the graph ran
            return None
        ancestors = [self._prompt[ancestor] for ancestor in list_ancestors(self._prompt, node_id)]
        classes = {ancestor["class_type"] for ancestor in ancestors}
        if not all(_is_predictable(name) for name in classes) or any(map(_names_embedding, ancestors)):
            return None
        own_key = comfyui_key if any(_decides_by_itself(name) for name in classes) else None
        sources = sorted(_describe_source(name) for name in classes if _is_of_another_pack(name))
        return hash_value([describe_surroundings(), self._describe(node_id), own_key, sources])


def _names_embedding(node: dict[str, Any]) -> bool:
    return any(_EMBEDDING_MARK in text for text in list_texts(node["inputs"]))


def _is_predictable(class_type: str) -> bool:
    """Return whether nothing but its inputs and the files that they name decides what a node gives."""
    node_class = nodes.NODE_CLASS_MAPPINGS[class_type]
    if getattr(node_class, "NOT_IDEMPOTENT", False) or _get_module(class_type) in _UNPREDICTABLE_MODULES:
        return False
    if not _is_of_another_pack(class_type):
        return True
    gives_models = all(isinstance(kind, str) and kind in _MODEL_TYPES for kind in node_class.RETURN_TYPES)
    return gives_models and not node_class.INPUT_TYPES().get("hidden")


def _decides_by_itself(class_type: str) -> bool:
    node_class = nodes.NODE_CLASS_MAPPINGS[class_type]
    if issubclass(node_class, _ComfyNodeInternal):
        is_asked = first_real_override(node_class, "fingerprint_inputs") is not None
    else:
        is_asked = hasattr(node_class, "IS_CHANGED")
    return is_asked or _is_of_another_pack(class_type)


def _is_of_another_pack(class_type: str) -> bool:
    module = _get_module(class_type)
    return not (class_type.startswith(_PACK_PREFIX) or module == "nodes" or module.startswith("comfy_extras."))


def _get_module(class_type: str) -> str:
    """Return the module as ComfyUI names it: nodes, comfy_extras.FILE, or custom_nodes.PACK."""
    return getattr(nodes.NODE_CLASS_MAPPINGS[class_type], "RELATIVE_PYTHON_MODULE", "nodes")


def _describe_source(class_type: str) -> list[Any]:
    """Return what changes when the pack that another's node is of is updated."""
    # ComfyUI loads a pack under a name without dots.
    pack = sys.modules.get(nodes.NODE_CLASS_MAPPINGS[class_type].__module__.partition(".")[0])
    path = getattr(pack, "__file__", None)
    return [class_type, None if path is None else _hash_code(Path(path))]


@functools.cache
def _hash_code(path: Path) -> str:
    """Return what changes with a module's files, all of its folder if it is a package: their sizes and times of change.

    It is that of the first call: later they may be newer than what runs.
    """
    root = path.parent
    files = sorted(root.rglob("*.py")) if path.name == "__init__.py" else [path]
    return hash_value([[str(file.relative_to(root)), read_stamp(str(file))] for file in files])


@functools.cache
def describe_surroundings() -> list[Any]:
    """Return what decides outputs beside the graph: versions, the pack's own files, and how numbers are computed.

    To be called first while the pack is loaded, as for _hash_code.
    """
    versions = [KEY_VERSION, PACK_VERSION, comfyui_version.__version__, torch.__version__]
    device = model_management.get_torch_device().type
    return [*versions, device, list_number_options(vars(args)), _hash_code(_PACK_ROOT / "__init__.py")]


def list_number_options(options: Mapping[str, Any]) -> list[str]:
    """Return those of ComfyUI's command line options that decide in which precision, and how, it computes."""
    return sorted(f"{name}={value}" for name, value in options.items() if value and _NUMBER_OPTION.search(name))
