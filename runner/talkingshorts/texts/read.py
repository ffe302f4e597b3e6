"""Texts for inputs, out of files and streams: whole, and of a size that a person can have written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..errors import UsageError
from .encoding import decode
from .kind import name_kind

MAX_TEXT_BYTES = 16 << 20

Note = Callable[[str], object]
"""Tells whoever wrote it what was assumed about a text."""


def read_text_file(path: Path, note: Note) -> str:
    """Return the file's text without byte order mark and final line end.

    Raises UsageError when it can't be read, or is no text.
    """
    try:
        with path.open("rb") as file:
            return read_text_stream(file, f"The file {path}", note)
    except OSError as error:
        raise UsageError(f"The file {path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        # A table may hold a name that no file can have.
        raise UsageError(f"The file {str(path)!r} can't be read: {error}.") from error


def read_text_stream(stream: BinaryIO, name: str, note: Note) -> str:
    """Return the stream's text without byte order mark and final line end. `name` begins the sentence of an error.

    Raises UsageError when it is too long or no text, OSError when it can't be read.
    """
    content = stream.read(MAX_TEXT_BYTES + 1)
    if len(content) > MAX_TEXT_BYTES:
        raise UsageError(f"{name} is over {MAX_TEXT_BYTES >> 20} MB: that is too long for an input.")
    if kind := name_kind(content):
        raise UsageError(f"{name} is {kind}: save its words as plain text (.txt, in UTF-8), and name that file.")
    return decode_text(content, name, note).removesuffix("\n").removesuffix("\r")


def decode_text(content: bytes, name: str, note: Note) -> str:
    """Return the text without byte order mark. `name` begins the sentences of the error and of what is assumed.

    Raises UsageError when it is no text.
    """
    decoded = decode(content)
    if decoded is None:
        raise UsageError(
            f"{name} isn't text that can be read. If it should be, save it in UTF-8 "
            "(Notepad: Save as, Encoding: UTF-8. TextEdit: Make Plain Text, then save as Unicode (UTF-8))."
        )
    text, guess = decoded
    if guess:
        note(f"{name} isn't in UTF-8; it is read as {guess}. If letters come out wrong, save it in UTF-8.")
    return text
