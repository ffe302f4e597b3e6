"""Names of files in place of texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from talkingshorts.errors import UsageError
from talkingshorts.texts.notation import read_at_file, read_words


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "script.txt").write_text("Hello.\n")
    (tmp_path / "my script.md").write_text("Hi.\n")
    return tmp_path


def say(text: str, folder: Path) -> tuple[str, list[str]]:
    """Return the words that are said, and the notes."""
    notes: list[str] = []
    return read_words(text, folder.joinpath, notes.append), notes


def test_a_file_that_is_there_is_read(folder: Path) -> None:
    assert read_at_file("@script.txt", folder.joinpath, print) == "Hello."


def test_where_no_such_file_is_there_the_words_themselves_may_be_meant(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"NASA says hi can't be read: .* write @@: @@NASA says hi$"):
        read_at_file("@NASA says hi", folder.joinpath, print)
    with pytest.raises(UsageError, match=r"can't be read: Is a directory\.$"):
        read_at_file("@.", lambda name: folder, print)


@pytest.mark.parametrize(
    ("name", "words"), [("script.txt", "Hello."), (" script.txt\n", "Hello."), ("my script.md", "Hi.")]
)
def test_the_bare_name_of_a_text_file_stands_for_what_is_in_it(name: str, words: str, folder: Path) -> None:
    assert say(name, folder) == (
        words,
        [f"{name.strip()} is a file: what is in it is said, as with @{name.strip()}."],
    )


@pytest.mark.parametrize("name", ["scrpt.txt", "notes.docx", "texts/a.srt", "a" * 200 + ".txt"])
def test_the_name_of_a_file_that_is_not_there_is_not_said(name: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*its name alone is nothing to say\. @FILE"):
        say(name, folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello.",
        "Please open the file readme.txt",
        "script.txt is here.",
        "Read\nscript.txt",
        "www.example.com",
        "v1.5",
    ],
)
def test_words_are_said_as_they_are(text: str, folder: Path) -> None:
    assert say(text, folder) == (text, [])
