"""Read a table of jobs, CSV or JSON lines: one row a job, its columns are the inputs to set."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from ..errors import UsageError, ValidationError
from ..texts.kind import name_kind
from ..texts.read import Note, decode_text

MAX_FIELD_CHARACTERS = 16 << 20
PROBLEMS_TOLD = 20
ROWS_TOLD = 5

CSV_ENDINGS = frozenset({".csv", ".tsv"})
DELIMITERS = ",;\t"
"""What may stand between cells: spreadsheets write semicolons where a comma is part of numbers."""

JSON_ENDINGS = frozenset({".jsonl", ".ndjson"})


@dataclass(frozen=True)
class Row:
    """One job: texts by the name of the column. Cells without a value are left out: `empty` names their columns.

    `number` counts the rows from 1, `line` is where the row begins in the file.
    """

    number: int
    line: int
    values: dict[str, str]
    empty: frozenset[str] = field(default=frozenset(), compare=False)


class Problems:
    """Collects what is wrong with rows, the same words once for all rows that they are true of."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, int | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, text: str, row: int, line: int | None = None) -> None:
        """Note what is wrong with a row."""
        for part in text.splitlines():
            self._rows.setdefault(part, {})[row] = line

    def describe(self) -> str:
        """Return one line a problem, no more than a person reads."""
        lines = [f"{_name_rows(rows)}: {text}" for text, rows in self._rows.items()]
        more = len(lines) - PROBLEMS_TOLD
        return "\n".join([*lines[:PROBLEMS_TOLD], *([f"And {more} more problems."] if more > 0 else [])])

    def require_none(self) -> None:
        """Raise ValidationError with all that was noted, when something was."""
        if self:
            raise ValidationError(self.describe())


def read_table(path: Path, problems: Problems, note: Note) -> list[Row]:
    """Return the table's rows, and note every row that is no row, or not a whole one.

    Raises UsageError when the file can't be read as text, ValidationError when it holds no rows.
    """
    text = _read_text(path, note)
    rows = list(_read_csv(text, problems) if path.suffix.lower() in CSV_ENDINGS else _read_json_lines(text, problems))
    if not rows:
        problems.require_none()
        raise ValidationError(f"The table {path} holds no rows: write one job a line.")
    return rows


def _read_text(path: Path, note: Note) -> str:
    if path.suffix.lower() not in CSV_ENDINGS | JSON_ENDINGS:
        raise UsageError(f"The table {path} is neither .csv nor .jsonl: give it the ending of what it holds.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The table {path} can't be read: {error.strerror}.") from error
    if kind := name_kind(content):
        raise UsageError(f"The table {path} is {kind}: save it as CSV UTF-8.")
    return decode_text(content, f"The table {path}", note)


def _read_csv(text: str, problems: Problems) -> Iterator[Row]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    first_line = text.lstrip().partition("\n")[0]
    delimiter = next((mark for mark in DELIMITERS if mark in first_line), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    number, end = 0, 0
    try:
        for cells in reader:
            line, end = end + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _check_header([cell.strip() for cell in cells])
                continue
            number += 1
            if len(cells) != len(header):
                plural = "s" * (len(cells) != 1)
                problems.add(f"it has {len(cells)} cell{plural}; the header has {len(header)}.", number, line)
            filled = (cell if cell.strip() else None for cell in cells)
            yield _make_row(number, line, dict(zip(header, filled, strict=False)))
    except csv.Error as error:
        problems.add(f"it is no CSV: {error}.", number + 1, end + 1)


def _make_row(number: int, line: int, cells: Mapping[str, str | None]) -> Row:
    filled = {name: cell for name, cell in cells.items() if cell is not None}
    return Row(number, line, filled, frozenset(cells.keys() - filled.keys()))


def _check_header(names: list[str]) -> list[str]:
    """Return the names. Raises ValidationError for one that is empty or there twice."""
    if "" in names:
        raise ValidationError(f"Column {names.index('') + 1} of the table has no name: name the input that it sets.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValidationError(f"The table has the column {twice[0]!r} more than once: keep one.")
    return names


def _read_json_lines(text: str, problems: Problems) -> Iterator[Row]:
    number = 0
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        number += 1
        try:
            yield _make_row(number, line, dict(_read_object(content)))
        except ValueError as error:
            problems.add(f"{error}.", number, line)


def _read_object(content: str) -> Iterator[tuple[str, str | None]]:
    """Yield name and text of each value in a JSON object; null has no text.

    Raises ValueError when it is no object that sets inputs.
    """
    try:
        row = json.loads(content, object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error}") from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(row, dict):
        raise ValueError(f"it is no JSON object: {content.strip()[:60]}")
    for name, value in row.items():
        if isinstance(value, dict | list):
            raise ValueError(f"{name} holds {json.dumps(value)[:60]}: a text, a number, true, false or null is needed")
        yield name, value if value is None or isinstance(value, str) else json.dumps(value)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise ValueError(f"it has {twice[0]!r} more than once")
    return dict(pairs)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that JSON has")


def _name_rows(rows: dict[int, int | None]) -> str:
    """Return the rows as the subject of a sentence: `row 3 (line 5)`, or `rows 3, 4 and 9`."""
    if len(rows) == 1:
        row, line = next(iter(rows.items()))
        return f"row {row}" + (f" (line {line})" if line is not None else "")
    names = [str(row) for row in sorted(rows)]
    told, more = names[:ROWS_TOLD], len(names) - ROWS_TOLD
    return f"rows {', '.join(told)} and {more} more" if more > 0 else f"rows {_join(told)}"


def _join(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
