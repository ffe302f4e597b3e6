"""Web servers on loopback that hand out media in well- and ill-behaved ways."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.media import write_media


@dataclass
class Page:
    """What a server gives at one path."""

    body: bytes = b""
    content_type: str = "application/octet-stream"
    status: int = 200
    location: str = ""
    serves_ranges: bool = True
    breaks_off_after: int | None = None
    cookies_wanted: str = ""


@dataclass
class WebServer:
    """A server on loopback that notes what was asked of it."""

    url: str
    pages: dict[str, Page]
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    cookies: list[tuple[str, str]] = field(default_factory=list)
    served_range_bytes: int = 0

    def address_of(self, path: str) -> str:
        return f"{self.url}/{path}"


@contextmanager
def serve(pages: dict[str, Page], host: str = "127.0.0.1") -> Iterator[WebServer]:
    """Run a server with the given pages for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = re.sub(r"^(http://[^/]+)?/|\?.*", "", self.path)  # a proxy is asked with the whole address
            byte_range = self.headers.get("Range")
            web.requests.append((path, byte_range))
            web.cookies.append((path, self.headers.get("Cookie") or ""))
            page = pages.get(path, Page(status=404))
            if page.cookies_wanted not in (self.headers.get("Cookie") or ""):
                page = Page(status=403)
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", byte_range or "")
            body = page.body
            if asked and page.serves_ranges and page.status == 200:
                start, stop = int(asked[1]), min(int(asked[2] or len(body)) + 1, len(body))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(body)}")
                body = body[start:stop]
                web.served_range_bytes += len(body)
            else:
                self.send_response(page.status)
            if page.location:
                self.send_header("Location", page.location)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if page.breaks_off_after is not None:
                body = body[: page.breaks_off_after]
                self.close_connection = True
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_HEAD(self) -> None:
            self.send_error(405)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the console clean."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients hang up when they have read enough."""

    server = Server((host, 0), Handler)
    web = WebServer(f"http://{host}:{server.server_address[1]}", pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_fragmented(folder: Path, kind: str, **settings: Any) -> dict[str, Page]:
    """Return the pages of an HLS ("hls") or DASH ("dash") stream, whose entry is talk.m3u8 or talk.mpd."""
    if kind == "hls":
        names = str(folder / "part%d.ts")
        options = (("hls_time", "2"), ("hls_playlist_type", "vod"), ("hls_segment_filename", names))
        write_media(str(folder / "talk.m3u8"), "hls", "aac", options=options, **settings)
    else:
        write_media(str(folder / "talk.mpd"), "dash", "aac", options=(("seg_duration", "2"),), **settings)
    types = {".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml"}
    return {
        path.name: Page(path.read_bytes(), types.get(path.suffix, "application/octet-stream"))
        for path in folder.iterdir()
    }


@dataclass
class RawServer:
    """A server that speaks as it likes, and notes what it heard at the start of each connection."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    def address_of(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{path}"


@contextmanager
def serve_raw(speak: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Iterator[RawServer]:
    """Run a server that calls `speak` with each connection after its request; host "" is every address, IPv6 too."""
    everywhere = {"family": socket.AF_INET6, "dualstack_ipv6": True} if not host and socket.has_dualstack_ipv6() else {}
    ended = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            server.heard.append(connection.recv(65536))
            speak(connection)

    def listen() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError):
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server((host, 0), **everywhere) as listener:
        server = RawServer(listener.getsockname()[1])
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
