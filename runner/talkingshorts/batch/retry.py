"""The rules for a job that ended without a result: whether it is tried again, where not, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ..errors import CancelledError, LostJobError, OutOfMemoryError, RunnerError, UnreachableError
from .slot import RefusedError, UnfitSlotError

MAX_ATTEMPTS = 4
MAX_LOSSES = 12
"""How often a job may go down with its server in all, those times included that it only waited behind another one."""

ROW_RETRY_PAUSES_SECONDS = (0.5, 2.0, 5.0)


@dataclass(frozen=True)
class Tries:
    """How often a job was tried in this run, and how often its server was lost meanwhile."""

    attempts: int = 0
    losses: int = 0

    def after(self, error: RunnerError, has_started: bool) -> Tries:
        """Return the tries with one more that ended so. What only waited there isn't to blame for a loss."""
        if isinstance(error, RefusedError):
            return self
        is_loss = isinstance(error, UnreachableError | LostJobError)
        return replace(self, attempts=self.attempts + (has_started or not is_loss), losses=self.losses + is_loss)


@dataclass(frozen=True)
class Outcome:
    """What becomes of a job that ended without a result.

    `may_be_there`: its job may still be on the server, and is looked for there. `avoids_slot`: another slot is to try.
    """

    kind: Literal["called_off", "again", "failed"]
    may_be_there: bool = False
    avoids_slot: bool = False
    pause_seconds: float = 0.0


def judge(error: RunnerError, tries: Tries, is_called_off: bool, has_other_slots: bool) -> Outcome:
    """Return what becomes of a job. `tries` count this one, too.

    `is_called_off` tells that it was cancelled on purpose; `has_other_slots` that there are slots that don't refuse it.
    """
    if is_called_off and isinstance(error, CancelledError):
        return Outcome("called_off")
    may_pass = isinstance(error, UnreachableError | LostJobError | OutOfMemoryError)
    may_pass = may_pass or (isinstance(error, RefusedError) and has_other_slots)
    if not may_pass or tries.attempts >= MAX_ATTEMPTS or tries.losses >= MAX_LOSSES:
        return Outcome("failed")
    return Outcome(
        "again",
        may_be_there=isinstance(error, UnreachableError),
        avoids_slot=isinstance(error, OutOfMemoryError | UnfitSlotError),
        pause_seconds=ROW_RETRY_PAUSES_SECONDS[min(max(tries.attempts, 1), len(ROW_RETRY_PAUSES_SECONDS)) - 1],
    )


def explain_failure(error: RunnerError, tries: Tries) -> str:
    """Return why the job failed for good, and after how many attempts."""
    attempts = max(tries.attempts, tries.losses)
    return f"{error} ({attempts} attempts)" if attempts > 1 else str(error)
