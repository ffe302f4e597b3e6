"""What a JSON document is, for messages about one that isn't what was asked for."""

from __future__ import annotations

from typing import Any

API_GRAPH = "a workflow in ComfyUI's API format"
CANVAS_GRAPH = "a workflow in ComfyUI's canvas format"


def name_document(document: Any) -> str:
    """Return what the document is, with its article, as far as it is known here; else ""."""
    if not isinstance(document, dict) or not document:
        return ""
    if "nodes" in document and "connections" in document:
        return "a workflow of n8n"
    if isinstance(document.get("nodes"), list):
        return CANVAS_GRAPH
    if "openapi" in document or "swagger" in document:
        return "an OpenAPI description"
    is_graph = all(isinstance(node, dict) and "class_type" in node for node in document.values())
    return API_GRAPH if is_graph else ""
