"""Run one command, and turn every failure into one clear line and an exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CancelledError, RunnerError
from ..wording import Surface, speaking_to
from .completion import complete_if_asked
from .parser import build_parser

if TYPE_CHECKING:
    from argparse import Namespace

CLOSED_PIPE_EXIT_CODE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. A malformed command line leaves through SystemExit(2)."""
    surface = Surface.MAKE if os.environ.get("TALKINGSHORTS_SURFACE") == "make" else Surface.COMMAND_LINE
    with speaking_to(surface):
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
    _prepare_streams()
    parser = build_parser()
    complete_if_asked(parser)
    options = parser.parse_args(argv)
    try:
        with _termination_as_interrupt():
            code = options.execute(options)
        sys.stdout.flush()
    except RunnerError as error:
        _report(error, options)
        return error.exit_code
    except KeyboardInterrupt:
        _report(CancelledError("Interrupted."), options)
        return CancelledError.exit_code
    except BrokenPipeError:
        # Whoever read the answer has gone.
        _forsake_stdout()
        return CLOSED_PIPE_EXIT_CODE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _forsake_stdout()
        _report(RunnerError(f"The disk is full: {error.strerror}. Free some space first."), options)
        return RunnerError.exit_code
    return code


def _prepare_streams() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # It was closed before the program began: what is said there goes nowhere, and nowhere else.
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            # A name or a text that the terminal's encoding lacks is shown escaped.
            stream.reconfigure(errors="backslashreplace")


def _forsake_stdout() -> None:
    """Send the rest of stdout nowhere: Python's own flush at exit would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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


def _report(error: RunnerError, options: Namespace) -> None:
    """Print the error on stderr, and with --json on stdout as well."""
    if options.verbose and error.details:
        print(error.details.rstrip(), file=sys.stderr)
    from ..display.terminal import make_printable

    for line in str(error).splitlines():
        print(f"talkingshorts: {make_printable(line)}", file=sys.stderr)
    if options.json:
        answer = {"event": "error", "exit_code": error.exit_code, "kind": type(error).__name__, "message": str(error)}
        try:
            print(json.dumps(answer), flush=True)
        except OSError:
            # Nobody reads it, or it finds no room; stderr has said it.
            _forsake_stdout()
