"""Texts out of files and streams."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from talkingshorts.errors import UsageError
from talkingshorts.texts import MAX_TEXT_BYTES, read_text_file, read_text_stream


def test_a_files_text_comes_without_its_final_line_end(tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_bytes("Grüße\r\nund mehr\r\n".encode())

    assert read_text_file(tmp_path / "script.txt") == "Grüße\r\nund mehr"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_bytes(b"\xef\xbb\xbfHello.\n")

    assert read_text_file(tmp_path / "script.txt") == "Hello."


def test_a_file_that_is_no_text_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    with pytest.raises(UsageError, match=r"The file .*binary isn't UTF-8"):
        read_text_file(tmp_path / "binary")
    for name in ("none", "."):
        with pytest.raises(UsageError, match=r"The file .* can't be read: "):
            read_text_file(tmp_path / name)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_a_usage_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        read_text_file(tmp_path / name)


def test_what_nobody_can_have_written_is_no_text() -> None:
    with pytest.raises(UsageError, match="The text on stdin is over 16 MB"):
        read_text_stream(io.BytesIO(b" " * (MAX_TEXT_BYTES + 1)), "The text on stdin")
