"""Fetch a voice from YouTube, from any other site that yt-dlp knows, or from a plain media address.

Import this module only where it is used: it loads yt-dlp.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any, BinaryIO, cast

from yt_dlp.downloader.dash import DashSegmentsFD
from yt_dlp.downloader.hls import HlsFD
from yt_dlp.downloader.http import HttpFD
from yt_dlp.networking import Request, Response
from yt_dlp.utils import DownloadError, YoutubeDLError

from ...core.errors import SourceError
from ...core.link import LinkTime
from ...core.progress import OnProgress
from ...core.sound import Sound
from ...core.voice_source import Piece, limit_piece, shorten
from ..files.temporary import TemporaryFolder
from .cache import Voice
from .clip import cut_where_possible
from .guarded_http import MAX_FETCH_SECONDS, Allowance, GuardedYoutubeDL
from .ranged_reader import RangedReader, RangesNotServedError
from .youtube_errors import (
    COOKIES,
    LIVE_MESSAGE,
    PLAYLIST_MESSAGE,
    SOCKET_TIMEOUT_SECONDS,
    UPCOMING_MESSAGE,
    UPGRADE_REMEDY,
    make_source_error,
)

MAX_DOWNLOAD_MB = "TALKINGSHORTS_MAX_DOWNLOAD_MB"
MAX_SOURCE_SECONDS = "TALKINGSHORTS_MAX_SOURCE_SECONDS"

# What all pages, scripts and playlists on the way to the sound may take beside it.
MAX_PAGES_BYTES = 64 << 20

# Downloaders that fetch through the guarded connection. yt-dlp's others start programs or open sockets of their own.
DOWNLOADERS = {
    "http": HttpFD,
    "https": HttpFD,
    "m3u8": HlsFD,
    "m3u8_native": HlsFD,
    "http_dash_segments": DashSegmentsFD,
}
PLAIN_PROTOCOLS = ("http", "https")

# What yt-dlp lets through from a page or a stream that isn't as it expects.
STUMBLES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)

# How yt-dlp's extractors hand options to each other, in what looks like an address's fragment.
SMUGGLED_OPTIONS = "__youtubedl_smuggle"

# Sites that yt-dlp reads by running a program, phantomjs, on their pages: it would fetch past the guard.
PROGRAM_RUNNERS = ("douyu.*", "iqiyi", "iq[.]com.*", "pornhub.*")


def fetch_clip(url: str, piece: Piece, on_progress: OnProgress) -> Voice:
    """Return the piece, at the source's own rate and channels, and the title of the source.

    A piece that may move starts where a clip of the site's users does, or earlier in a short source.

    Only the wanted part is fetched when the server can send ranges; else the whole file, up to a limit.
    `on_progress(done, total)` counts samples, or bytes while a whole file is fetched, and may raise to stop; it is
    called at least once a request. Raises SourceError when the source can't be found, fetched, read or cut.
    """
    latest = (0, 1)

    def report(done: int, total: int) -> None:
        nonlocal latest
        latest = (done, total)
        on_progress(done, total)

    if SMUGGLED_OPTIONS in url:
        raise SourceError("The address holds options for yt-dlp. Give it as the browser shows it.")
    log = _Log()
    try:
        with GuardedYoutubeDL(_make_options(log), lambda: on_progress(*latest), _make_allowance()) as ydl:
            info = _resolve(ydl, url)
            sound, cut = _cut_from_web(ydl, info, _move_to_clip(piece, info), report, log)
            return Voice(sound, cut.start_seconds, _pick_title(info))
    except YoutubeDLError as error:
        raise make_source_error(error, url, log.complaints) from error


def _make_allowance() -> Allowance:
    max_bytes = (_read_limit(MAX_DOWNLOAD_MB, 500) << 20) + MAX_PAGES_BYTES
    return Allowance(max_bytes, _read_limit(MAX_FETCH_SECONDS, 3600))


def _make_options(log: _Log) -> dict[str, Any]:
    return {
        "format": _select_format,
        "noplaylist": True,
        "extract_flat": "in_playlist",
        "playlist_items": "1",
        "check_formats": False,
        "cachedir": False,
        "cookiefile": _read_cookies(),
        "allowed_extractors": ["default", *(f"-{name}" for name in PROGRAM_RUNNERS)],
        "js_runtimes": {"deno": _find_deno()},
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "retries": 2,
        "fragment_retries": 2,
        "skip_unavailable_fragments": False,
        "color": "never",
        "quiet": True,
        "noprogress": True,
        "logger": log,
    }


def _select_format(choices: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the best format with sound: a plain file first, then one without video. yt-dlp lists the best last."""
    usable = [
        (form["protocol"] in PLAIN_PROTOCOLS, form.get("vcodec") == "none", index)
        for index, form in enumerate(choices["formats"])
        if form.get("acodec") != "none" and not form.get("has_drm") and form["protocol"] in DOWNLOADERS
    ]
    if usable:
        yield choices["formats"][max(usable)[-1]]


