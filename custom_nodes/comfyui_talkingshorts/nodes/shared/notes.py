"""Tell users what an engine noticed while it did its work: on the canvas, in the log, and to programs."""

from __future__ import annotations

import logging

from comfy_api.latest import io
from server import PromptServer


def show_note(node: type[io.ComfyNode], note: str | None) -> dict[str, tuple[str, ...]]:
    """Return the node's `ui` output for a note (empty for none), after showing it under the node on the canvas.

    `node` is the class that executes, whose schema asks for the hidden unique_id.
    """
    if note is not None:
        announce_note(note, node.hidden.unique_id)
    return make_note_ui(note)


def announce_note(note: str, node_id: str) -> None:
    """Show a note under a node on the canvas, and in the log."""
    logging.warning("TalkingShorts: %s", note)
    PromptServer.instance.send_progress_text(note, node_id)


def make_note_ui(note: str | None) -> dict[str, tuple[str, ...]]:
    """Return a node's `ui` output for a note, empty for none."""
    return {} if note is None else {"text": (note,)}
