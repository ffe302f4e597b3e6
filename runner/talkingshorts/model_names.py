"""Find the model files that a graph names, for the report of what was made with it."""

from __future__ import annotations

import re

from .workflow_file import Graph

# ComfyUI's loaders: ckpt_name, unet_name, clip_name1, lora_name, vae_name..., and `model` or `name` in packs.
_MODEL_FIELD = re.compile(r"model|(?!folder_|config_)\w*name\d*")


def list_models(graph: Graph) -> list[str]:
    """Return the names of model files and folders that the graph's loaders are set to, each once, in its order."""
    names = (
        value
        for node in graph.values()
        if "Load" in node["class_type"]
        for field, value in node["inputs"].items()
        if isinstance(value, str) and _MODEL_FIELD.fullmatch(field)
    )
    return list(dict.fromkeys(names))
