"""What a voice source says: nothing, a web address or a file name; and which piece of it is wanted."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError, SourceError
from .link import LinkTime, find_link, read_link_time, unwrap_link
from .null_text import drop_null

MAX_START_SECONDS = 360_000.0
MAX_DURATION_SECONDS = 600.0
MAX_URL_CHARACTERS = 4096

DEFAULT_START_SECONDS = 40.0
"""Most videos have begun to talk by then. A graph can't tell it from a start that somebody chose."""

_ADDRESS = re.compile(r"https?://[^\s<>\"'“”„»«]+", re.IGNORECASE)
_BROWSERS_OWN = re.compile(r"blob:|data:[\w.+-]+/[\w.+-]+[;,]|view-source:|chrome://|about:", re.IGNORECASE)


@dataclass(frozen=True)
class Piece:
    """The part of a source that is wanted; one that nobody chose gives way (`may_move`) where the source ends before.

    Raises InputError when it can't exist.
    """

    start_seconds: float
    duration_seconds: float
    may_move: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.start_seconds <= MAX_START_SECONDS:
            raise InputError(f"start_seconds is {self.start_seconds}: give 0 to {MAX_START_SECONDS:g}.")
        if not 0 < self.duration_seconds <= MAX_DURATION_SECONDS:
            raise InputError(
                f"duration_seconds is {self.duration_seconds}: give more than 0 and at most {MAX_DURATION_SECONDS:g}."
            )


@dataclass(frozen=True)
class WebSource:
    """A page or a media file on the web, at an http or https address, which may carry a time."""

    url: str

    @property
    def time(self) -> LinkTime | None:
        return read_link_time(self.url)


@dataclass(frozen=True)
class FileName:
    """The name of a file in ComfyUI's input folder, as the user wrote it; where no such file is, it may be a link."""

    name: str
    link: WebSource | None = None


@dataclass(frozen=True)
class FileSource:
    """A media file on this machine."""

    path: Path


def parse_voice_source(text: str) -> WebSource | FileName | None:
    """Return what `text` names, or None when it is blank; of words that hold one address, that.

    Raises SourceError for an address that can't be used, and for words that hold several.
    """
    source = unwrap_link(drop_null(text))
    if not source:
        return None
    if _BROWSERS_OWN.match(source):
        raise SourceError(
            f"{shorten(source, 60)} is an address inside a browser. Download what it shows, upload the file to "
            "ComfyUI, and give its name."
        )
    scheme = re.match(r"([a-z][a-z0-9+.-]*)://", source, re.IGNORECASE)
    if scheme is None:
        link = find_link(source)
        return _find_shared_address(source) or FileName(source, _parse_address(link, "https") if link else None)
    return _parse_address(source, scheme[1].lower())


def choose_piece(source: WebSource | FileSource, start_seconds: float, duration_seconds: float) -> Piece:
    """Return the piece to take: a link's own time counts where the start is the one that nobody chose.

    A file is cut where it is said: whoever has it knows how long it is. Raises InputError when it can't exist.
    """
    if start_seconds != DEFAULT_START_SECONDS or isinstance(source, FileSource):
        return Piece(start_seconds, duration_seconds)
    return limit_piece(Piece(start_seconds, duration_seconds, may_move=True), source.time)


def limit_piece(piece: Piece, time: LinkTime | None) -> Piece:
    """Return the piece from a link's start on, and no longer than up to its end, if it says one."""
    if time is None:
        return piece
    lasting_seconds = (time.end_seconds or math.inf) - time.start_seconds
    return Piece(time.start_seconds, min(piece.duration_seconds, lasting_seconds), may_move=True)


def _parse_address(source: str, scheme: str) -> WebSource:
    shown = format_address(source)
    if scheme == "file":
        raise SourceError(
            f"{shown} is a file address, and no address on the web. Upload the file to ComfyUI and give its name, or "
            "give an address that starts with https:// or http://."
        )
    if scheme not in ("http", "https"):
        raise SourceError(f"The address {shown} can't be fetched. Give one that starts with https:// or http://.")
    if len(source) > MAX_URL_CHARACTERS:
        raise SourceError(f"The address {shown} is {len(source)} characters long: the most is {MAX_URL_CHARACTERS}.")
    if re.search(r"[\s\x00-\x1f\x7f\\]", source):
        raise SourceError(f"The address {shown} holds spaces, backslashes or control characters. Copy it again.")
    if re.match(r"[^:]+://[^/?#]*@", source):
        raise SourceError("The address holds a user name or password. Give it without; cookies go into a cookies.txt.")
    if not _names_a_server(source):
        raise SourceError(f"The address {shown} names no server. Copy it again.")
    return WebSource(_lower_server(source))


def _find_shared_address(words: str) -> WebSource | None:
    """Return the address in a text with other words, as phones share it. Raises SourceError for several."""
    addresses = list(dict.fromkeys(address.rstrip(".,;:!?)]}*_>") for address in _ADDRESS.findall(words)))
    if len(addresses) > 1:
        raise SourceError(f"{shorten(words)} holds {len(addresses)} addresses. Give one.")
    return _parse_address(addresses[0], "https") if addresses else None


def _lower_server(url: str) -> str:
    """Return the address with its server in small letters: a phone's keyboard begins with a large one."""
    return re.sub(r"^[^/]+//[^/?#]+", lambda server: server[0].lower(), url)


def _names_a_server(url: str) -> bool:
    host = re.match(r"https?://(\[[0-9a-f:.]+\]|[^/?#:\[\]]+)(:\d{1,5})?(?=[/?#]|$)", url, re.IGNORECASE)
    try:
        return host is not None and bool(host[1].encode("idna"))
    except UnicodeError:
        return False


def format_address(url: str) -> str:
    """Return the address, fit for an error message: of what may hold keys or passwords, only YouTube's v= stays."""
    bare = re.sub(r"//[^/?#]*@", "//", url)
    video = re.match(r"[^?#]*[?]v=[\w-]+", bare)
    return shorten(video[0] if video else re.split(r"[?#]", bare)[0])


def shorten(text: str, characters: int = 120) -> str:
    """Return `text` on one line, fit for an error message."""
    line = " ".join(text.split())
    return line if len(line) <= characters else f"{line[: characters - 3]}..."
