"""Texts out of files and streams."""

# ruff: noqa: RUF001

from __future__ import annotations

import io
from pathlib import Path

import pytest
from talkingshorts.errors import UsageError
from talkingshorts.texts.read import MAX_TEXT_BYTES, read_text_file, read_text_stream


def refuse_note(text: str) -> None:
    raise AssertionError(f"Nothing had to be assumed: {text}")


def test_a_files_text_comes_without_its_final_line_end(tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_bytes("Grüße\r\nund mehr\r\n".encode())

    assert read_text_file(tmp_path / "script.txt", refuse_note) == "Grüße\r\nund mehr"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_bytes(b"\xef\xbb\xbfHello.\n")

    assert read_text_file(tmp_path / "script.txt", refuse_note) == "Hello."


def test_a_file_that_is_no_text_is_a_usage_error(tmp_path: Path) -> None:
    for content in (b"\xff\xfe", b"\xff", bytes(range(256)), b"a\0b"):
        (tmp_path / "binary").write_bytes(content)
        with pytest.raises(UsageError, match=r"The file .*binary isn't text that can be read\. .* save it in UTF-8"):
            read_text_file(tmp_path / "binary", refuse_note)
    for name in ("none", "."):
        with pytest.raises(UsageError, match=r"The file .* can't be read: "):
            read_text_file(tmp_path / name, refuse_note)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_a_usage_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        read_text_file(tmp_path / name, refuse_note)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_text_with_a_mark_is_read_as_the_mark_says(encoding: str, tmp_path: Path) -> None:
    marked = "" if encoding in ("utf-16", "utf-32") else "\ufeff"
    (tmp_path / "script.txt").write_bytes(f"{marked}Grüße, 你好!\r\n".encode(encoding))

    assert read_text_file(tmp_path / "script.txt", refuse_note) == "Grüße, 你好!"


def test_what_is_assumed_about_a_text_is_told_without_a_codecs_name(tmp_path: Path) -> None:
    notes: list[str] = []
    (tmp_path / "script.txt").write_bytes("It’s a “lovely” café.".encode("cp1252"))

    assert read_text_file(tmp_path / "script.txt", notes.append) == "It’s a “lovely” café."
    assert notes == [
        f"The file {tmp_path}/script.txt isn't in UTF-8; it is read as Western European (Windows-1252). "
        "If letters come out wrong, save it in UTF-8."
    ]


@pytest.mark.parametrize(
    ("content", "kind"),
    [(rb"{\rtf1\ansi Hello.}", "an RTF document"), (b"%PDF-1.7\n", "a PDF"), (b"<html><p>Hi", "a web page")],
)
def test_a_document_is_to_be_saved_as_plain_text(content: bytes, kind: str) -> None:
    with pytest.raises(UsageError, match=rf"^The text on stdin is {kind}: save its words as plain text"):
        read_text_stream(io.BytesIO(content), "The text on stdin", refuse_note)


def test_what_nobody_can_have_written_is_no_text() -> None:
    with pytest.raises(UsageError, match="The text on stdin is over 16 MB"):
        read_text_stream(io.BytesIO(b" " * (MAX_TEXT_BYTES + 1)), "The text on stdin", refuse_note)
