"""`talkingshorts batch`: check a table of jobs, run them on several servers at once, go on where a run was ended."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..display.batch import BatchDisplay
from ..display.batch_events import RowKept
from ..errors import PartialBatchError
from ..managed.provision import Say
from ..workflow.file import Workflow, load_workflow
from .options import BatchOptions
from .places import open_slots
from .plan import DEFAULT_OUTPUT, RowJob, check_outputs, plan_jobs, require_free
from .rows import RowRun
from .state import BatchState
from .table import Problems, read_table

OpenDisplay = Callable[[list[str]], BatchDisplay]
"""Opens a display for the servers of these names; `run_batch` closes it."""


def run_batch(options: BatchOptions, open_display: OpenDisplay, say: Say) -> None:
    """Run the rows of a table that aren't done yet.

    Raises PartialBatchError when some failed, ValidationError and UsageError before anything runs, UnreachableError
    when no server is left, CancelledError on a Ctrl-C.
    """
    workflow, table = load_workflow(options.workflow), options.table
    problems = Problems()
    rows = read_table(table, problems, say)
    jobs = plan_jobs(workflow, rows, table.parent, options.output or DEFAULT_OUTPUT, problems, say)
    check_outputs(jobs)
    with BatchState(options.state or default_state_path(table, workflow)) as state:
        if not options.overwrite:
            started = state.list_started()
            require_free([job for job in jobs if job.key not in started], state.list_own_files())
        _run_left(options, open_display, say, jobs, state)
        if failures := state.list_failures():
            raise PartialBatchError(_describe_failures(failures, len(jobs), state.count().left))


def default_state_path(table: Path, workflow: Workflow) -> Path:
    """Return where a batch's state is kept: beside its table, one file for each workflow."""
    return table.with_name(f"{table.name}.{workflow.stem}.state")


def _run_left(
    options: BatchOptions, open_display: OpenDisplay, say: Say, jobs: Sequence[RowJob], state: BatchState
) -> None:
    """Tell of the rows that are done, and run the others."""
    finished = state.list_finished()
    left = [job for job in jobs if job.key not in finished]
    with contextlib.ExitStack() as stack:
        slots, find_slots = stack.enter_context(open_slots(options, say)) if left else ([], None)
        display = stack.enter_context(contextlib.closing(open_display([slot.name for slot in slots])))
        rows = RowRun(slots, state, left, display.show, options.keep_going, find_slots)
        rows.connect()
        changes = state.adopt(jobs)
        if changes.dropped:
            say(_describe_dropped(changes.dropped))
        for job in jobs:
            if job.key in finished:
                display.show(RowKept(job.row, _name_files(job, finished[job.key])))
        if left:
            rows.run()
        else:
            display.show(rows.measure())


def _describe_dropped(rows: int) -> str:
    if rows == 1:
        return "1 row of earlier runs is no longer in the table: what it made is kept."
    return f"{rows} rows of earlier runs are no longer in the table: what they made is kept."


def _describe_failures(failures: Sequence[tuple[int, str]], rows: int, left: int) -> str:
    lines = [f"row {row} failed: {'; '.join(reason.splitlines())}" for row, reason in failures]
    more = f" {left} weren't run after the first failure: --keep-going runs them." if left else ""
    return "\n".join([*lines, f"{len(failures)} of {rows} rows failed. The same command tries them again.{more}"])


def _name_files(job: RowJob, places: Sequence[str]) -> tuple[str, ...]:
    """Return the files' names as they were told when they were made: relative ones for a relative output."""
    if Path(job.request.output).is_absolute():
        return tuple(places)
    return tuple(place.removeprefix(f"{Path.cwd()}{os.sep}") for place in places)
