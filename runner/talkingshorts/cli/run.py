"""`talkingshorts run`: a workflow, to its end."""

from __future__ import annotations

from argparse import Namespace

from .options import AddCommand, add_limits, add_output, add_presign, add_values, add_webhook


def add_commands(add: AddCommand) -> None:
    """Add `run`."""
    parser = add("run", "run a workflow, follow it, and fetch what it makes", run)
    add_values(parser)
    add_output(parser)
    add_presign(parser)
    add_limits(parser)
    parser.add_argument("--detach", action="store_true", help="only submit; print the job id")
    add_webhook(parser)


def run(options: Namespace) -> int:
    """Run a workflow to its end, or only start it with --detach."""
    from .running import (
        open_announcer,
        reach_or_start,
        read_request,
        require_presignable,
        run_to_its_end,
        submit_request,
    )

    request = read_request(options)
    if options.detach:
        return submit_request(options, request)
    require_presignable(options, request.output)
    announcer = open_announcer(options)
    return run_to_its_end(options, request, reach_or_start(options), announcer)
