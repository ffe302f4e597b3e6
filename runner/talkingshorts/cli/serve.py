"""`talkingshorts serve` and `talkingshorts keys`: the service, and who may use it."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..home import expand_home
from .answers import print_json, print_note
from .options import AddCommand, add_ray, nest_commands, read_limit, read_servers, read_token

if TYPE_CHECKING:
    from ..service.keys import KeyFile
    from ..service.options import ServeOptions


def add_commands(add: AddCommand) -> None:
    """Add `serve` and `keys`."""
    _add_serve_options(add("serve", "serve shorts over HTTP, with a page at its address", serve, takes_servers=True))
    keys = nest_commands(add("keys", "make, list and revoke the keys of the service"), "COMMAND")
    adding = keys("add", "make a key, and print it: it is shown only once", add_key)
    adding.add_argument("name", metavar="NAME", help="whose key it is")
    adding.add_argument(
        "--scopes",
        nargs="+",
        default=["shorts"],
        metavar="SCOPE",
        help="what it may do: shorts, workflows, metrics (default: shorts)",
    )
    revoking = keys("revoke", "revoke a key, at once", revoke_key)
    revoking.add_argument("name", metavar="NAME", help="whose key it is")
    for parser in (adding, revoking, keys("list", "list the keys by name", list_keys)):
        parser.add_argument("--keys", type=expand_home, metavar="FILE", help="default: keys.json in the home folder")


def _add_serve_options(parser: ArgumentParser) -> None:
    parser.add_argument("--host", metavar="HOST", help="default: 127.0.0.1, which only this machine reaches")
    parser.add_argument("--port", type=read_positive, metavar="N", help="default: 8190")
    parser.add_argument(
        "--data", type=expand_home, metavar="FOLDER", help="jobs, uploads and results (default: service in the home)"
    )
    parser.add_argument("--keys", type=expand_home, metavar="FILE", help="ask every caller for one of the keys in FILE")
    parser.add_argument("--retain-hours", type=read_limit, metavar="H", help="how long results are kept (default: 48)")
    parser.add_argument("--max-queued", type=read_positive, metavar="N", help="waiting jobs of one key (default: 1000)")
    parser.add_argument("--json-logs", action="store_true", help="log JSON, one object a line")
    add_ray(parser)


def read_positive(text: str) -> int:
    """Return a whole number above 0. Raises ArgumentTypeError."""
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} isn't a whole number above 0")
    return int(text)


def serve(options: Namespace) -> int:
    """Serve shorts over HTTP."""
    from ..service.serve import run_service

    run_service(read_serve_options(options), print_note)
    return 0


def add_key(options: Namespace) -> int:
    """Make a key, and print it."""
    print(_open_keys(options).add(options.name, options.scopes))
    print_note("This is the key: it is kept nowhere, and not shown again.")
    return 0


def list_keys(options: Namespace) -> int:
    """List the keys."""
    for key in _open_keys(options).list():
        if options.json:
            print_json({"name": key.name, "scopes": key.scopes, "created": key.created})
        else:
            print(f"{key.name}\t{' '.join(key.scopes)}\t{key.created}")
    return 0


def revoke_key(options: Namespace) -> int:
    """Revoke a key: a service that runs refuses it from now on."""
    _open_keys(options).revoke(options.name)
    return 0


def read_serve_options(options: Namespace) -> ServeOptions:
    """Return what the command line and the environment say about the service."""
    from ..service import options as defaults
    from ..service.serve import default_data_dir

    servers, are_servers_explicit = read_servers(options)
    keys = options.keys or os.environ.get("TALKINGSHORTS_KEYS_FILE")
    data = options.data or os.environ.get("TALKINGSHORTS_DATA")
    return defaults.ServeOptions(
        data=Path(expand_home(data)) if data else default_data_dir(),
        host=options.host or defaults.HOST,
        port=options.port or round(_read_variable("TALKINGSHORTS_PORT", defaults.PORT)),
        keys=Path(expand_home(keys)) if keys else None,
        retain_hours=options.retain_hours or _read_variable("TALKINGSHORTS_RETAIN_HOURS", defaults.RETAIN_HOURS),
        max_queued=options.max_queued or defaults.MAX_QUEUED,
        servers=servers,
        are_servers_explicit=are_servers_explicit,
        token=read_token(options),
        ray=options.ray,
        json_logs=options.json_logs,
        webhook_secret=os.environ.get("TALKINGSHORTS_WEBHOOK_SECRET") or None,
    )


def _read_variable(name: str, default: float) -> float:
    """Return the number that a variable of the environment holds. Raises UsageError when it is none above 0."""
    text = os.environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise UsageError(f"{name}={text} isn't a number above 0: correct it, or leave it out.")
    return value


def _open_keys(options: Namespace) -> KeyFile:
    from ..service.keys import KeyFile
    from ..service.serve import default_key_file

    named = options.keys or os.environ.get("TALKINGSHORTS_KEYS_FILE")
    return KeyFile(Path(expand_home(named)) if named else default_key_file())
