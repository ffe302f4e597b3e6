"""`talkingshorts batch`: a workflow, once for each row of a table."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..home import expand_home
from .answers import print_note
from .options import (
    ADDRESS_HELP,
    OUTPUT_HELP,
    WORKFLOW_HELP,
    AddCommand,
    add_ray,
    read_count,
    read_limit,
    read_servers,
    read_token,
    read_workflow,
)

if TYPE_CHECKING:
    from ..batch.options import BatchOptions


def add_commands(add: AddCommand) -> None:
    """Add `batch`."""
    _add_options(add("batch", "run a workflow once for each row of a table", batch, takes_servers=True))


def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("workflow", type=expand_home, metavar="WORKFLOW", help=WORKFLOW_HELP)
    parser.add_argument(
        "table",
        type=expand_home,
        metavar="JOBS",
        help=f"a .csv, .xlsx or .jsonl file, one job a row; a column is {ADDRESS_HELP}",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=expand_home,
        metavar="TEMPLATE",
        help=f"where results go: {OUTPUT_HELP} {{row}} and {{COLUMN}} (default: out/{{workflow}}-{{row:04}}{{ext}})",
    )
    add_ray(parser)
    parser.add_argument("--ray-workers", type=read_count, metavar="N", help="with --ray: this many ComfyUIs")
    parser.add_argument("--overwrite", action="store_true", help="write over files that this batch hasn't made")
    parser.add_argument("--keep-going", action="store_true", help="keep starting rows after one has failed")
    parser.add_argument(
        "--state",
        type=expand_home,
        metavar="FILE",
        help="what is remembered from run to run (default: JOBS.WORKFLOW.state)",
    )
    parser.add_argument(
        "--timeout",
        type=read_limit,
        metavar="S",
        help="cancel a row's job after S seconds, and count the row as failed",
    )
    parser.add_argument(
        "--idle-timeout",
        type=read_limit,
        metavar="S",
        help="give up on a server that accepts connections but hasn't answered for S seconds (default: 300)",
    )


def batch(options: Namespace) -> int:
    """Run a workflow once for each row of a table."""
    from ..batch.run import run_batch
    from ..display.batch import choose_batch_display

    run_batch(read_batch_options(options), partial(choose_batch_display, options.json), print_note)
    return 0


def read_batch_options(options: Namespace) -> BatchOptions:
    """Return what the command line says about the batch. Raises UsageError for a workflow that isn't there."""
    from ..batch.options import BatchOptions

    servers, are_servers_explicit = read_servers(options)
    return BatchOptions(
        workflow=read_workflow(options),
        table=Path(options.table),
        output=options.output,
        state=Path(options.state) if options.state else None,
        servers=servers,
        are_servers_explicit=are_servers_explicit,
        token=read_token(options),
        ray=options.ray,
        ray_workers=options.ray_workers,
        overwrite=options.overwrite,
        keep_going=options.keep_going,
        timeout_seconds=options.timeout,
        idle_seconds=options.idle_timeout,
    )
