"""The options that several commands share: how they are asked for, and what they are read into.

Importing it imports nothing heavy.
"""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..home import expand_home
from .values import ValueReader, split_assignment

if TYPE_CHECKING:
    from ..jobs.follow import Limits
    from ..jobs.options import RunOptions, Setting
    from ..jobs.reach import ServerChoice
    from ..webhooks.announcer import WebhookOptions

PRESIGN_SECONDS, PRESIGN_LIMIT_SECONDS = 3600, 7 * 24 * 3600

ADDRESS_HELP = "a named input (see `inputs`), Title.field, ID.field or Class#n.field"
VALUE_HELP = "VALUE may be @FILE, - (stdin) or {env:NAME}; @@ stands for one @"
OUTPUT_HELP = "a path or a URL (s3://bucket/folder/), or a template with {name} {ext} {id} {seed} {workflow} {node}"
WORKFLOW_HELP = (
    "a name that `workflows list` prints, or a file: API-format JSON, or an mp4, PNG or FLAC that ComfyUI made, which "
    "holds its workflow"
)

Execute = Callable[[argparse.Namespace], int]
"""Does what the command line asks for, and returns the exit code."""


class AddCommand(Protocol):
    """Gives a program, or one of its commands, one more command."""

    def __call__(
        self, name: str, text: str, execute: Execute | None = None, takes_servers: bool = False
    ) -> argparse.ArgumentParser:
        """Return the command's parser, which has the common options; `text` says in its help what it does.

        A command that only holds others has nothing to execute.
        """
        ...


