"""What the values on a command line are read into, and that nobody else's values are read so."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from talkingshorts.cli.make import read_make_options
from talkingshorts.cli.options import read_run_options
from talkingshorts.cli.parser import build_parser
from talkingshorts.cli.values import ValueReader, split_assignment
from talkingshorts.errors import UsageError


def test_values_come_from_files_stdin_and_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "script.txt").write_text("Two\nlines\n", encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("Grüße\r\n".encode())))
    reader = ValueReader({"NAME": "Ada"})

    assert reader.read(f"@{tmp_path}/script.txt") == "Two\nlines"
    assert reader.read("-") == "Grüße"
    assert reader.read("{env:NAME}") == "Ada"
    assert reader.read("Hello {env:NAME}") == "Hello {env:NAME}"
    assert reader.read("@@home") == "@home"
    assert reader.read("a=b & 'c' $5") == "a=b & 'c' $5"


def test_a_value_that_can_not_be_read_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"once")))
    reader = ValueReader({})
    reader.read("-")

    for value in (f"@{tmp_path}/none", f"@{tmp_path}", f"@{tmp_path}/binary", "{env:NAME}", "-"):
        with pytest.raises(UsageError):
            reader.read(value)


def test_an_assignment_is_split_at_the_first_equals_sign() -> None:
    assert split_assignment("Main.text=a=b") == ("Main.text", "a=b")
    assert split_assignment("script=") == ("script", "")
    for text in ("script", "=x", ""):
        with pytest.raises(UsageError, match="ADDRESS=VALUE"):
            split_assignment(text)


@pytest.fixture
def notations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return a value in each notation, and the text that it stands for."""
    (tmp_path / "script.txt").write_text("From a file.\n")
    monkeypatch.setenv("SPOKEN", "From the environment.")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"From stdin.\n")))
    return {
        f"@{tmp_path}/script.txt": "From a file.",
        "{env:SPOKEN}": "From the environment.",
        "-": "From stdin.",
        "@@home": "@home",
    }


@pytest.mark.parametrize("number", range(4))
def test_a_short_says_what_the_value_stands_for(number: int, notations: dict[str, str]) -> None:
    value, text = [*notations.items()][number]

    assert read_make_options(build_parser().parse_args(["make", "--script", value])).script == text


def test_the_inputs_of_a_short_are_set_to_what_the_values_stand_for(notations: dict[str, str]) -> None:
    settings = [word for value in notations for word in ("-s", f"prompt={value}")]
    options = read_make_options(build_parser().parse_args(["make", "--script", "Hi.", *settings]))

    assert [text for _, text in options.settings] == [*notations.values()]


def test_the_inputs_of_a_workflow_are_set_to_what_the_values_stand_for(notations: dict[str, str]) -> None:
    settings = [word for value in notations for word in ("-s", f"prompt={value}")]
    options = build_parser().parse_args(["run", "w.json", *settings])

    assert [text for _, text in read_run_options(options, None).settings] == [*notations.values()]


def test_stdin_gives_one_value_of_a_command(notations: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="Only one value"):
        read_make_options(build_parser().parse_args(["make", "--script", "-", "-s", "prompt=-"]))
