"""How a person names a file where a text is asked for: as `@FILE`, or by its bare name, which nobody wants said."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from ..errors import UsageError
from .read import Note, read_text_file

Locate = Callable[[str], Path]
"""Returns the path that a name stands for."""

TEXT_FILE_NAME = re.compile(r"[^\n]{0,250}\S\.(txt|text|md|srt|vtt|rtf|docx?|odt|pages|pdf|html?)", re.IGNORECASE)

TOLD_CHARACTERS = 60


def read_at_file(value: str, locate: Locate, note: Note) -> str:
    """Return the text in the file that `@FILE` names. Raises UsageError when it can't be read, or is no text."""
    path = locate(value[1:])
    try:
        return read_text_file(path, note)
    except UsageError as error:
        if os.path.exists(path):  # noqa: PTH110 (a Path raises for a name that is too long)
            raise
        told = value if len(value) <= TOLD_CHARACTERS else f"{value[:TOLD_CHARACTERS]}..."
        raise UsageError(f"{error} If these are the words themselves, write @@: @{told}") from error


def read_words(text: str, locate: Locate, note: Note) -> str:
    """Return the words to say. A text that is nothing but the name of a text file stands for what is in the file.

    Raises UsageError when there is no such file, or it is no text.
    """
    name = text.strip()
    if not TEXT_FILE_NAME.fullmatch(name):
        return text
    path = locate(name)
    if is_there(path):
        note(f"{name} is a file: what is in it is said, as with @{name}.")
        return read_text_file(path, note)
    if " " in name:
        return text
    raise UsageError(
        f"There is no file {path}, and its name alone is nothing to say. @FILE stands for what a file holds."
    )


def is_there(path: Path) -> bool:
    """Tell whether a file has this path, also where no file can have it."""
    return os.path.isfile(path)  # noqa: PTH113 (a Path raises for a name that is too long)
