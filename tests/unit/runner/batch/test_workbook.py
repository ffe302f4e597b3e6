"""Tables out of Excel: the cells as they are meant."""

from __future__ import annotations

import datetime
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from talkingshorts.batch.table import Problems, Row, read_table
from talkingshorts.errors import UsageError


def write(folder: Path, *lines: list[Any]) -> Path:
    """Write a workbook whose first sheet holds the lines; another follows."""
    book = openpyxl.Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    book.create_sheet("Notes").append(["not a job"])
    book.save(folder / "jobs.xlsx")
    return folder / "jobs.xlsx"


def read(path: Path) -> list[Row]:
    problems = Problems()
    rows = read_table(path, problems, print)
    problems.require_none()
    return rows


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Grüße,\n你好", "Grüße,\n你好"),
        (7, "7"),
        (7.0, "7"),
        (1.5, "1.5"),
        (2**63, "9223372036854775808"),
        (True, "true"),
        (False, "false"),
        (datetime.date(2024, 12, 31), "2024-12-31"),
        (datetime.datetime(2024, 12, 31, 9, 30), "2024-12-31 09:30:00"),
        (datetime.time(9, 30), "09:30:00"),
    ],
)
def test_a_cell_is_the_text_that_a_person_would_type(tmp_path: Path, value: Any, text: str) -> None:
    assert read(write(tmp_path, ["cell"], [value])) == [Row(1, 2, {"cell": text})]


def test_empty_rows_columns_and_cells_are_no_part_of_the_table(tmp_path: Path) -> None:
    rows = read(
        write(tmp_path, [], ["script", "seed", None], ["Hi", None, " "], [None, None], ["Bye", 2, ""], ["", ""])
    )

    assert rows == [Row(1, 3, {"script": "Hi"}), Row(2, 5, {"script": "Bye", "seed": "2"})]
    assert rows[0].empty == {"seed"}


def test_a_sheet_that_tells_its_size_wrongly_is_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path, ["script", "seed"], ["Hi", 1], ["Bye"])
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', members[sheet])
    with zipfile.ZipFile(path, "w") as book:
        for name, content in members.items():
            book.writestr(name, content)

    assert [row.values for row in read(path)] == [{"script": "Hi", "seed": "1"}, {"script": "Bye"}]


def test_a_hidden_sheet_is_no_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["lists"])
    book.worksheets[0].sheet_state = "hidden"
    jobs = book.create_sheet("Jobs")
    jobs.append(["script"])
    jobs.append(["Hi"])
    book.save(tmp_path / "jobs.xlsx")

    assert read(tmp_path / "jobs.xlsx") == [Row(1, 2, {"script": "Hi"})]


def test_a_workbook_is_known_by_its_content(tmp_path: Path) -> None:
    path = write(tmp_path, ["script"], ["Hi"]).rename(tmp_path / "jobs.csv")

    assert read(path) == [Row(1, 2, {"script": "Hi"})]


def test_a_formula_that_failed_is_told_with_its_cell(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has #N/A in B3: mend its formula"):
        read(write(tmp_path, ["script", "seed"], ["Hi", 1], ["Bye", "#N/A"]))


def test_half_a_workbook_is_told(tmp_path: Path) -> None:
    content = write(tmp_path, ["script"], ["Hi"]).read_bytes()
    for damaged in (content[:2000], content.replace(b"PK\x03\x04", b"PK\x03\x05")[4:], content[:900] + content[950:]):
        (tmp_path / "jobs.xlsx").write_bytes(damaged)
        with pytest.raises(UsageError, match=r"[Ss]ave"):
            read(tmp_path / "jobs.xlsx")


def test_without_openpyxl_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, ["script"], ["Hi"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)

    with pytest.raises(UsageError, match=r"-m pip install openpyxl`\. Or save the table as CSV UTF-8"):
        read(path)