def _resolve(ydl: GuardedYoutubeDL, url: str) -> dict[str, Any]:
    """Return yt-dlp's description of one finished video, with the chosen format's url, headers and protocol."""
    with _explaining_stumbles():
        info: Any = ydl.extract_info(url, download=False)
    if info.get("_type", "video") != "video":
        raise SourceError(PLAYLIST_MESSAGE)
    if info.get("live_status") == "is_upcoming":
        raise SourceError(UPCOMING_MESSAGE)
    if info.get("is_live") or info.get("live_status") in ("is_live", "post_live"):
        raise SourceError(LIVE_MESSAGE)
    return info


@contextmanager
def _explaining_stumbles() -> Iterator[None]:
    """Turn what yt-dlp raises over pages and streams that aren't as it expects into a SourceError."""
    try:
        yield
    except STUMBLES as error:
        raise SourceError(
            f"yt-dlp fails on this source ({type(error).__name__}: {shorten(str(error))}). {UPGRADE_REMEDY}"
        ) from error
    except OSError as error:
        raise SourceError(
            f"The sound can't be kept in {gettempdir()} while it is fetched: {error.strerror or error}."
            " Make room there, or set TMPDIR."
        ) from error


def _cut_from_web(
    ydl: GuardedYoutubeDL, info: dict[str, Any], piece: Piece, on_progress: OnProgress, log: _Log
) -> tuple[Sound, Piece]:
    max_bytes = _read_limit(MAX_DOWNLOAD_MB, 500) << 20

    def open_range(byte_range: str) -> Response:
        headers = {**info.get("http_headers", {}), "Accept-Encoding": "identity", "Range": byte_range}
        return ydl.urlopen(Request(info["url"], headers=headers))

    if info["protocol"] in PLAIN_PROTOCOLS:
        try:
            reader = RangedReader(open_range, max_bytes)
        except RangesNotServedError:
            pass
        else:
            return cut_where_possible(cast(BinaryIO, reader), piece, on_progress, is_near=False)
    with ExitStack() as stack:
        with _explaining_stumbles():
            path = stack.enter_context(TemporaryFolder()).path / "voice"
            _download(ydl, info, path, max_bytes, on_progress, log)
        with path.open("rb") as media:
            return cut_where_possible(media, piece, on_progress)


