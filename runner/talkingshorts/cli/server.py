"""`talkingshorts server start|stop|status|install`: the ComfyUI that this program manages."""

from __future__ import annotations

import sys
from argparse import Namespace

from .answers import confirm, print_json, print_note
from .options import AddCommand, nest_commands


def add_commands(add: AddCommand) -> None:
    """Add `server`."""
    parser = add("server", "start, stop, find or install the ComfyUI that this program manages")
    add_action = nest_commands(parser, "start|stop|status|install")
    add_action("start", "start it unless it is running, and print its URL", start_server)
    add_action("stop", "end it", end_server)
    add_action("status", "print its URL, if it is running", show_server)
    installing = "install a ComfyUI with the node pack (about 6.5 GB); a checkout has one"
    add_action("install", installing, set_up_server).add_argument("--yes", action="store_true", help="don't ask first")


def start_server(options: Namespace) -> int:
    """Start the managed server, or find the one that runs."""
    from ..managed.server import ensure_server

    _print_url(options, ensure_server(print_note))
    return 0


def show_server(options: Namespace) -> int:
    """Print where the managed server is, if it runs."""
    from ..errors import UnreachableError
    from ..managed.server import find_server

    url = find_server()
    if url is None:
        raise UnreachableError("No managed server is running: `talkingshorts server start` starts one.")
    _print_url(options, url)
    return 0


def end_server(options: Namespace) -> int:
    """Stop the managed server."""
    from ..managed.server import stop_server

    print_note("The server was stopped." if stop_server() else "No managed server is running.")
    return 0


def set_up_server(options: Namespace) -> int:
    """Install a ComfyUI, and print where it is."""
    from .. import home
    from ..errors import CancelledError
    from ..managed.install import install_server

    question = f"Install ComfyUI in {home.home_dir()} (about 6.5 GB, 2 to 15 minutes)?"
    if not options.yes and sys.stdin.isatty() and not confirm(question):
        raise CancelledError("Nothing was installed.")
    install_server(print_note)
    if options.json:
        print_json({"comfyui": str(home.comfyui_dir()), "python": str(home.comfyui_python())})
    else:
        print(home.comfyui_dir())
    return 0


def _print_url(options: Namespace, url: str) -> None:
    if options.json:
        print_json({"url": url})
    else:
        print(url)
