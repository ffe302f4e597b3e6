"""`talkingshorts workflows list|show`: the workflows that come with the program."""

from __future__ import annotations

from argparse import Namespace

from .answers import print_json
from .options import AddCommand, nest_commands


def add_commands(add: AddCommand) -> None:
    """Add `workflows`."""
    parser = add("workflows", "list or show the workflows that come with the program")
    add_action = nest_commands(parser, "list|show")
    add_action("list", "print each workflow's name, which WORKFLOW accepts, and what it makes", show_workflows)
    show = add_action("show", "print one as the JSON that ComfyUI's POST /prompt takes", show_workflow)
    show.add_argument("name", metavar="NAME", help="its name, as `workflows list` prints it")


def show_workflows(options: Namespace) -> int:
    """Print one line a workflow."""
    from ..shipped.workflows import list_workflows

    listed = list_workflows()
    width = max(len(workflow.name) for workflow in listed)
    for workflow in listed:
        if options.json:
            print_json({"name": workflow.name, "purpose": workflow.purpose, "path": str(workflow.path)})
        else:
            print(f"{workflow.name:{width}}  {workflow.purpose}")
    return 0


def show_workflow(options: Namespace) -> int:
    """Print the graph."""
    from ..shipped.workflows import get_workflow

    print(get_workflow(options.name).path.read_text(encoding="utf-8"), end="")
    return 0
