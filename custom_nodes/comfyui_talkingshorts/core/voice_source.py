"""What a voice source says: nothing, a web address or a file name; and which piece of it is wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError, SourceError

MAX_START_SECONDS = 360_000.0
MAX_DURATION_SECONDS = 600.0
MAX_URL_CHARACTERS = 4096


@dataclass(frozen=True)
class Piece:
    """The part of a source that is wanted. Raises InputError when it can't exist."""

    start_seconds: float
    duration_seconds: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_seconds <= MAX_START_SECONDS:
            raise InputError(f"start_seconds is {self.start_seconds}: give 0 to {MAX_START_SECONDS:g}.")
        if not 0 < self.duration_seconds <= MAX_DURATION_SECONDS:
            raise InputError(
                f"duration_seconds is {self.duration_seconds}: give more than 0 and at most {MAX_DURATION_SECONDS:g}."
            )


@dataclass(frozen=True)
class WebSource:
    """A page or a media file on the web, at an http or https address."""

    url: str


@dataclass(frozen=True)
class FileName:
    """The name of a file in ComfyUI's input folder, as the user wrote it."""

    name: str


@dataclass(frozen=True)
class FileSource:
    """A media file on this machine."""

    path: Path


def parse_voice_source(text: str) -> WebSource | FileName | None:
    """Return what `text` names, or None when it is blank. Raises SourceError for an address that can't be used."""
    source = text.strip()
    if not source:
        return None
    scheme = re.match(r"([a-z][a-z0-9+.-]*)://", source, re.IGNORECASE)
    if scheme is None:
        return FileName(source)
    shown = format_address(source)
    if scheme[1].lower() not in ("http", "https"):
        raise SourceError(f"{shown} is a {scheme[1].lower()} address. Give one that starts with https:// or http://.")
    if len(source) > MAX_URL_CHARACTERS:
        raise SourceError(f"The address {shown} is {len(source)} characters long: the most is {MAX_URL_CHARACTERS}.")
    if re.search(r"[\s\x00-\x1f\x7f\\]", source):
        raise SourceError(f"The address {shown} holds spaces, backslashes or control characters. Copy it again.")
    if re.match(r"[^:]+://[^/?#]*@", source):
        raise SourceError("The address holds a user name or password. Give it without; cookies go into a cookies.txt.")
    if not _names_a_server(source):
        raise SourceError(f"The address {shown} names no server. Copy it again.")
    return WebSource(source)


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
