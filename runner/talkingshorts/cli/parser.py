"""The command line: which commands there are, and what each one takes. Imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import NoReturn

from .. import __version__
from ..wording import name_help, rename_options
from . import batch, clean, completion, doctor, estimate, jobs, make, models, run, serve, server, workflow, workflows
from .options import add_common, nest_commands

COMMANDS = (make, run, workflow, workflows, estimate, jobs, batch, serve, server, models, doctor, clean, completion)
"""The modules that give the program its commands, in the order of the help."""

EPILOG = """\
exit codes: 0 ok, 2 usage, 3 validation, 4 a node failed, 5 unreachable, 6 timeout, 7 lost or unknown job,
            8 rows of a batch failed, 130 cancelled, 1 anything else
files:      `make` writes out/short.mp4 and out/short.json, and `run` into out/, unless -o names another place;
            `clean` lists what else is kept, `doctor` where ComfyUI and its models are
environment: TALKINGSHORTS_SERVER, TALKINGSHORTS_TOKEN, TALKINGSHORTS_WEBHOOK_SECRET, TALKINGSHORTS_HOME"""


class OneLineParser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, as every other failure does."""

    def error(self, message: str) -> NoReturn:
        """End the program with exit code 2."""
        self.exit(2, f"{self.prog}: {rename_options(message)}. See {name_help(self.prog)}\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; what it reads has the command's function as `execute`.

    Options are never abbreviated, so that a new one can't change what an old line means.
    """
    parser = OneLineParser(
        prog="talkingshorts",
        description="Make talking-head shorts with ComfyUI, and run any other workflow without the canvas.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"talkingshorts {__version__}")
    add_common(parser, is_root=True)
    add = nest_commands(parser, "COMMAND")
    for module in COMMANDS:
        module.add_commands(add)
    return parser