def _download(
    ydl: GuardedYoutubeDL, info: dict[str, Any], path: Path, max_bytes: int, on_progress: OnProgress, log: _Log
) -> None:
    """Fetch the whole source with yt-dlp's own downloader."""
    max_seconds = _read_limit(MAX_SOURCE_SECONDS, 6 * 3600)
    if (info.get("duration") or 0) > max_seconds:
        raise SourceError(
            f"The source is {info['duration']:.0f} s long and can only be fetched as a whole."
            f" The most is {max_seconds} s. Give a shorter one, or raise {MAX_SOURCE_SECONDS}."
        )

    def check_size(state: dict[str, Any]) -> None:
        done = state.get("downloaded_bytes") or 0
        total = state.get("total_bytes") or 0
        if max(done, total) > max_bytes:
            raise SourceError(
                f"The source can only be fetched as a whole, and is larger than {max_bytes >> 20} MB."
                f" Give a smaller one, or raise {MAX_DOWNLOAD_MB}."
            )
        on_progress(done, int(max(done, total or state.get("total_bytes_estimate") or 0, 1)))

    info = {key: value for key, value in info.items() if key not in ("section_start", "section_end")}
    if DOWNLOADERS[info["protocol"]] is HlsFD:
        info |= _read_playlist(ydl, info)
    downloader = DOWNLOADERS[info["protocol"]](ydl, ydl.params)
    downloader.add_progress_hook(check_size)
    if not downloader.download(str(path), info)[0] or not path.is_file():
        raise DownloadError(log.complaints[-1] if log.complaints else "the download failed")


def _read_playlist(ydl: GuardedYoutubeDL, info: dict[str, Any]) -> dict[str, str]:
    """Return the HLS playlist for the downloader, which would hand one that it can't decrypt to an ffmpeg program."""
    with ydl.urlopen(Request(info["url"], headers=info.get("http_headers", {}))) as answer:
        playlist = answer.read().decode("utf-8", "ignore")
    if not HlsFD.can_download(playlist, cast(Any, info)):
        raise SourceError("The stream is live or encrypted and can't be fetched. Give another source.")
    return {"url": answer.url, "hls_media_playlist_data": playlist}


def _move_to_clip(piece: Piece, info: dict[str, Any]) -> Piece:
    """Return the piece at the start of a clip, which is a link to a part of a video; yt-dlp tells which part."""
    start_seconds, end_seconds = info.get("section_start"), info.get("section_end")
    if not piece.may_move or start_seconds is None:
        return piece
    return limit_piece(piece, LinkTime(float(start_seconds), float(end_seconds) if end_seconds else None))


def _pick_title(info: dict[str, Any]) -> str:
    return shorten(str(info.get("title") or info.get("id") or ""), 200)


def _read_limit(variable: str, default: int) -> int:
    """Return a limit from the environment. Raises SourceError when it isn't a positive whole number."""
    value = os.environ.get(variable) or str(default)
    if not re.fullmatch(r"[1-9]\d{0,11}", value):
        raise SourceError(f"{variable} is {value!r}: set it to a whole number above 0.")
    return int(value)


def _read_cookies() -> io.StringIO | None:
    """Return the user's cookies as a stream, since yt-dlp writes to a file that it is given."""
    path = os.environ.get(COOKIES)
    if not path:
        return None
    try:
        return io.StringIO(Path(os.path.expanduser(path)).read_text(encoding="utf-8-sig"))  # noqa: PTH111 (a Path raises)
    except UnicodeError as error:
        raise SourceError(f"{COOKIES} names {path!r}, which isn't plain text: export the cookies.txt again.") from error
    except OSError as error:
        raise SourceError(f"{COOKIES} names {path!r}, which can't be read: {error}. Correct or unset it.") from error


def _find_deno() -> dict[str, str]:
    """Return where the deno package put the program that solves YouTube's challenges; {} lets yt-dlp search PATH."""
    try:
        from deno import find_deno_bin

        return {"path": find_deno_bin()}
    except (ImportError, FileNotFoundError):
        return {}


class _Log:
    """Keeps yt-dlp's complaints, and the console clean."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def debug(self, message: str) -> None:
        """yt-dlp sends its ordinary messages here too."""

    def warning(self, message: str) -> None:
        self.complaints.append(message)

    def error(self, message: str) -> None:
        self.complaints.append(message)
