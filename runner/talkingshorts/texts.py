"""Texts for inputs, out of files and streams: whole, in UTF-8, and of a size that a person can have written."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from .errors import UsageError

MAX_TEXT_BYTES = 16 << 20


def read_text_file(path: Path) -> str:
    """Return the file's text without byte order mark and final line end.

    Raises UsageError when it can't be read, or is no text.
    """
    try:
        with path.open("rb") as file:
            return read_text_stream(file, f"The file {path}")
    except OSError as error:
        raise UsageError(f"The file {path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        # A table may hold a name that no file can have.
        raise UsageError(f"The file {str(path)!r} can't be read: {error}.") from error


def read_text_stream(stream: BinaryIO, name: str) -> str:
    """Return the stream's text without byte order mark and final line end. `name` begins the sentence of an error.

    Raises UsageError when it is too long or not in UTF-8, OSError when it can't be read.
    """
    content = stream.read(MAX_TEXT_BYTES + 1)
    if len(content) > MAX_TEXT_BYTES:
        raise UsageError(f"{name} is over {MAX_TEXT_BYTES >> 20} MB: that is no text for an input.")
    try:
        return content.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} isn't UTF-8 ({error}).") from error
