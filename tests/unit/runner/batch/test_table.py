from pathlib import Path

import pytest
from talkingshorts.batch import table
from talkingshorts.batch.table import Problems, Row, read_table
from talkingshorts.errors import UsageError, ValidationError


def read(folder: Path, text: str | bytes, name: str = "jobs.csv") -> list[Row]:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    problems = Problems()
    rows = read_table(folder / name, problems, print)
    problems.require_none()
    return rows


def refusal(folder: Path, text: str | bytes, name: str = "jobs.csv") -> list[str]:
    with pytest.raises(ValidationError) as caught:
        read(folder, text, name)
    return str(caught.value).splitlines()


def test_each_line_of_a_csv_is_a_row_whose_cells_are_texts_by_column(tmp_path: Path) -> None:
    rows = read(tmp_path, "script,seed\nHello,7\nGrüße,8\n")

    assert rows == [Row(1, 2, {"script": "Hello", "seed": "7"}), Row(2, 3, {"script": "Grüße", "seed": "8"})]


def test_a_cell_may_hold_quotes_commas_and_line_ends(tmp_path: Path) -> None:
    rows = read(tmp_path, 'script,seed\r\n"Say ""hi"",\nfriend",7\r\nBye,8\r\n')

    assert rows[0] == Row(1, 2, {"script": 'Say "hi",\nfriend', "seed": "7"})
    assert rows[1].line == 4


def test_a_byte_order_mark_and_blank_lines_are_no_part_of_a_csv(tmp_path: Path) -> None:
    rows = read(tmp_path, "\ufeffscript,seed\n\n,\nHello,7\n")

    assert rows == [Row(1, 4, {"script": "Hello", "seed": "7"})]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_csv_may_be_in_the_encoding_that_a_spreadsheet_writes(tmp_path: Path, encoding: str) -> None:
    rows = read(tmp_path, "script,seed\nSchöne Grüße,8\n".encode(encoding))

    assert rows[0].values == {"script": "Schöne Grüße", "seed": "8"}


@pytest.mark.parametrize("mark", [";", "\t"])
def test_cells_may_be_parted_by_semicolons_or_tabs_as_spreadsheets_write_them(tmp_path: Path, mark: str) -> None:
    rows = read(tmp_path, f"script{mark}seed\nHello, you{mark}7\n")

    assert rows == [Row(1, 2, {"script": "Hello, you", "seed": "7"})]


def test_an_empty_cell_leaves_the_workflows_own_value(tmp_path: Path) -> None:
    assert read(tmp_path, "script,seed\nHello,\n")[0].values == {"script": "Hello"}


def test_excels_unicode_text_is_a_table(tmp_path: Path) -> None:
    assert read(tmp_path, "script\tseed\r\nGrüße\t7\r\n".encode("utf-16"), "jobs.txt") == [
        Row(1, 2, {"script": "Grüße", "seed": "7"})
    ]


@pytest.mark.parametrize("mark", list(";,\t|"))
def test_excels_first_line_says_what_stands_between_cells(tmp_path: Path, mark: str) -> None:
    rows = read(tmp_path, f"sep={mark}\r\nscript{mark}seed\r\nHi{mark}7\r\n")

    assert rows == [Row(1, 3, {"script": "Hi", "seed": "7"})]


def test_empty_columns_and_rows_of_a_spreadsheet_are_no_part_of_the_table(tmp_path: Path) -> None:
    rows = read(tmp_path, "script,seed,,\r\nHi,1,,\r\nBye,2\r\nWell,3,,,,\r\n,,,\r\n,,,\r\n")

    assert [row.values for row in rows] == [
        {"script": "Hi", "seed": "1"},
        {"script": "Bye", "seed": "2"},
        {"script": "Well", "seed": "3"},
    ]


def test_a_text_outside_the_columns_is_told(tmp_path: Path) -> None:
    assert "Column 3 of the table has no name" in refusal(tmp_path, "script,seed,\nHi,1,\nBye,2,oh\n")[0]
    assert refusal(tmp_path, "script,seed\nHi,1,,\nBye,2,,oh\n") == [
        "row 2 (line 3): it has 4 cells; the header has 2. Put a text with commas in quotes."
    ]


def test_the_index_that_pandas_writes_is_no_column(tmp_path: Path) -> None:
    rows = read(tmp_path, ",script\n0,Hi\n1,Bye\n")

    assert [row.values for row in rows] == [{"script": "Hi"}, {"script": "Bye"}]
    assert "Column 1 of the table has no name" in refusal(tmp_path, ",script\n0,Hi\n7,Bye\n")[0]


def test_a_list_of_objects_is_a_table_too(tmp_path: Path) -> None:
    rows = read(tmp_path, '[\n  {"script": "Hi [x], {y}"},\n\n  {\n"script": "Bye"}\n]\n', "jobs.json")
    assert rows == [Row(1, 2, {"script": "Hi [x], {y}"}), Row(2, 4, {"script": "Bye"})]

    told = refusal(tmp_path, '[{"a": 1},\n {"a": 1, "a": 2},\n {"a": 3}, oops', "jobs.json")
    assert told[0] == "row 2 (line 2): it has 'a' more than once."
    assert told[1].startswith("row 4 (line 3): it isn't ")


