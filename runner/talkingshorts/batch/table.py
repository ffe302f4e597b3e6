"""Read a table of jobs, CSV, JSON or an Excel workbook: one row a job, its columns are the inputs to set."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from ..errors import UsageError, ValidationError
from ..texts.kind import WORKBOOK, name_kind
from ..texts.read import Note, decode_text
from ..workflow.document import API_GRAPH, CANVAS_GRAPH, name_document
from .workbook import Line, read_workbook

MAX_TABLE_BYTES = 256 << 20
MAX_FIELD_CHARACTERS = 16 << 20
PROBLEMS_TOLD = 20
ROWS_TOLD = 5

CSV_ENDINGS = frozenset({".csv", ".tsv", ".tab"})
DELIMITERS = ",;\t|"
"""What may stand between cells: spreadsheets write semicolons where a comma is part of numbers."""

SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)

JSON_ENDINGS = frozenset({".jsonl", ".ndjson", ".json"})
TABS_IN_FIRST_LINE = re.compile(r"\s*\S[^\n]*\t")
"""What Excel's Unicode text, a .txt, is known by."""

JSON_BEGINNING = re.compile(r'\s*(\[\s*)?\{\s*"')
LIST_OF_OBJECTS = re.compile(r"\s*\[\s*\{")
NEXT_MEMBER = re.compile(r"[^\s,\]]")
WORKBOOK_ENDINGS = frozenset({".xlsx", ".xlsm"})


@dataclass(frozen=True)
class Row:
    """One job: texts by the name of the column. Cells without a value are left out: `empty` names their columns.

    `number` counts the rows from 1, `line` is where the row begins in the file. `has_decimal_commas` tells that a
    number may be written as 1,5.
    """

    number: int
    line: int
    values: dict[str, str]
    empty: frozenset[str] = field(default=frozenset(), compare=False)
    has_decimal_commas: bool = field(default=False, compare=False)


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

    `note` is told what is assumed about its encoding. Raises UsageError when the file can't be read as a table,
    ValidationError when it holds no rows.
    """
    content = _read_content(path)
    kind = name_kind(content)
    if kind == WORKBOOK:
        rows = list(_make_rows(read_workbook(path, content), problems))
    elif kind or path.suffix.lower() in WORKBOOK_ENDINGS:
        raise UsageError(f"The file {path} is {kind or 'no Excel workbook'}. Save the table as CSV UTF-8, or as .xlsx.")
    else:
        rows = list(_read_text(path, decode_text(content, f"The table {path}", note), problems))
    if not rows:
        problems.require_none()
        raise ValidationError(f"The table {path} holds no rows: write one job a line.")
    return rows


def _read_text(path: Path, text: str, problems: Problems) -> Iterator[Row]:
    """Yield the rows of a text, read as its ending or its beginning says. Raises UsageError when neither does."""
    ending = path.suffix.lower()
    if ending in JSON_ENDINGS or JSON_BEGINNING.match(text):
        return _read_json(path, text, problems)
    if ending in CSV_ENDINGS or TABS_IN_FIRST_LINE.match(text):
        return _read_csv(text, problems)
    raise UsageError(f"The table {path} is neither .csv nor .jsonl nor .xlsx: give it the ending of what it is.")


def _read_content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"The table {path} can't be read: {error.strerror}.") from error
    if len(content) > MAX_TABLE_BYTES:
        raise UsageError(f"The table {path} is over {MAX_TABLE_BYTES >> 20} MB: that is too large for a table of jobs.")
    return content


def _read_csv(text: str, problems: Problems) -> Iterator[Row]:
    """Yield the rows. Excel's first line, `sep=;`, says what stands between cells; else the names' line shows it."""
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    told = SEPARATOR_LINE.match(text)
    first_line = text.lstrip().partition("\n")[0]
    delimiter = told[1] if told else next((mark for mark in DELIMITERS if mark in first_line), ",")
    lines = _split_csv(text[told.end() :] if told else text, delimiter, problems, skipped=1 if told else 0)
    return _make_rows(list(lines), problems, has_decimal_commas=delimiter != ",")


def _split_csv(text: str, delimiter: str, problems: Problems, skipped: int) -> Iterator[Line]:
    """Yield the lines, and note the row where the text ceases to be CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, end = -1, skipped
    try:
        for cells in reader:
            line, end = end + 1, skipped + reader.line_num
            rows += any(map(str.strip, cells))
            yield line, cells
    except csv.Error as error:
        problems.add(f"it isn't valid CSV: {error}. Within quotes, write a quote twice.", rows + 1, end + 1)


