"""`talkingshorts inputs` and `validate`: what a workflow takes, and whether a server would run it."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import TYPE_CHECKING

from ..home import expand_home
from .answers import print_json, print_note
from .options import WORKFLOW_HELP, AddCommand, add_values, read_run_options, read_server, read_workflow

if TYPE_CHECKING:
    from ..jobs.request import Request
    from ..workflow.binding import Target


def add_commands(add: AddCommand) -> None:
    """Add both."""
    text = "list the named inputs of a workflow, or of the one in an mp4: name, type, default"
    listing = add("inputs", text, list_inputs)
    listing.add_argument("workflow", type=expand_home, metavar="WORKFLOW", help=WORKFLOW_HELP)
    add_values(add("validate", "check a workflow against the server without running it", validate))


def list_inputs(options: Namespace) -> int:
    """List the named inputs of a workflow."""
    from ..workflow.binding import list_named_inputs
    from ..workflow.file import load_workflow
    from ..workflow.required import list_required_inputs

    workflow = load_workflow(read_workflow(options))
    named = list_named_inputs(workflow)
    required = [entry.target.address for entry in list_required_inputs(workflow)]
    for entry in named:
        if options.json:
            answer = {"name": entry.name, "type": entry.type, "default": entry.default}
            print_json(answer | ({"required": True} if entry.name in required else {}))
        else:
            print(entry.name, entry.type, json.dumps(entry.default, ensure_ascii=False), sep="\t")
    if required and not options.json:
        print_note(f"Must not be empty: {', '.join(required)}.")
    if not named:
        print_note(f"{workflow.name} names no inputs. Address them as Title.field, ID.field or Class#n.field.")
    return 0


def validate(options: Namespace) -> int:
    """Check a workflow against a server without running it."""
    from dataclasses import replace

    from ..errors import ValidationError
    from ..jobs.reach import reach_server
    from ..jobs.request import bind_on, build_request

    request = build_request(read_run_options(options, output=None))
    unset = list_unset(request)
    request = replace(request, values=[*request.values, *((target, "to be set") for target in unset)])
    try:
        workflow = bind_on(reach_server(read_server(options), print_note).client, request)
    except ValidationError as error:
        if options.json:
            print_json({"valid": False, "problems": str(error).splitlines()})
        raise
    if options.json:
        print_json({"valid": True, "problems": []})
    print_note(f"{workflow.name} is valid: {len(workflow.graph)} nodes.")
    if unset:
        print_note(f"To run it, set {', '.join(target.address for target in unset)}.")
    return 0


def list_unset(request: Request) -> list[Target]:
    """Return the inputs that a run needs, and that neither the request nor the workflow itself sets."""
    from ..workflow.required import list_required_inputs

    given = {target.place for target, _ in (*request.values, *request.files)}
    inputs = list_required_inputs(request.workflow)
    return [required.target for required in inputs if required.is_empty and required.target.place not in given]
