"""The options that several commands share, and what their values must look like. Imports nothing heavy."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from typing import Any, Protocol

PRESIGN_SECONDS, PRESIGN_LIMIT_SECONDS = 3600, 7 * 24 * 3600

ADDRESS_HELP = "a named input (see `inputs`), Title.field, ID.field or Class#n.field"
VALUE_HELP = "VALUE may be @FILE, - (stdin) or {env:NAME}; @@ stands for one @"
OUTPUT_HELP = "a path or a URL (s3://bucket/folder/), or a template with {name} {ext} {id} {seed} {workflow} {node}"
WORKFLOW_HELP = "API-format JSON, or a PNG, FLAC or mp4 that embeds one"

Execute = Callable[[argparse.Namespace], int]
"""Does what the command line asks for, and returns the exit code."""


class AddCommand(Protocol):
    """Gives a program one more command."""

    def __call__(self, name: str, text: str, execute: Execute, takes_servers: bool = False) -> argparse.ArgumentParser:
        """Return the command's parser, which has the common options; `text` says in its help what it does."""
        ...


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


def add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workflow", metavar="WORKFLOW", help=WORKFLOW_HELP)
    parser.add_argument(
        "-s",
        "--set",
        action="append",
        default=[],
        metavar="ADDRESS=VALUE",
        help=f"set an input; ADDRESS is {ADDRESS_HELP}. {VALUE_HELP}",
    )
    parser.add_argument(
        "-i",
        "--input",
        action="append",
        default=[],
        metavar="ADDRESS=FILE",
        help="upload a file and set an input to it",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="TEMPLATE", help=f"where results go: {OUTPUT_HELP}")


def add_presign(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--presign",
        nargs="?",
        const=PRESIGN_SECONDS,
        type=_read_presign_seconds,
        metavar="SECONDS",
        help="results on a store such as s3:// are printed as addresses that anybody can download from for so long "
        f"(default: {PRESIGN_SECONDS})",
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout", type=read_limit, metavar="S", help="cancel the job after S seconds, whatever it does"
    )
    parser.add_argument(
        "--idle-timeout",
        type=read_limit,
        metavar="S",
        help="give the job up when the server hasn't said a word for S seconds: no progress, and no answer to where "
        "the job is. A node that works on in silence isn't idle (default: 300)",
    )
    parser.add_argument(
        "--resubmit",
        action="store_true",
        help="submit the job again when it is lost because the server was restarted; waits up to 5 minutes for it",
    )


def add_webhook(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--webhook",
        metavar="URL",
        help="post a JSON object there when the job has ended, whichever way; tried again for hours until it is taken",
    )
    parser.add_argument(
        "--webhook-secret", metavar="S", help="sign it with S (Standard Webhooks); better: TALKINGSHORTS_WEBHOOK_SECRET"
    )


def add_job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="ID", help="the id that `submit` printed")


def read_number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return value


def read_count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 999")
    return int(text)


def _read_presign_seconds(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,5}", text) or int(text) > PRESIGN_LIMIT_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to {PRESIGN_LIMIT_SECONDS}")
    return int(text)


def read_limit(text: str) -> float:
    value = read_number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return value


def read_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} isn't of the form WxH, such as 480x832")
    return int(match[1]), int(match[2])
