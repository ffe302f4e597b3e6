"""What the commands that run jobs share."""

from __future__ import annotations

from argparse import Namespace

from ..display.terminal import choose_display, clearing
from ..errors import UsageError
from ..jobs.reach import Server, reach_server
from ..jobs.records import open_jobs
from ..jobs.request import Request
from ..jobs.run import Run
from ..results.destination import is_url, presign
from ..webhooks.announcer import Announcer
from ..workflow.required import is_sample, list_required_inputs
from .answers import open_notices, print_note, print_paths
from .options import read_limits, read_server, read_webhook


def open_announcer(options: Namespace) -> Announcer:
    """Return what sees to the command's webhook, and to those that earlier commands left."""
    return Announcer(read_webhook(options), read_server(options), open_notices(options.json))


def note_samples(request: Request) -> None:
    """Tell of each input that nobody has set, and that holds the sample of a shipped workflow."""
    given = {target.place for target, _ in (*request.values, *request.files)}
    for required in list_required_inputs(request.workflow):
        name = required.target.address
        if required.target.place not in given and is_sample(required):
            print_note(f"{name} isn't set: the workflow's own sample is used. -s {name}=... sets it.")


def run_to_its_end(options: Namespace, request: Request, server: Server, announcer: Announcer) -> int:
    """Run the request, and print where its results are."""
    note_samples(request)
    display = choose_display(options.json)
    with clearing(display):
        run = Run.prepare(server, open_jobs(), request, display.show, options.resubmit)
    with announcer.announcing(run.id):
        with clearing(display):
            places = run.submit_and_complete(read_limits(options))
        print_paths(places, options.json, options.presign)
    return 0


def submit_request(options: Namespace, request: Request) -> int:
    """Start the request, and print its job's id."""
    note_samples(request)
    announcer = open_announcer(options)
    server, display = reach_server(read_server(options), print_note), choose_display(options.json)
    with clearing(display):
        run = Run.prepare(server, open_jobs(), request, display.show)
    with announcer.announcing(run.id), clearing(display):
        run.submit()
    if not options.json:
        print(run.id)
    print_note(f"Fetch the result with: talkingshorts wait {run.id}")
    return 0


def require_presignable(options: Namespace, output: str) -> None:
    """Raise UsageError when addresses are asked for that the place of the results can't give."""
    if options.presign and not is_url(output):
        raise UsageError("--presign is for results on a store: give -o a URL, such as s3://bucket/folder/.")
    if options.presign:
        presign(f"{output.rstrip('/')}/x", options.presign)
