"""`talkingshorts serve`: the service, on its slots and behind its address, until it is told to end."""

from __future__ import annotations

import importlib.util
import socket
import sys
from pathlib import Path

from .. import home
from ..batch.places import open_slots
from ..errors import UsageError
from ..http import LOOPBACK_HOSTS
from ..managed.provision import Say
from ..webhooks.message import read_key
from .options import ServeOptions

SERVICE_PACKAGES = ("fastapi", "uvicorn", "python_multipart", "puremagic", "prometheus_client", "structlog")
LEAVE_GRACE_SECONDS = 10


def default_data_dir() -> Path:
    """Return where a service keeps its data when nothing else is said."""
    return home.home_dir() / "service"


def default_key_file() -> Path:
    """Return where the keys are when nothing else is said."""
    return home.home_dir() / "keys.json"


def require_packages() -> None:
    """Raise UsageError when what the service needs isn't installed."""
    if missing := [name for name in SERVICE_PACKAGES if importlib.util.find_spec(name) is None]:
        packages = " ".join(name.replace("_", "-") for name in missing)
        raise UsageError(
            f"The service needs packages that aren't installed: {sys.executable} -m pip install {packages}"
        )


def run_service(options: ServeOptions, say: Say) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises UsageError for an address that can't be taken, for one that others reach where no keys are asked for, and for
    a data folder that another service has.
    """
    require_packages()
    if options.keys is None and options.host not in LOOPBACK_HOSTS:
        raise UsageError(
            f"On {options.host} anybody could come in: make a key with `talkingshorts keys add NAME`, "
            "and name the file with --keys."
        )
    listener = _listen(options.host, options.port)
    with listener, open_slots(options, say) as (slots, find_slots):
        import uvicorn

        from .keys import KeyFile
        from .log import open_log
        from .progress import ProgressBoard
        from .service import Service
        from .surfaces.app import Loop, build_app

        loop = Loop()
        service = Service(
            options.data,
            slots,
            open_log(options.json_logs),
            round(options.retain_hours * 3600),
            options.max_queued,
            find_slots,
            read_key(options.webhook_secret) if options.webhook_secret else None,
            ProgressBoard(loop),
        )
        app = build_app(service, KeyFile(options.keys) if options.keys else None, loop)
        host, port = listener.getsockname()[:2]
        say(f"TalkingShorts listens on http://{host}:{port}. Ctrl-C ends it; jobs go on at the next start.")
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=LEAVE_GRACE_SECONDS,
            server_header=False,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{host}:{port} can't be listened on: {reason}. Give another --host or --port.") from error
    return listener
