"""Media that tests make themselves, and loopback servers that hand it out in well- and ill-behaved ways."""

from __future__ import annotations

import contextlib
import io
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np


def make_sweep(rate_hz: int, channels: int, seconds: float) -> np.ndarray:
    """Return [channels, samples] float32: a rising sweep under a little noise, different in each channel."""
    time = np.arange(int(rate_hz * seconds)) / rate_hz
    noise = np.random.default_rng(7).standard_normal((channels, len(time)))
    sweeps = [np.sin(2 * np.pi * (150 + 40 * channel + 20 * time) * time) for channel in range(channels)]
    return (0.4 * np.stack(sweeps) + 0.02 * noise).astype(np.float32)


def write_media(
    target: Any,
    container: str,
    codec: str,
    *,
    rate_hz: int = 44100,
    channels: int = 2,
    seconds: float = 12,
    video: bool = False,
    options: tuple[tuple[str, str], ...] = (),
) -> None:
    """Encode a sweep, with a small picture when `video`, into a file or a file-like object."""
    sweep = make_sweep(rate_hz, channels, seconds)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    step = rate_hz // 25
    with av.open(target, "w", format=container, options=dict(options)) as output:
        picture: Any = output.add_stream("libx264", rate=25, width=64, height=64, pix_fmt="yuv420p") if video else None
        sound: Any = output.add_stream(codec, rate=rate_hz, layout=layout)
        if codec == "aac":
            sound.options = {"aac_pns": "0"}  # else the decoder fills noise bands with random numbers
        if codec == "vorbis":
            sound.codec_context.options = {"strict": "experimental"}
        resampler = av.AudioResampler(format=sound.format, layout=layout, rate=rate_hz)
        for start in range(0, sweep.shape[1], step):
            if picture is not None:
                image = av.VideoFrame.from_ndarray(np.full((64, 64, 3), start // step % 255, np.uint8))
                image.pts, image.time_base = start // step, Fraction(1, 25)
                output.mux(picture.encode(image))
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sweep[:, start : start + step]), format="fltp", layout=layout
            )
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
            for converted in resampler.resample(frame):
                output.mux(sound.encode(converted))
        for stream in (picture, sound):
            if stream is not None:
                output.mux(stream.encode(None))


@lru_cache
def make_media(container: str, codec: str, **settings: Any) -> bytes:
    """Return a file of `write_media`, made once."""
    buffer = io.BytesIO()
    write_media(buffer, container, codec, **settings)
    return buffer.getvalue()


def decode_whole(data: bytes) -> tuple[np.ndarray, int]:
    """Return every sample of the file, [channels, samples] float32, and the sample rate."""
    frames: list[np.ndarray] = []
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.audio[0]
        for frame in container.decode(stream):
            samples = frame.to_ndarray()
            if not frame.format.is_planar:
                samples = samples.reshape(-1, frame.layout.nb_channels).T
            if samples.dtype.kind != "f":
                offset, scale = (128, 128) if samples.dtype == np.uint8 else (0, 2.0 ** (8 * samples.itemsize - 1))
                samples = (samples.astype(np.float64) - offset) / scale
            frames.append(samples.astype(np.float32))
        return np.concatenate(frames, axis=1), stream.rate


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