def test_each_line_of_json_is_a_row_whose_values_keep_their_meaning(tmp_path: Path) -> None:
    rows = read(
        tmp_path, '{"script": "Hi", "seed": 7}\n\n{"steps": 1.5, "on": true, "gone": null, "empty": ""}', "j.jsonl"
    )

    assert rows == [
        Row(1, 1, {"script": "Hi", "seed": "7"}),
        Row(2, 3, {"steps": "1.5", "on": "true", "empty": ""}),
    ]


def test_every_bad_line_is_told_at_once_with_its_row(tmp_path: Path) -> None:
    lines = ['{"a": 1}', "{", "[1]", '{"a": 1, "a": 2}', '{"a": [1]}', '{"a": NaN}', '{"a": 2}']

    told = refusal(tmp_path, "\n".join(lines), "j.jsonl")

    assert [line.split(":")[0] for line in told] == [f"row {row} (line {row})" for row in range(2, 7)]
    assert "isn't valid JSON" in told[0]
    assert "a JSON object: [1]" in told[1]
    assert "'a' more than once" in told[2]
    assert "a holds [1]" in told[3]
    assert "NaN" in told[4]


def test_a_row_with_too_few_or_too_many_cells_is_told(tmp_path: Path) -> None:
    told = refusal(tmp_path, "a,b\n1\n1,2\n1,2,3\n")

    assert told == [
        "row 1 (line 2): it has 1 cell; the header has 2.",
        "row 3 (line 4): it has 3 cells; the header has 2. Put a text with commas in quotes.",
    ]


def test_the_same_problem_of_many_rows_is_told_once(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a,b\n" + "1\n" * 9) == ["rows 1, 2, 3, 4, 5 and 4 more: it has 1 cell; the header has 2."]


def test_no_more_problems_are_told_than_anybody_reads(tmp_path: Path) -> None:
    told = refusal(tmp_path, "\n".join(f'["{number}"]' for number in range(50)), "j.jsonl")

    assert len(told) == 21
    assert told[-1] == "And 30 more problems."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,a\n1,2\n", "column 'a' more than once"),
        ("a,,b\n1,2,3\n", "Column 2 of the table has no name"),
        ("a\n", "holds no rows"),
        ("", "holds no rows"),
        ('a\n"open\n', "row 1 (line 2): it isn't valid CSV"),
    ],
)
def test_a_table_that_is_none_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refusal(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("jobs.ods", b"", "neither .csv nor .jsonl nor .xlsx"),
        ("jobs.txt", b"Hello there.\n", "neither .csv nor .jsonl nor .xlsx"),
        ("jobs.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a Word or Excel file in the old format"),
        ("jobs.xlsx", b"script,seed\n", "is no Excel workbook"),
        ("jobs.xlsx", b"PK\x03\x04", "is a ZIP archive"),
        ("jobs.csv", b"a\n\xff\n", "isn't text that can be read.* UTF-8"),
        ("jobs.csv", b"PK\x03\x04", "is a ZIP archive"),
        ("jobs.jsonl", b"\x89PNG\r\n\x1a\n", "is a PNG picture"),
    ],
)
def test_a_file_that_is_no_text_is_a_mistake_of_the_command_line(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        read(tmp_path, content, name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"1": {"class_type": "SaveImage", "inputs": {}}}', "API format, not a table of jobs: .* the workflow first"),
        ('{"nodes": [], "links": []}', "canvas format, not a table of jobs: a batch takes the workflow first"),
        ('{"nodes": [], "connections": {}}', "is a workflow of n8n, not a table of jobs"),
        ('{"openapi": "3.1.0"}', r"is an OpenAPI description, not a table of jobs\.$"),
    ],
)
def test_a_document_that_is_no_table_is_named_for_what_it_is(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(tmp_path, text, "jobs.json")


def test_a_row_may_stand_on_several_lines(tmp_path: Path) -> None:
    assert read(tmp_path, '{\n  "script": "Hi"\n}\n', "jobs.json") == [Row(1, 1, {"script": "Hi"})]


@pytest.mark.parametrize("name", ["jobs.csv", "jobs.txt", "jobs"])
def test_json_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, '{"script": "Hi"}\n{"script": "Bye"}\n', name)[1] == Row(2, 2, {"script": "Bye"})
    with pytest.raises(UsageError, match="is a workflow in ComfyUI's API format"):
        read(tmp_path, '{\n  "1": {"class_type": "SaveImage", "inputs": {}}\n}', name)


def test_what_is_too_long_for_a_table_is_refused_and_not_read_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MAX_TABLE_BYTES", 1 << 20)

    with pytest.raises(UsageError, match="is over 1 MB: that is too large for a table of jobs"):
        read_table(Path("/dev/zero"), Problems(), print)


def test_a_file_that_is_not_there_is_a_mistake_of_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_table(tmp_path / "none.csv", Problems(), print)
