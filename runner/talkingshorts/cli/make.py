"""`talkingshorts make`: a short from a script."""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RunnerError
from ..home import expand_home
from ..wording import name_option
from .answers import open_notices, print_note
from .options import (
    AddCommand,
    add_limits,
    add_presign,
    add_settings,
    add_webhook,
    read_seconds,
    read_server,
    read_size,
)
from .values import ValueReader, split_assignment

if TYPE_CHECKING:
    from ..jobs.options import Setting
    from ..shorts.options import MakeOptions


def add_commands(add: AddCommand) -> None:
    """Add `make`."""
    _add_options(add("make", "make a short from a script and a voice", make))


def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--script", required=True, metavar="TEXT|@FILE|-", help="what the speaker says")
    parser.add_argument(
        "--voice", type=expand_home, metavar="URL|FILE", help="a YouTube URL or a local recording of the voice"
    )
    parser.add_argument(
        "--start",
        type=read_seconds,
        metavar="S",
        help="where the voice begins, as 90, 1:30 or 1m30s (default: the time in the link, else 40; 0 in a file)",
    )
    parser.add_argument(
        "--duration", type=read_seconds, default=30.0, metavar="S", help="seconds of voice to use (default: 30)"
    )
    parser.add_argument(
        "--portrait", type=expand_home, metavar="URL|FILE", help="a picture of the speaker, or a link to one"
    )
    parser.add_argument("--portrait-prompt", metavar="TEXT", help="what the speaker looks like, in words")
    parser.add_argument(
        "--quality",
        choices=("draft", "fast", "best"),
        help="default: the best that voice, GPU and models allow; fast and best clone the voice, a draft doesn't",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--size", type=read_size, metavar="WxH", help="pixels: multiples of 16, or 1080")
    shape.add_argument("--landscape", action="store_true", help="wider than high: 832x480 (default: 480x832)")
    parser.add_argument(
        "--target-seconds", type=read_seconds, metavar="S", help="length of the speech; 0: as long as it takes"
    )
    parser.add_argument("--seed", type=int, default=42, metavar="N", help="default: 42")
    parser.add_argument(
        "--voice-rights", action="store_true", help="confirm that the voice is yours, or that its owner agreed"
    )
    add_settings(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=expand_home,
        metavar="PATH",
        help="default: out/short.mp4; a former one is kept as short-1.mp4",
    )
    parser.add_argument("--yes", action="store_true", help="where there is no ComfyUI, install one first (6.5 GB)")
    add_presign(parser)
    add_limits(parser)
    add_webhook(parser)


def make(options: Namespace) -> int:
    """Make a short from a script."""
    from ..display.events import Notice
    from ..jobs.reach import reach_server
    from ..managed.install import install_server
    from ..managed.server import explain_missing
    from ..results.destination import require_writable
    from ..results.former import find_former, keeping
    from ..shorts.quality import choose_request
    from ..shorts.request import build_requests, explain_uncloned
    from .running import open_announcer, require_presignable, run_to_its_end

    short = read_make_options(options)
    require_writable(short.output, "short")
    require_presignable(options, short.output)
    requests = build_requests(short)
    announcer = open_announcer(options)
    choice = read_server(options)
    if options.yes and not choice.url and explain_missing():
        install_server(print_note)
    server = reach_server(choice, print_note)
    request, reason = choose_request(server.client, requests)
    if short.quality is None:
        reason = explain_uncloned(short) or reason
    notify = open_notices(options.json)
    if reason:
        notify(Notice(reason))
    with contextlib.ExitStack() as stack:
        if former := find_former(short.output):
            kept = None if options.output else stack.enter_context(keeping(former))
            notify(Notice(_explain_former(former, kept)))
        stack.enter_context(_naming_options())
        return run_to_its_end(options, request, server, announcer)


@contextlib.contextmanager
def _naming_options() -> Iterator[None]:
    """Let errors of this block name inputs of the graph as the options that set them."""
    from ..shorts.request import rename_inputs_of_short

    try:
        yield
    except RunnerError as error:
        error.args = (rename_inputs_of_short(str(error)),)
        raise


def _explain_former(former: Path, kept: Path | None) -> str:
    if kept is None:
        return f"{former} is there already, and will be overwritten."
    return f"{former} is there already: it will be kept as {kept}. {name_option('output', 'PATH')} names another place."


def read_make_options(options: Namespace) -> MakeOptions:
    """Return what the command line says about the short. Raises UsageError for a value that can't be read."""
    from ..shorts.options import LANDSCAPE_SIZE, SHORT_OUTPUT, MakeOptions
    from .given import read_file

    values = ValueReader()
    script = values.read_words(options.script)
    settings, files = _read_make_settings(options, values)
    return MakeOptions(
        script=script,
        voice=_read_voice(options.voice) if options.voice else files.get("voice_source"),
        start_seconds=options.start,
        duration_seconds=options.duration,
        voice_rights=options.voice_rights,
        portrait=str(read_file(options.portrait)) if options.portrait else files.get("portrait_picture"),
        portrait_prompt=options.portrait_prompt,
        quality=options.quality,
        size=LANDSCAPE_SIZE if options.landscape else options.size,
        target_seconds=options.target_seconds,
        seed=options.seed,
        settings=settings,
        output=options.output or SHORT_OUTPUT,
    )


def _read_make_settings(options: Namespace, values: ValueReader) -> tuple[list[Setting], dict[str, str]]:
    """Return what -s sets; and the files that it names for the voice and the portrait, by the input's name.

    The inputs of all graphs that make a short are called alike, and the draft has all that take a file.
    """
    from ..shipped.workflows import find_workflow
    from .given import read_given

    assignments = [split_assignment(text) for text in options.set]
    settings, files = read_given(find_workflow("draft"), assignments, [], values)
    return settings, {address: str(path) for address, path in files}


def _read_voice(voice: str) -> str:
    """Return the path of the voice's file, or the link to it, which the server fetches."""
    from ..texts.links import looks_like_link
    from ..texts.notation import is_there
    from .given import read_file
    from .links import is_web_link

    if is_web_link(voice):
        return voice
    path = read_file(voice)
    return voice if looks_like_link(voice) and not is_there(path) else str(path)
