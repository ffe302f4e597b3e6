"""Links as people write them. What stands around one, and the time that it carries, ComfyUI's node reads."""

from __future__ import annotations

import re

_LINK = re.compile(r"\W*(?:https?://|//|(?:www\.)?(?:[a-z0-9-]+\.)+[a-z]{2,24}(?::\d{1,5})?/)\S+", re.IGNORECASE)
_OWN_TIME = re.compile(r"([?&#])(?:t|start|time_continue)=[^&#]*&?", re.IGNORECASE)


def looks_like_link(text: str) -> bool:
    """Return whether a text that names no file here may be a link, also one without https://, or among other words."""
    return _LINK.match(text.strip()) is not None or "https://" in text.lower()


def remove_own_time(link: str) -> str:
    """Return the link without the time that it carries (?t=90), for where another start is given."""
    return _OWN_TIME.sub(r"\1", link).rstrip("?&#")
