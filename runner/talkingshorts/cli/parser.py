"""The command line: parses it, runs the command, and turns every failure into one clear line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from .. import __version__
from ..errors import CancelledError, RunnerError

CLOSED_PIPE_EXIT_CODE = 141
PRESIGN_SECONDS, PRESIGN_LIMIT_SECONDS = 3600, 7 * 24 * 3600

EPILOG = """\
exit codes: 0 ok, 2 usage, 3 validation, 4 a node failed, 5 unreachable, 6 timeout, 7 lost or unknown job,
            8 rows of a batch failed, 130 cancelled, 1 anything else
environment: TALKINGSHORTS_SERVER, TALKINGSHORTS_TOKEN, TALKINGSHORTS_WEBHOOK_SECRET, TALKINGSHORTS_HOME"""

ADDRESS_HELP = "a named input (see `inputs`), Title.field, ID.field or Class#n.field"
VALUE_HELP = "VALUE may be @FILE, - (stdin) or {env:NAME}; @@ stands for one @"
OUTPUT_HELP = "a path or a URL (s3://bucket/folder/), or a template with {name} {ext} {id} {seed} {workflow} {node}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. A malformed command line leaves through SystemExit(2)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name or a text that the terminal's encoding lacks is shown escaped.
            stream.reconfigure(errors="backslashreplace")
    options = build_parser().parse_args(argv)
    options.is_server_explicit = bool(options.server)
    options.server = options.server or os.environ.get("TALKINGSHORTS_SERVER") or None
    options.token = options.token or os.environ.get("TALKINGSHORTS_TOKEN") or None
    try:
        from . import commands

        with _termination_as_interrupt():
            code = getattr(commands, options.command)(options)
        sys.stdout.flush()
    except RunnerError as error:
        _report(error, options)
        return error.exit_code
    except KeyboardInterrupt:
        _report(CancelledError("Interrupted."), options)
        return CancelledError.exit_code
    except BrokenPipeError:
        # Whoever read the answer has gone; Python's own flush at exit would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE_EXIT_CODE
    return code


@contextlib.contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM, with which service managers end a program, do what Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class OneLineParser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, as every other failure does."""

    def error(self, message: str) -> NoReturn:
        """End the program with exit code 2."""
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser. Options are never abbreviated, so that a new one can't change what an old line means."""
    parser = OneLineParser(
        prog="talkingshorts",
        description="Make talking-head shorts with ComfyUI, and run any other workflow without the canvas.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"talkingshorts {__version__}")
    _add_common(parser, is_root=True)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, takes_servers: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        _add_common(command, is_root=False, takes_servers=takes_servers)
        return command

    _add_make_options(add("make", "make a short from a script and a voice"))
    run = add("run", "run a workflow, follow it, and fetch what it makes")
    _add_request_options(run)
    _add_presign(run)
    _add_limits(run)
    run.add_argument("--detach", action="store_true", help="only submit; print the job id")
    _add_webhook(run)
    add("inputs", "list a workflow's named inputs: name, type, default").add_argument("workflow", metavar="WORKFLOW")
    _add_values(add("validate", "check a workflow against the server without running it"))
    submit = add("submit", "submit a workflow and print the job id")
    _add_request_options(submit)
    _add_webhook(submit)
    _add_job(add("status", "print where a job is"))
    wait = add("wait", "follow a job to its end, and fetch what it made")
    _add_job(wait)
    _add_output(wait)
    _add_presign(wait)
    _add_limits(wait)
    _add_webhook(wait)
    _add_job(add("cancel", "cancel this one job"))
    fetch = add("fetch", "fetch what an ended job made")
    _add_job(fetch)
    _add_output(fetch)
    _add_presign(fetch)
    _add_batch_options(add("batch", "run a workflow once for each row of a table", takes_servers=True))
    server = add("server", "start, stop or find the ComfyUI that this program manages")
    server.add_argument("action", choices=("start", "stop", "status"))
    _add_models_options(add("models", "list, download or verify the model files that the workflows need"))
    add("doctor", "check this machine and the server, and say how to mend what is wrong")
    return parser


def _add_common(parser: argparse.ArgumentParser, is_root: bool, takes_servers: bool = False) -> None:
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


def _add_make_options(make: argparse.ArgumentParser) -> None:
    make.add_argument("--script", required=True, metavar="TEXT|@FILE|-", help="what the speaker says")
    make.add_argument("--voice", metavar="URL|FILE", help="a YouTube URL or a local recording of the voice")
    make.add_argument(
        "--start", type=_number, metavar="S", help="where the voice begins (default: 40 in a URL, 0 in a file)"
    )
    make.add_argument(
        "--duration", type=_number, default=30.0, metavar="S", help="seconds of voice to use (default: 30)"
    )
    make.add_argument("--portrait", metavar="FILE", help="a picture of the speaker")
    make.add_argument("--portrait-prompt", metavar="TEXT", help="what the speaker looks like, in words")
    make.add_argument(
        "--quality",
        choices=("draft", "fast", "best"),
        help="default: the best that voice, GPU and models allow; fast and best clone the voice, a draft doesn't",
    )
    make.add_argument("--size", type=_size, metavar="WxH", help="pixels, multiples of 16")
    make.add_argument("--target-seconds", type=_number, metavar="S", help="length of the speech; 0 is its natural one")
    make.add_argument("--seed", type=int, default=42, metavar="N", help="default: 42")
    make.add_argument("--voice-rights", action="store_true", help="the voice's owner agrees to its cloning")
    make.add_argument("-o", "--output", default="out/short.mp4", metavar="PATH", help="default: out/short.mp4")
    _add_presign(make)
    _add_limits(make)
    _add_webhook(make)


def _add_models_options(models: argparse.ArgumentParser) -> None:
    actions = models.add_subparsers(dest="action", required=True, metavar="list|download|verify")

    def add(name: str, text: str, count: str) -> argparse.ArgumentParser:
        action = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        _add_common(action, is_root=False)
        action.add_argument(
            "names", nargs=count, metavar="PRESET|NAME", help="a preset such as fast (see `models list`), or a file"
        )
        return action

    add("list", "say which model files are here, how large they are, and which presets need them", "*")
    download = add("download", "download what is missing; a download that was stopped goes on where it was", "+")
    download.add_argument("--to", metavar="FOLDER", help="a models folder (default: that of the managed ComfyUI)")
    download.add_argument("--jobs", type=_count, default=3, metavar="N", help="files at once (default: 3)")
    download.add_argument("--force", action="store_true", help="download again what is here already")
    download.add_argument("--dry-run", action="store_true", help="only say what would be downloaded")
    add("verify", "check size and hash of the model files that are here; of a preset, that all are", "*")


def _add_request_options(parser: argparse.ArgumentParser) -> None:
    _add_values(parser)
    _add_output(parser)


def _add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workflow", metavar="WORKFLOW", help="API-format JSON, or a PNG, FLAC or mp4 that embeds one")
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


def _add_batch_options(batch: argparse.ArgumentParser) -> None:
    batch.add_argument("workflow", metavar="WORKFLOW", help="API-format JSON, or a PNG, FLAC or mp4 that embeds one")
    batch.add_argument(
        "table", metavar="JOBS", help=f"a .csv or .jsonl file, one job a row; a column is {ADDRESS_HELP}"
    )
    batch.add_argument(
        "-o",
        "--output",
        metavar="TEMPLATE",
        help=f"where results go: {OUTPUT_HELP} {{row}} and {{COLUMN}} (default: out/{{workflow}}-{{row:04}}{{ext}})",
    )
    batch.add_argument(
        "--ray",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="run on a ComfyUI for each GPU of the Ray cluster at ADDRESS, else of RAY_ADDRESS, else of this machine",
    )
    batch.add_argument("--ray-workers", type=_count, metavar="N", help="with --ray: this many ComfyUIs")
    batch.add_argument("--overwrite", action="store_true", help="write over files that this batch hasn't made")
    batch.add_argument("--keep-going", action="store_true", help="start further rows after one has failed")
    batch.add_argument(
        "--state", metavar="FILE", help="what is remembered from run to run (default: JOBS.WORKFLOW.state)"
    )
    batch.add_argument("--timeout", type=_limit, metavar="S", help="cancel a row's job after S seconds; the row failed")
    batch.add_argument(
        "--idle-timeout",
        type=_limit,
        metavar="S",
        help="leave a server to itself that takes connections and hasn't answered for S seconds (default: 300)",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="TEMPLATE", help=f"where results go: {OUTPUT_HELP}")


def _add_presign(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--presign",
        nargs="?",
        const=PRESIGN_SECONDS,
        type=_presign_seconds,
        metavar="SECONDS",
        help="results on a store such as s3:// are printed as addresses that anybody can download from for so long "
        f"(default: {PRESIGN_SECONDS})",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--timeout", type=_limit, metavar="S", help="cancel the job after S seconds, whatever it does")
    parser.add_argument(
        "--idle-timeout",
        type=_limit,
        metavar="S",
        help="give the job up when the server hasn't said a word for S seconds: no progress, and no answer to where "
        "the job is. A node that works on in silence isn't idle (default: 300)",
    )
    parser.add_argument(
        "--resubmit",
        action="store_true",
        help="submit the job again when it is lost because the server was restarted; waits up to 5 minutes for it",
    )


def _add_webhook(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--webhook",
        metavar="URL",
        help="post a JSON object there when the job has ended, whichever way; tried again for hours until it is taken",
    )
    parser.add_argument(
        "--webhook-secret", metavar="S", help="sign it with S (Standard Webhooks); better: TALKINGSHORTS_WEBHOOK_SECRET"
    )


def _add_job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="ID", help="the id that `submit` printed")


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return value


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 999")
    return int(text)


def _presign_seconds(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,5}", text) or int(text) > PRESIGN_LIMIT_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to {PRESIGN_LIMIT_SECONDS}")
    return int(text)


def _limit(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return value


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} isn't of the form WxH, such as 480x832")
    return int(match[1]), int(match[2])


def _report(error: RunnerError, options: argparse.Namespace) -> None:
    """Print the error on stderr, and with --json on stdout as well."""
    if options.verbose and error.details:
        print(error.details.rstrip(), file=sys.stderr)
    from ..display.terminal import make_printable

    for line in str(error).splitlines():
        print(f"talkingshorts: {make_printable(line)}", file=sys.stderr)
    if options.json:
        answer = {"event": "error", "exit_code": error.exit_code, "kind": type(error).__name__, "message": str(error)}
        print(json.dumps(answer), flush=True)
