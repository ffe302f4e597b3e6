"""A job on its way through the scheduler."""

from __future__ import annotations

from dataclasses import dataclass, field

from .plan import RowJob
from .retry import Tries


@dataclass(eq=False)
class Work:
    """A job on its way, and what was learned about it since it was added. What became of it stands in the state."""

    job: RowJob
    holder: str | None = None
    """The server that may have its job, as the state told when it began to wait."""
    tries: Tries = field(default_factory=Tries)
    not_before: float = 0.0
    avoided: set[str] = field(default_factory=set)
    """The slots that had better not try it again."""
    refusals: set[tuple[str, int]] = field(default_factory=set)
    """The connections, by their marks, that don't take it."""
    has_started: bool = False
    is_called_off: bool = False
    """Whether it is being cancelled from here."""
