"""Read the first sheet of an Excel workbook as lines of texts, as its cells are meant."""

from __future__ import annotations

import datetime
import io
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError

ERROR_TYPE = "e"
"""What openpyxl calls a cell whose formula failed: it holds a text such as #N/A."""


Line = tuple[int, Sequence[str | None]]
"""Where a line of a table begins in its file, counted from 1, and its cells."""


def read_workbook(path: Path, content: bytes) -> list[Line]:
    """Return the lines of the first sheet that is shown; a cell without a value is None.

    `path` names it in errors. Raises UsageError when it is damaged, when a formula in it failed, or when openpyxl isn't
    installed.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise UsageError(
            f"Reading {path} needs openpyxl, which isn't installed: `{sys.executable} -m pip install openpyxl`. "
            "Or save the table as CSV UTF-8."
        ) from error
    try:
        with warnings.catch_warnings(action="ignore"):  # of styles and rules that are lost; only values are read
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            return _level(list(_read_sheet(path, visible[0])))
    except (zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, IndexError) as error:
        raise UsageError(f"The table {path} is a damaged Excel workbook ({error}): save it once more.") from error


def _read_sheet(path: Path, sheet: Any) -> Iterator[Line]:
    sheet.reset_dimensions()  # Programs other than Excel may write wrong ones, and rows would be left out.
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        for cell in cells:
            if getattr(cell, "data_type", "") == ERROR_TYPE:
                raise UsageError(f"The table {path} has {cell.value} in {cell.coordinate}: mend its formula.")
        yield line, [_format_value(cell.value) for cell in cells]


def _level(lines: list[Line]) -> list[Line]:
    """Return the lines, each with as many cells as the longest: a sheet doesn't hold those that end a row empty."""
    width = max((len(cells) for _, cells in lines), default=0)
    return [(line, [*cells, *[None] * (width - len(cells))]) for line, cells in lines]


def _format_value(value: Any) -> str | None:
    """Return the text that a person would type for the value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return None if value is None else str(value)
