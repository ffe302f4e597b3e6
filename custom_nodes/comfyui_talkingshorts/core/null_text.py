"""What becomes of a null: programs send it where a text is left out, and ComfyUI makes the word None of it."""

from __future__ import annotations

_NULL = "None"


def drop_null(text: str) -> str:
    """Return the text; "" for one that was null."""
    return "" if text.strip() == _NULL else text
