"""`talkingshorts doctor`: what is wrong with this machine or a server, and how to mend it."""

from __future__ import annotations

from argparse import Namespace

from .answers import print_json
from .options import AddCommand, read_server


def add_commands(add: AddCommand) -> None:
    """Add `doctor`."""
    add("doctor", "check this machine and the server, and say how to mend what is wrong", check)


def check(options: Namespace) -> int:
    """Check this machine and the server, and say how to mend what is wrong."""
    from ..doctor import run_doctor

    rows = run_doctor(read_server(options))
    for row in rows:
        if options.json:
            print_json(row)
            continue
        mark = {True: "ok", False: "FAIL", None: "-"}[row["ok"]]
        print(f"{mark:5}{row['check']}: {row['detail']}")
        if row["ok"] is False and row["remedy"]:
            print(f"     {row['remedy']}")
    return 1 if any(row["ok"] is False for row in rows) else 0
