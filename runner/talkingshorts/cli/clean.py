"""`talkingshorts clean`: what the program keeps and may be removed, and how large it is."""

from __future__ import annotations

from argparse import Namespace

from .answers import confirm, print_json, print_note
from .options import AddCommand, read_number_from_0

UNUSED_DAYS = 7.0


def add_commands(add: AddCommand) -> None:
    """Add `clean`."""
    parser = add(
        "clean",
        "list what is kept and may go, and its size (old jobs, caches, unfinished videos, partial downloads); remove "
        "it once you confirm; never models or results",
        clean,
    )
    parser.add_argument(
        "--days",
        type=read_number_from_0,
        default=UNUSED_DAYS,
        metavar="N",
        help=f"only what wasn't used for N days; 0: all (default: {UNUSED_DAYS:g})",
    )
    parser.add_argument("--yes", action="store_true", help="remove it without asking")


def clean(options: Namespace) -> int:
    """List what may be removed, and remove it when that is confirmed."""
    import sys

    from ..display.terminal import format_size
    from ..leftovers import find_leftovers, remove_leftovers

    found = find_leftovers(options.days)
    for leftovers in found:
        if options.json:
            print_json(
                {
                    "kind": leftovers.kind,
                    "folder": str(leftovers.folder),
                    "count": len(leftovers.paths),
                    "bytes": leftovers.bytes,
                }
            )
        else:
            size, count = format_size(leftovers.bytes), len(leftovers.paths)
            print(f"{size:>8}  {count:5}  {leftovers.kind:17}  {leftovers.folder}", flush=True)
    total = format_size(sum(leftovers.bytes for leftovers in found))
    if not found:
        print_note("There is nothing to remove." if options.days == 0 else _explain_nothing(options.days))
    elif options.yes or (sys.stdin.isatty() and confirm(f"Remove {total}? What is needed again is made again.")):
        remove_leftovers(found)
        print_note(f"Removed: {total}.")
    else:
        days = "" if options.days == UNUSED_DAYS else f" --days {options.days:g}"
        print_note(f"Nothing was removed. To remove {total}: talkingshorts clean{days} --yes")
    return 0


def _explain_nothing(days: float) -> str:
    return f"Nothing has gone unused for {days:g} days, so there is nothing to remove. --days 0 lists everything."
