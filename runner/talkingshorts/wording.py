"""Words that several messages share, and the names that options have where the reader gives them."""

from __future__ import annotations

import contextlib
import difflib
import enum
import re
from collections.abc import Iterable, Iterator
from contextvars import ContextVar


class Surface(enum.Enum):
    """Where a short is asked for. Each place writes the same options in its own way."""

    COMMAND_LINE = enum.auto()
    MAKE = enum.auto()
    JSON = enum.auto()


SWITCHES = frozenset({"landscape", "voice_rights"})
"""The options that are only on or off."""

SHORT_NAMES = {"output": ("-o", "OUT")}
"""The options that aren't called alike on the command line and in `make`."""

_surface: ContextVar[Surface] = ContextVar("surface", default=Surface.COMMAND_LINE)


@contextlib.contextmanager
def speaking_to(surface: Surface) -> Iterator[None]:
    """Let the messages of this block name options as they are written there."""
    token = _surface.set(surface)
    try:
        yield
    finally:
        _surface.reset(token)


def name_option(name: str, value: str = "") -> str:
    """Return an option of a short, set to `value` if one is given, as the reader writes it.

    `name_option("quality", "fast")` is `--quality fast`, `QUALITY=fast` or `"quality": "fast"`.
    """
    flag, variable = SHORT_NAMES.get(name, (f"--{name.replace('_', '-')}", name.upper()))
    match _surface.get():
        case Surface.COMMAND_LINE:
            return f"{flag} {value}".rstrip()
        case Surface.MAKE:
            given = value or "1" * (name in SWITCHES)
            return f"{variable}={given}" if given else variable
        case Surface.JSON:
            given = f'"{value}"' if value else "true" * (name in SWITCHES)
            return f'"{name}": {given}' if given else name


def name_help(program: str) -> str:
    """Return the command that shows what a program takes."""
    return "make help" if _surface.get() is Surface.MAKE else f"{program} --help"


def rename_options(message: str) -> str:
    """Return a message that names options as the command line does, with their names where the reader gives them."""
    if _surface.get() is Surface.COMMAND_LINE:
        return message
    return re.sub(r"(?:-\w/)?--([a-z]+(?:-[a-z]+)*)", lambda match: name_option(match[1].replace("-", "_")), message)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `: did you mean X?`, or `.` when nothing known is close to `word`."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)
    return f": did you mean {' or '.join(by_lower[name] for name in close)}?" if close else "."