def nest_commands(parser: argparse.ArgumentParser, metavar: str) -> AddCommand:
    """Return what adds commands below the parser's own; one of them has to be given."""
    commands = parser.add_subparsers(required=True, metavar=metavar)

    def add(
        name: str, text: str, execute: Execute | None = None, takes_servers: bool = False
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.set_defaults(execute=execute)
        add_common(command, is_root=False, takes_servers=takes_servers)
        return command

    return add


def add_common(parser: argparse.ArgumentParser, is_root: bool, takes_servers: bool = False) -> None:
    """Add the options that may stand before or after the command; only the root gives them defaults."""

    def default(value: Any) -> Any:
        return value if is_root else argparse.SUPPRESS

    group = parser.add_argument_group("common options")
    group.add_argument(
        "--server",
        metavar="URL",
        action="append" if takes_servers else "store",
        default=default(None),
        help="run on this ComfyUI, not a managed one" + (" (once for each server)" if takes_servers else ""),
    )
    group.add_argument("--token", metavar="T", default=default(None), help="the server's bearer token")
    group.add_argument(
        "--json", action="store_true", default=default(False), help="JSON on stdout, one object or event a line"
    )
    group.add_argument(
        "-v", "--verbose", action="store_true", default=default(False), help="show a failed node's traceback"
    )


def read_server(options: argparse.Namespace) -> ServerChoice:
    """Return the server that the command line names, else the environment, else neither."""
    from ..jobs.reach import ServerChoice

    url = options.server or os.environ.get("TALKINGSHORTS_SERVER") or None
    return ServerChoice(url, read_token(options), is_explicit=bool(options.server))


def add_ray(parser: argparse.ArgumentParser) -> None:
    """Add what lets jobs run on a Ray cluster."""
    parser.add_argument(
        "--ray",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="run on a ComfyUI for each GPU of the Ray cluster at ADDRESS, else of RAY_ADDRESS, else of this machine",
    )


def read_servers(options: argparse.Namespace) -> tuple[list[str], bool]:
    """Return the servers that jobs may run on, and whether the command line names them, not just the environment."""
    # Before the command, the option is given once; after it, once for each server.
    named = [options.server] if isinstance(options.server, str) else options.server or []
    addresses = named or [os.environ.get("TALKINGSHORTS_SERVER", "")]
    return [url for address in addresses for url in re.split(r"[\s,]+", address) if url], bool(named)


def read_token(options: argparse.Namespace) -> str | None:
    """Return the server's token, of the command line or of the environment."""
    return options.token or os.environ.get("TALKINGSHORTS_TOKEN") or None


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add what sets inputs of the workflow that is run."""
    parser.add_argument(
        "-s",
        "--set",
        action="append",
        default=[],
        metavar="ADDRESS=VALUE",
        help=f"set an input; ADDRESS is {ADDRESS_HELP}. {VALUE_HELP}",
    )


def read_settings(options: argparse.Namespace, values: ValueReader) -> list[Setting]:
    """Return the addresses and the texts for them.

    Raises UsageError for what is no ADDRESS=VALUE, and for a value that can't be read.
    """
    assignments = [split_assignment(text) for text in options.set]
    return [(address, values.read(value)) for address, value in assignments]


def add_values(parser: argparse.ArgumentParser) -> None:
    """Add a workflow, and the values and files for its inputs."""
    parser.add_argument("workflow", type=expand_home, metavar="WORKFLOW", help=WORKFLOW_HELP)
    add_settings(parser)
    parser.add_argument(
        "-i",
        "--input",
        action="append",
        default=[],
        metavar="ADDRESS=FILE",
        help="upload a file and set an input to it",
    )


def read_workflow(options: argparse.Namespace) -> Path:
    """Return the file of the workflow that is named. Raises UsageError when a bare name is no shipped workflow's."""
    from ..shipped.workflows import find_workflow

    return find_workflow(options.workflow)


def read_run_options(options: argparse.Namespace, output: str | None) -> RunOptions:
    """Return what the command line says about the workflow to run.

    Raises UsageError for what is no ADDRESS=VALUE, for a value that can't be read, and for a link that can't be
    fetched.
    """
    from ..jobs.options import RUN_OUTPUT, RunOptions
    from .given import read_given

    path = read_workflow(options)
    settings, files = (
        [split_assignment(text) for text in options.set],
        [split_assignment(text) for text in options.input],
    )
    return RunOptions(path, *read_given(path, settings, files, ValueReader()), output or RUN_OUTPUT)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add where the results go."""
    parser.add_argument("-o", "--output", type=expand_home, metavar="TEMPLATE", help=f"where results go: {OUTPUT_HELP}")


def add_presign(parser: argparse.ArgumentParser) -> None:
    """Add that results are printed as addresses to download them from."""
    parser.add_argument(
        "--presign",
        nargs="?",
        const=PRESIGN_SECONDS,
        type=_read_presign_seconds,
        metavar="SECONDS",
        help="print results on a store such as s3:// as addresses that anybody can download from for so long "
        f"(default: {PRESIGN_SECONDS})",
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add how long to wait for the job, and what to do when it is lost."""
    parser.add_argument(
        "--timeout", type=read_limit, metavar="S", help="cancel the job after S seconds, whatever it does"
    )
    parser.add_argument(
        "--idle-timeout",
        type=read_limit,
        metavar="S",
        help="give up on the job when nothing was heard from the server for S seconds: no progress, and no answer to "
        "where the job is. A node that works silently doesn't count as idle (default: 300)",
    )
    parser.add_argument(
        "--resubmit",
        action="store_true",
        help="submit the job again when a restart of the server lost it; waits up to 5 minutes for the server",
    )


def read_limits(options: argparse.Namespace) -> Limits:
    """Return how long to wait for the job."""
    from ..jobs.follow import Limits

    return Limits(options.timeout, options.idle_timeout)


def add_webhook(parser: argparse.ArgumentParser) -> None:
    """Add where to tell how the job ended."""
    parser.add_argument(
        "--webhook",
        metavar="URL",
        help="post a JSON object there when the job has ended, however it did; retried for hours until it is accepted",
    )
    parser.add_argument(
        "--webhook-secret", metavar="S", help="sign it with S (Standard Webhooks); better: TALKINGSHORTS_WEBHOOK_SECRET"
    )


def read_webhook(options: argparse.Namespace) -> WebhookOptions:
    """Return the webhook of a command, which may be one that takes none but sees to those of earlier commands."""
    from ..webhooks.announcer import WebhookOptions

    given = vars(options)
    secret = given.get("webhook_secret") or os.environ.get("TALKINGSHORTS_WEBHOOK_SECRET") or None
    return WebhookOptions(given.get("webhook"), secret)


def add_job(parser: argparse.ArgumentParser) -> None:
    """Add the job that the command is about."""
    parser.add_argument(
        "job", metavar="ID", nargs="?", help="the id that `submit` or `jobs` printed (default: the last job of `jobs`)"
    )


def read_number(text: str) -> float:
    """Return a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} isn't a number")
    return value


def read_seconds(text: str) -> float:
    """Return the seconds of a time as people write it."""
    from ..texts.times import parse_seconds

    value = parse_seconds(text)
    if value is None:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a time: give seconds, or a time such as 1:30 or 1m30s")
    return value


def read_count(text: str) -> int:
    """Return a number of things, of which there is one at least."""
    if not re.fullmatch(r"[1-9]\d{0,2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} isn't a whole number from 1 to 999")
    return int(text)


def _read_presign_seconds(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,5}", text) or int(text) > PRESIGN_LIMIT_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a number of seconds from 1 to {PRESIGN_LIMIT_SECONDS}")
    return int(text)


def read_number_from_0(text: str) -> float:
    """Return a finite number that isn't below 0."""
    value = read_number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def read_limit(text: str) -> float:
    """Return a number of seconds above 0."""
    value = read_number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return value


def read_size(text: str) -> tuple[int, int]:
    """Return width and height in pixels."""
    match = re.fullmatch(r"(\d{1,6})\s*[xX×*]\s*(\d{1,6})", text.strip())  # noqa: RUF001 (the sign of multiplication)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} isn't of the form WxH, such as 480x832")
    return int(match[1]), int(match[2])
