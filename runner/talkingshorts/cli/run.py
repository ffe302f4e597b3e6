"""`talkingshorts run`: a workflow, to its end."""

from __future__ import annotations

from argparse import Namespace

from .answers import print_note
from .options import (
    AddCommand,
    add_limits,
    add_output,
    add_presign,
    add_values,
    add_webhook,
    read_run_options,
    read_server,
)


def add_commands(add: AddCommand) -> None:
    """Add `run`."""
    text = "run a workflow, or the one in an mp4 that was made before, follow it, and fetch what it makes"
    parser = add("run", text, run)
    add_values(parser)
    add_output(parser)
    add_presign(parser)
    add_limits(parser)
    parser.add_argument("--detach", action="store_true", help="only submit; print the job id")
    add_webhook(parser)


def run(options: Namespace) -> int:
    """Run a workflow to its end, or only start it with --detach."""
    from ..jobs.reach import reach_server
    from ..jobs.request import build_request
    from .running import open_announcer, require_presignable, run_to_its_end, submit_request

    request = build_request(read_run_options(options, options.output))
    if options.detach:
        return submit_request(options, request)
    require_presignable(options, request.output)
    announcer = open_announcer(options)
    server = reach_server(read_server(options), print_note)
    return run_to_its_end(options, request, server, announcer)
