"""What servers say about the classes of a workflow. Equal answers are one object, so that a row is bound to it once."""

from __future__ import annotations

import threading
from weakref import WeakSet

from ..workflow.validation import NodeInfos


class Description:
    """What one server, or several alike, say about a workflow's classes. Whoever binds to it holds its `lock`."""

    def __init__(self, nodes: NodeInfos) -> None:
        self.nodes = nodes
        self.lock = threading.Lock()


class Descriptions:
    """The descriptions that are in use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: WeakSet[Description] = WeakSet()

    def unify(self, nodes: NodeInfos) -> Description:
        """Return the one description that says the same."""
        with self._lock:
            for known in self._known:
                if known.nodes == nodes:
                    return known
            description = Description(nodes)
            self._known.add(description)
            return description
