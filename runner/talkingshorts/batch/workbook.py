"""Read the first sheet of an Excel workbook as lines of texts, as its cells are meant."""

from __future__ import annotations

import datetime
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import UsageError

ERROR_TYPE = "e"
"""What openpyxl calls a cell whose formula failed: it holds a text such as #N/A."""


def read_workbook(path: Path, content: bytes) -> list[tuple[int, list[str | None]]]:
    """Return the lines of the first sheet, each with its number from 1; a cell without a value is None.

    `path` names it in errors. Raises UsageError when it is damaged, when a formula in it failed, or when openpyxl isn't
    installed.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise UsageError(
            f"Reading {path} needs openpyxl, which isn't installed: `pip install 'talkingshorts[xlsx]'`. "
            "Or save the table as CSV UTF-8."
        ) from error
    try:
        with warnings.catch_warnings(action="ignore"):  # of styles and rules that are lost; only values are read
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            return list(_read_sheet(path, book.worksheets[0]))
    except (zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, IndexError) as error:
        raise UsageError(f"The table {path} is a damaged Excel workbook ({error}): save it once more.") from error


def _read_sheet(path: Path, sheet: Any) -> Iterator[tuple[int, list[str | None]]]:
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        for cell in cells:
            if getattr(cell, "data_type", "") == ERROR_TYPE:
                raise UsageError(f"The table {path} has {cell.value} in {cell.coordinate}: mend its formula.")
        yield line, [_format_value(cell.value) for cell in cells]


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
