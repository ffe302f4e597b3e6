"""Find the model files that a graph names: for the report of what was made with it, and to see which ones lack."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .file import Graph

# ComfyUI's loaders: ckpt_name, unet_name, clip_name1, lora_name, vae_name..., and `model` or `name` in packs.
_MODEL_FIELD = re.compile(r"model|(?!folder_|config_)\w*name\d*")


def list_models(graph: Graph) -> list[str]:
    """Return the names of model files and folders that the graph's loaders are set to, each once, in its order."""
    return list(dict.fromkeys(name for _, _, name in find_model_fields(graph)))


def find_model_fields(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Yield node id, field and name for each model that a loader of the graph is set to."""
    for node_id, node in graph.items():
        if "Load" in node["class_type"]:
            for field, value in node["inputs"].items():
                if isinstance(value, str) and _MODEL_FIELD.fullmatch(field):
                    yield node_id, field, value
