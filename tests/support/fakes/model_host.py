"""A host of model files on loopback, as Hugging Face is one: with ranges, versions and redirects, and with faults."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from talkingshorts.shipped.models import ModelFile

PIECE_BYTES = 1 << 12

CONTENT = bytes(range(256)) * 400
"""Of the larger two files in a shop."""


@dataclass
class Reply:
    """An answer out of turn."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class ModelHost:
    """What the host has, and how it behaves.

    `replies` are given instead of files, one a request. `cuts` are the numbers of bytes after which the connection
    breaks, one a request, too. A file in `held` stops in its middle until `release` is set.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    knows_ranges: bool = True
    knows_versions: bool = True
    tells_length: bool = True
    replies: deque[Reply] = field(default_factory=deque)
    cuts: deque[int] = field(default_factory=deque)
    redirects: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    release: threading.Event = field(default_factory=threading.Event)
    reached_middle: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, name: str, content: bytes, **facts: Any) -> ModelFile:
        """Offer a file, and return its entry in a list, `facts` replacing what is true of it."""
        self.files[f"/{name}"] = content
        entry = {
            "name": name,
            "url": f"{self.url}/{name}",
            "folder": "vae",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "presets": ("best",),
            "licence": "MIT",
        }
        return ModelFile(**(entry | facts))

    def ranges_asked(self) -> list[str | None]:
        """Return the Range header of every request."""
        return [headers.get("Range") for _, headers in self.asked]


def write_checkout(folder: Path, files: list[ModelFile]) -> Path:
    """Write a models.json of these files into `folder`, and return the folder."""
    entries = [
        {
            "name": file.name,
            "url": file.url,
            "folder": file.folder,
            "bytes": file.bytes,
            **({"sha256": file.sha256} if file.sha256 else {}),
            "preset": list(file.presets),
            "licence": file.licence,
        }
        for file in files
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models.json").write_text(json.dumps(entries))
    return folder


class Shop(NamedTuple):
    """A checkout whose models.json lists three files that a host on loopback has."""

    host: ModelHost
    files: dict[str, ModelFile]
    checkout: Path

    def path(self, name: str) -> Path:
        """Return where the file comes to lie."""
        return self.models / "vae" / name

    @property
    def models(self) -> Path:
        """The models folder of the checkout's ComfyUI."""
        return self.checkout / ".comfyui" / "base" / "models"


@contextlib.contextmanager
def serve_models() -> Iterator[ModelHost]:
    """Serve model files on loopback until the block ends."""
    host = ModelHost()

    class Handler(_Handler):
        models = host

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield host
    finally:
        host.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    models: ModelHost
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        host, path = self.models, urlsplit(self.path).path
        host.asked.append((path, dict(self.headers)))
        if host.replies:
            reply = host.replies.popleft()
            self._answer(reply.status, reply.headers)
        elif path in host.redirects:
            self._answer(302, host.headers | {"Location": host.redirects[path]})
        elif path not in host.files:
            self._answer(404, {})
        else:
            self._send_file(path, host.files[path])

    def _answer(self, status: int, headers: dict[str, str], length: int | None = 0) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def _send_file(self, path: str, content: bytes) -> None:
        host, version = self.models, f'"{hashlib.md5(content).hexdigest()}"'
        begin, headers = 0, dict(host.headers)
        if host.knows_versions:
            headers.setdefault("ETag", version)
        is_same = self.headers.get("If-Range") in {None, headers.get("ETag")}
        if host.knows_ranges and is_same and (wanted := self.headers.get("Range")):
            begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(content):
                self._answer(416, {})
                return
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        rest = content[begin:]
        self._answer(206 if "Content-Range" in headers else 200, headers, len(rest) if host.tells_length else None)
        cut = host.cuts.popleft() if host.cuts else len(rest)
        with contextlib.suppress(ConnectionError):
            self._send_pieces(path, rest[:cut])

    def _send_pieces(self, path: str, rest: bytes) -> None:
        host = self.models
        for start in range(0, len(rest), PIECE_BYTES):
            if path in host.held and start >= len(rest) // 2:
                self.wfile.flush()
                host.reached_middle.set()
                host.release.wait(60)
            self.wfile.write(rest[start : start + PIECE_BYTES])

    def log_message(self, format: str, *args: Any) -> None:
        pass
