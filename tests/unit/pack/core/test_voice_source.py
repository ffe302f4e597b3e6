import math
from pathlib import Path

import pytest
from comfyui_talkingshorts.core.errors import InputError, SourceError
from comfyui_talkingshorts.core.voice_source import (
    FileName,
    FileSource,
    Piece,
    WebSource,
    choose_piece,
    parse_voice_source,
    shorten,
)


@pytest.mark.parametrize("text", ["", "   ", "\n", "None"])
def test_a_blank_source_is_none(text: str) -> None:
    assert parse_voice_source(text) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://youtu.be/abc",
        "http://example.org/a.mp3?x=a@b",
        "http://[::1]:80/",
        "https://bücher.example?q",
    ],
)
def test_http_and_https_addresses_are_web_sources(url: str) -> None:
    assert parse_voice_source(f"  {url}\n") == WebSource(url)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("Https://YouTu.be/jNQXAC9IVRw", "https://youtu.be/jNQXAC9IVRw"),
        ("HTTPS://Example.org/V?A=B", "https://example.org/V?A=B"),
        ("Look at this: https://youtu.be/jNQXAC9IVRw", "https://youtu.be/jNQXAC9IVRw"),
        ("Me at the zoo\nhttps://youtu.be/jNQXAC9IVRw?si=abc.", "https://youtu.be/jNQXAC9IVRw?si=abc"),
        ("[voice](https://youtu.be/jNQXAC9IVRw)", "https://youtu.be/jNQXAC9IVRw"),
        ("“https://example.org/a_(b).mp3”", "https://example.org/a_(b).mp3"),
        ("source https://youtu.be/a, again https://youtu.be/a", "https://youtu.be/a"),
    ],
)
def test_an_address_is_taken_as_keyboards_and_phones_write_it(typed: str, url: str) -> None:
    assert parse_voice_source(typed) == WebSource(url)


@pytest.mark.parametrize("name", ["me.mp3", "folder/me talking.wav", "me.mp3 [input]", "ytsearch:cats", "-o"])
def test_anything_else_is_a_file_name(name: str) -> None:
    assert parse_voice_source(name) == FileName(name)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("file:///home/me/a.wav", "a.wav is a file address.* Upload the file to ComfyUI and give its name"),
        ("ftp://example.org/a.mp3", "ftp://example.org/a.mp3 can't be fetched. Give one that starts with https://"),
        ("s3://bucket/a.mp3", "s3://bucket/a.mp3 can't be fetched"),
        ("blob:https://example.org/1234-5678", "inside a browser. Download what it shows, upload the file"),
        ("data:audio/wav;base64,UklGR" + "A" * 9000, "inside a browser"),
        ("https://example.org/a https://example.org/b", "spaces"),
        ("this https://example.org/a or https://example.org/b", "holds 2 addresses. Give one"),
        ("see https://user:secret@example.org/a", "password"),
        ("https://example.org/a b", "spaces"),
        ("https://example.org\\@evil.example", "backslashes"),
        ("https://user:secret@example.org/a.mp3", "password"),
        (f"https://example.org/{'a' * 5000}", "5020 characters"),
        ("http://", "names no server"),
        ("http://:80/", "names no server"),
        ("http://[::1", "names no server"),
        ("http://a..b/", "names no server"),
        (f"http://{'a' * 70}.org/", "names no server"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_one_short_line(url: str, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint) as refusal:
        parse_voice_source(url)

    assert "secret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("start_seconds", [-0.1, math.nan, math.inf])
def test_a_segment_cannot_start_there(start_seconds: float) -> None:
    with pytest.raises(InputError, match="start_seconds"):
        Piece(start_seconds, 30)


@pytest.mark.parametrize("duration_seconds", [0, -1, math.nan, math.inf, 600.1])
def test_a_segment_cannot_last_that_long(duration_seconds: float) -> None:
    with pytest.raises(InputError, match="duration_seconds"):
        Piece(40, duration_seconds)


def test_shortened_text_is_one_line_of_limited_length() -> None:
    assert shorten("a\nb   c") == "a b c"
    assert shorten("x" * 500, 20) == "x" * 17 + "..."


def test_what_looks_like_a_link_may_be_a_file() -> None:
    assert parse_voice_source("youtu.be/abc") == FileName("youtu.be/abc", WebSource("https://youtu.be/abc"))


LINK, TIMED = WebSource("https://youtu.be/abc"), WebSource("https://youtu.be/abc?t=1m30s")


def test_a_links_own_time_counts_unless_another_is_chosen() -> None:
    assert choose_piece(TIMED, 40, 30) == Piece(90, 30, may_move=True)
    assert choose_piece(TIMED, 10, 30) == Piece(10, 30)
    assert choose_piece(LINK, 40, 30) == Piece(40, 30, may_move=True)
    assert choose_piece(FileSource(Path("me.wav")), 40, 30) == Piece(40, 30)


def test_a_link_to_a_part_gives_no_more_than_the_part() -> None:
    assert choose_piece(WebSource("https://youtu.be/abc?start=5&end=20"), 40, 30) == Piece(5, 15, may_move=True)
    assert choose_piece(WebSource("https://youtu.be/abc?start=5&end=60"), 40, 30) == Piece(5, 30, may_move=True)
