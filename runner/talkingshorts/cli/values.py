"""How a command line writes what an input is set to: ADDRESS=VALUE, and the notation of values."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import UsageError
from ..home import expand_home
from ..texts.notation import read_at_file, read_words
from ..texts.read import read_text_stream
from .answers import print_note


class ValueReader:
    """Reads the text behind a value as the user wrote it: `@file`, `-` (stdin), `{env:NAME}`, or the text itself.

    `@@` stands for one `@`. A final line end in a file or in stdin is dropped.

    Only who typed the value may have files and variables read with it: what any other caller sends is plain text.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._stdin_is_read = False

    def read(self, value: str) -> str:
        """Return the text. Raises UsageError when the file, stdin or the variable gives none."""
        text = self._look_up(value)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"The value {text[:80]!r} isn't UTF-8 text.") from error
        return text

    def read_words(self, value: str) -> str:
        """Return the text that is to be said; a bare name of a text file stands for what is in it.

        Raises UsageError as `read` does, and for the name of a file that isn't there.
        """
        text = self.read(value)
        return read_words(text, locate, print_note) if text == value else text

    def _look_up(self, value: str) -> str:
        if value == "-":
            return self._read_stdin()
        if value.startswith("@@"):
            return value[1:]
        if value.startswith("@"):
            return read_at_file(value, locate, print_note)
        if match := re.fullmatch(r"\{env:([^{}]+)\}", value):
            if match[1] not in self._environment:
                raise UsageError(f"The environment variable {match[1]} isn't set.")
            return self._environment[match[1]]
        return value

    def _read_stdin(self) -> str:
        if self._stdin_is_read:
            raise UsageError("Only one value can be read from stdin (-).")
        self._stdin_is_read = True
        try:
            return read_text_stream(sys.stdin.buffer, "The text on stdin", print_note)
        except OSError as error:
            raise UsageError(f"The text on stdin can't be read: {error.strerror}.") from error


def locate(name: str) -> Path:
    """Return the path that a person means."""
    return Path(expand_home(name))


def split_assignment(text: str) -> tuple[str, str]:
    """Return address and value of `ADDRESS=VALUE`. Raises UsageError when there is no `=` or no address."""
    address, sign, value = text.partition("=")
    if not sign or not address:
        raise UsageError(f"{text!r} isn't of the form ADDRESS=VALUE.")
    return address, value