def _make_rows(lines: Iterable[Line], problems: Problems, has_decimal_commas: bool = False) -> Iterator[Row]:
    """Yield a row for each line behind the first, which names the columns. Lines without a text are no rows."""
    filled = [(line, list(map(_strip_empty, cells))) for line, cells in lines]
    (_, names), *rest = [(line, cells) for line, cells in filled if any(cells)] or [(0, [])]
    columns = _name_columns(names, [cells for _, cells in rest])
    width = max(columns, default=-1) + 1
    for number, (line, cells) in enumerate(rest, start=1):
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) != width:
            plural = "s" * (len(cells) != 1)
            remedy = " Put a text with commas in quotes." if len(cells) > width and not has_decimal_commas else ""
            problems.add(f"it has {len(cells)} cell{plural}; the header has {width}.{remedy}", number, line)
        row = {name: cells[place] for place, name in columns.items() if place < len(cells)}
        yield _make_row(number, line, row, has_decimal_commas)


def _make_row(number: int, line: int, cells: Mapping[str, str | None], has_decimal_commas: bool = False) -> Row:
    filled = {name: cell for name, cell in cells.items() if cell is not None}
    return Row(number, line, filled, frozenset(cells.keys() - filled.keys()), has_decimal_commas)


def _strip_empty(cell: str | None) -> str | None:
    return cell if cell and cell.strip() else None


def _name_columns(names: Sequence[str | None], rows: Sequence[Sequence[str | None]]) -> dict[int, str]:
    """Return the names of the columns by their places, without those that spreadsheets and pandas add.

    Raises ValidationError for a column that holds something and has no name, and for a name that is there twice.
    """
    columns = {place: name.strip() for place, name in enumerate(names) if name}
    for place in range(len(names)):
        cells = [row[place] for row in rows if place < len(row)]
        if place not in columns and any(cells) and not (place == 0 and _is_count(cells)):
            raise ValidationError(f"Column {place + 1} of the table has no name: name the input that it sets.")
    twice = [name for name, count in Counter(columns.values()).items() if count > 1]
    if twice:
        raise ValidationError(f"The table has the column {twice[0]!r} more than once: keep one.")
    return columns


def _is_count(cells: Sequence[str | None]) -> bool:
    """Tell whether the cells only count the rows, as the index of a pandas table does."""
    return cells == [str(number) for number in range(len(cells))]


def _read_json(path: Path, text: str, problems: Problems) -> Iterator[Row]:
    """Yield the rows of JSON lines, or of one list that holds them all.

    Raises UsageError for a document that is no table.
    """
    whole = _parse_whole(text)
    if kind := name_document(whole):
        order = ": a batch takes the workflow first, then the table" if kind in (API_GRAPH, CANVAS_GRAPH) else ""
        raise UsageError(f"The file {path} is {kind}, not a table of jobs{order}.")
    if LIST_OF_OBJECTS.match(text):
        lines = _split_list(text)
    else:
        lines = [(1, text)] if isinstance(whole, dict) else enumerate(text.split("\n"), start=1)
    filled = ((line, content) for line, content in lines if content.strip())
    for number, (line, content) in enumerate(filled, start=1):
        try:
            yield _make_row(number, line, dict(_read_object(content)))
        except ValueError as error:
            problems.add(f"{error}.", number, line)


def _parse_whole(text: str) -> Any:
    """Return the text as one JSON document; None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _split_list(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each member of a JSON list; what follows where it is damaged is one more."""
    decoder = json.JSONDecoder()
    line, begin, end = 1, 0, text.index("[") + 1
    while member := NEXT_MEMBER.search(text, end):
        line += text.count("\n", begin, member.start())
        begin = member.start()
        try:
            end = decoder.raw_decode(text, begin)[1]
        except (json.JSONDecodeError, RecursionError):
            end = len(text)
        yield line, text[begin:end]


def _read_object(content: str) -> Iterator[tuple[str, str | None]]:
    """Yield name and text of each value in a JSON object; null has no text.

    Raises ValueError when it isn't an object that sets inputs.
    """
    try:
        row = json.loads(content, object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"it isn't valid JSON: {error}") from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(row, dict):
        raise ValueError(f"it isn't a JSON object: {content.strip()[:60]}")
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
    raise ValueError(f"{name} isn't a number that JSON knows")


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
