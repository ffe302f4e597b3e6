"""`talkingshorts server start|stop|status`: the ComfyUI that this program manages."""

from __future__ import annotations

from argparse import Namespace

from .answers import print_json, print_note
from .options import AddCommand


def add_commands(add: AddCommand) -> None:
    """Add `server`."""
    parser = add("server", "start, stop or find the ComfyUI that this program manages", control_server)
    parser.add_argument("action", choices=("start", "stop", "status"))


def control_server(options: Namespace) -> int:
    """Start, find or stop the managed server."""
    from ..errors import UnreachableError
    from ..managed import server

    if options.action == "stop":
        print_note("The server was stopped." if server.stop_server() else "No managed server is running.")
        return 0
    url = server.ensure_server(print_note) if options.action == "start" else server.find_server()
    if url is None:
        raise UnreachableError("No managed server is running: `talkingshorts server start` starts one.")
    if options.json:
        print_json({"url": url})
    else:
        print(url)
    return 0
