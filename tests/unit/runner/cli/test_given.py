"""What -s and -i give to an input: what a person means by a file's name, a link or a text, told from the input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.fakes.web import Page, serve
from talkingshorts.cli.given import read_file, read_given
from talkingshorts.cli.make import read_make_options
from talkingshorts.cli.parser import build_parser
from talkingshorts.cli.values import ValueReader
from talkingshorts.errors import UsageError
from talkingshorts.shipped.workflows import find_workflow

YOUTUBE = "https://youtu.be/dQw4w9WgXcQ"


@pytest.fixture(autouse=True)
def in_a_folder_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("me.jpg", "me.m4a", "script.txt"):
        Path(name).write_text("Hello.")


def set_input(workflow: str, assignment: str) -> str | Path:
    """Return what `-s` gives to the input that is named."""
    address, _, value = assignment.partition("=")
    texts, files = read_given(find_workflow(workflow), [(address, value)], [], ValueReader({}))
    ((_, given),) = (*texts, *files)
    return given


def upload(workflow: str, assignment: str) -> str | Path:
    """Return what `-i` gives to the input that is named."""
    address, _, name = assignment.partition("=")
    texts, files = read_given(find_workflow(workflow), [], [(address, name)], ValueReader({}))
    ((_, given),) = (*texts, *files)
    return given


@pytest.mark.parametrize("value", ["me.jpg", "@me.jpg", "./me.jpg"])
@pytest.mark.parametrize(
    ("workflow", "name"), [("talking_video", "portrait"), ("draft", "portrait_picture"), ("draft", "voice_source")]
)
def test_a_file_that_is_here_is_uploaded_for_an_input_that_takes_one(workflow: str, name: str, value: str) -> None:
    assert set_input(workflow, f"{name}={value}") == Path("me.jpg")


def test_a_file_that_is_not_here_is_the_servers_and_that_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert set_input("talking_video", "portrait=example.png") == "example.png"
    assert capsys.readouterr().err == (
        "portrait: there is no file example.png here. It is taken for one that the server has.\n"
    )


def test_a_value_that_is_no_file_stays_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert set_input("draft", "voice_source=") == ""
    assert set_input("draft", "portrait_prompt=me.jpg") == "me.jpg"
    assert set_input("draft", "script=@script.txt") == "Hello."
    assert capsys.readouterr().err == ""


def test_the_voice_takes_a_link_either_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert set_input("draft", "voice_source=youtu.be/dQw4w9WgXcQ") == "youtu.be/dQw4w9WgXcQ"
    assert upload("draft", "voice_source=youtu.be/dQw4w9WgXcQ") == "youtu.be/dQw4w9WgXcQ"
    assert capsys.readouterr().err == ""
    assert set_input("draft", f"voice_source={YOUTUBE}") == YOUTUBE
    assert upload("draft", f"voice_source={YOUTUBE}") == YOUTUBE


@pytest.mark.parametrize("give", [set_input, upload])
def test_a_link_to_a_file_is_fetched_where_a_file_is_wanted(give: Callable[[str, str], str | Path]) -> None:
    with serve({"a/me%20too.jpg": Page(b"picture")}) as web:
        given = give("talking_video", f"portrait={web.address_of('a/me%20too.jpg?size=1')}")

    assert isinstance(given, Path)
    assert (given.name, given.read_bytes()) == ("me_too.jpg", b"picture")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page(b"<!DOCTYPE html><p>A picture."), "is a web page, not the file that it shows"),
        (Page(status=404), r"HTTP status 404\): check the address"),
        (Page(b"pic", breaks_off_after=1), "can't be fetched: .* Or save it, and name the file"),
    ],
)
def test_what_a_link_does_not_give_is_told(page: Page, words: str) -> None:
    with serve({"me.jpg": page}) as web, pytest.raises(UsageError, match=words):
        read_file(web.address_of("me.jpg"))


def test_a_server_that_is_away_is_told() -> None:
    with pytest.raises(UsageError, match=r"^http://127\.0\.0\.1:1/me\.jpg can't be fetched: "):
        read_file("http://127.0.0.1:1/me.jpg")


@pytest.mark.parametrize("name", ["script.txt", "@script.txt"])
def test_a_text_of_many_lines_is_read_and_not_uploaded(name: str) -> None:
    assert upload("draft", f"script={name}") == "Hello."


def test_an_at_sign_too_many_is_no_part_of_a_files_name() -> None:
    Path("@here.jpg").touch()

    assert upload("talking_video", "portrait=@me.jpg") == Path("me.jpg")
    assert upload("talking_video", "portrait=@here.jpg") == Path("@here.jpg")


def test_the_bare_name_of_a_script_is_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert set_input("draft", "script=script.txt") == "Hello."
    assert "script.txt is a file: what is in it is said" in capsys.readouterr().err
    with pytest.raises(UsageError, match=r"There is no file notes\.txt"):
        set_input("draft", "script=notes.txt")
    assert set_input("draft", "portrait_prompt=notes.txt") == "notes.txt"


def test_make_reads_its_options_as_they_are_meant() -> None:
    words = ["make", "--script", "script.txt", "--voice", "@me.m4a", "--portrait", "@me.jpg"]

    options = read_make_options(build_parser().parse_args(words))

    assert (options.script, options.voice, options.portrait) == ("Hello.", "me.m4a", "me.jpg")


def test_what_make_sets_is_read_as_it_is_meant(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["-s", "voice_source=@me.m4a", "-s", "portrait_picture=me.jpg", "-s", "steps=4"]

    options = read_make_options(build_parser().parse_args(["make", "--script", "Hi.", *settings]))

    assert (options.voice, options.portrait) == ("me.m4a", "me.jpg")
    assert options.settings == [("steps", "4")]
    assert capsys.readouterr().err == ""


def test_make_fetches_a_picture_and_leaves_the_voice_to_the_server() -> None:
    with serve({"me.jpg": Page(b"picture")}) as web:
        words = ["make", "--script", "Hi.", "--voice", YOUTUBE, "--portrait", web.address_of("me.jpg")]
        options = read_make_options(build_parser().parse_args(words))

    assert options.voice == YOUTUBE
    assert Path(str(options.portrait)).read_bytes() == b"picture"


@pytest.mark.parametrize("script", ["notes.txt", "@NASA says hi", "@notes.txt"])
def test_make_does_not_say_the_name_of_a_file_that_is_not_there(script: str) -> None:
    with pytest.raises(UsageError, match=r"@FILE|write @@"):
        read_make_options(build_parser().parse_args(["make", "--script", script]))
