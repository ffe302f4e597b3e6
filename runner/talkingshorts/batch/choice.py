"""Which job a slot runs next: one that it has already, one that it is warm for, or any."""

from __future__ import annotations

from collections.abc import Sequence

from .connections import Connection
from .plan import Warmth
from .work import Work


def choose(
    waiting: Sequence[Work], own: Connection, present: Sequence[Connection], is_busy: bool, now: float
) -> Work | None:
    """Return the job that the slot should run next, or None when it had better wait.

    `present` are all slots that are connected, `own` among them; `is_busy` tells that the slot runs a job already;
    `now` is on the clock of `Work.not_before`.
    """
    held_elsewhere = {other.slot.url for other in present if other is not own}
    fit = [work for work in waiting if work.not_before <= now and _fits(work, own, present, held_elsewhere)]
    for work in fit:
        if work.holder == own.slot.url:
            return work
    if is_busy and len(fit) < len(present):
        return None  # The last jobs go to whichever slot is free first.
    warm_elsewhere = {other.warmth for other in present if other is not own}
    best, best_rank = None, 4
    for work in fit:
        rank = rank_warmth(work.job.warmth, own.warmth, warm_elsewhere)
        if rank < best_rank:
            best, best_rank = work, rank
        if rank == 0:
            break
    return None if is_busy and best_rank == 3 else best


def rank_warmth(warmth: Warmth, own: Warmth | None, elsewhere: set[Warmth | None]) -> int:
    """Return how badly a job suits a slot: 0 when it is warm for it, 3 when another one is."""
    if warmth == own:
        return 0
    if warmth in elsewhere:
        return 3
    return 1 if own is not None and own.models == warmth.models else 2


def _fits(work: Work, own: Connection, present: Sequence[Connection], held_elsewhere: set[str]) -> bool:
    if work.holder in held_elsewhere or own.mark in work.refusals:
        return False
    return own.slot.name not in work.avoided or all(other.slot.name in work.avoided for other in present)
