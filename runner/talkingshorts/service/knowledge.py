"""What the service knows of the ComfyUIs behind it, also while they are away for a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..batch.slot import Slot
from ..comfyui.client import ComfyClient
from ..errors import RunnerError
from ..workflow.node_info import NodeInfo
from .errors import ServiceError

FRESH_SECONDS = 30.0
"""Models may come while a ComfyUI runs: after so long it is asked again."""

Known = TypeVar("Known")


class Knowledge:
    """Answers what a ComfyUI would, from what one said lately. Raises ServiceError when none ever said."""

    def __init__(self, ready_slots: Callable[[], Sequence[Slot]]) -> None:
        self._ready_slots = ready_slots
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Any]] = {}

    def system_stats(self) -> dict[str, Any]:
        """Return what the ComfyUI says of its machine."""
        return self._ask("", lambda client: client.system_stats())

    def node_info(self, class_type: str) -> NodeInfo | None:
        """Return what the ComfyUI says of a node class; None when it has none of this name."""
        return self._ask(class_type, lambda client: client.node_info(class_type))

    def _ask(self, question: str, ask: Callable[[ComfyClient], Known]) -> Known:
        with self._lock:
            known = self._known.get(question)
        if known is not None and time.monotonic() - known[0] < FRESH_SECONDS:
            return known[1]
        for slot in self._ready_slots():
            if slot.client is None:
                continue
            try:
                answer = ask(slot.client)
            except RunnerError:
                continue
            with self._lock:
                self._known[question] = (time.monotonic(), answer)
            return answer
        if known is not None:
            return known[1]
        raise ServiceError("not_ready", "No ComfyUI is ready yet: try again in a moment.", (), 5)
