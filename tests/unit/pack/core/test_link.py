"""Links and times are read as people write them."""

from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.link import LinkTime, find_link, parse_seconds, read_link_time, unwrap_link

LINK = "https://youtu.be/dQw4w9WgXcQ?t=5"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90.5", 90.5),
        ("1,5", 1.5),
        ("0", 0),
        ("90s", 90),
        ("90 sec", 90),
        ("1m30s", 90),
        ("1m30", 90),
        ("1 min 30 s", 90),
        ("2m", 120),
        ("1h2m3s", 3723),
        ("1h", 3600),
        ("1:30", 90),
        ("01:30", 90),
        ("1:30.5", 90.5),
        ("90:00", 5400),
        ("1:02:03", 3723),
        (" 1M30S ", 90),
    ],
)
def test_a_time(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "soon", "1:75", "1:90:00", "-5", "1:2:3:4", "nan", "1e3", "m", "5 6", "²", "1::2"]
)
def test_no_time(text: str) -> None:
    assert parse_seconds(text) is None


@pytest.mark.parametrize(
    ("end", "time"),
    [
        ("?t=90", LinkTime(90)),
        ("?v=abc&t=1m30s", LinkTime(90)),
        ("?v=abc&t=1m30s&list=x", LinkTime(90)),
        ("#t=90", LinkTime(90)),
        ("#t=1:30", LinkTime(90)),
        ("?t=1%3A30", LinkTime(90)),
        ("?start=90", LinkTime(90)),
        ("?start=90&end=120", LinkTime(90, 120)),
        ("?start=90&end=60", LinkTime(90)),
        ("#t=10,20", LinkTime(10, 20)),
        ("#t=npt:10,20", LinkTime(10, 20)),
        ("?time_continue=90", LinkTime(90)),
        ("?t=0", LinkTime(0)),
        ("?T=90", LinkTime(90)),
    ],
)
def test_a_link_carries_a_time(end: str, time: LinkTime) -> None:
    assert read_link_time(f"https://www.youtube.com/watch{end}") == time


@pytest.mark.parametrize(
    "end", ["", "?v=t", "?t=", "?t=soon", "?t=1764360000", "?start_radio=1", "?format=90", "/t=90", "#90"]
)
def test_a_link_carries_none(end: str) -> None:
    assert read_link_time(f"https://www.youtube.com/watch{end}") is None


@pytest.mark.parametrize(
    "text",
    [
        LINK,
        f"  {LINK}\n",
        f"<{LINK}>",
        f'"{LINK}"',
        f"'{LINK}'",
        f"“{LINK}”",
        f"« {LINK} »",
        f"( <{LINK}> )",
        f"`{LINK}`",
        f"[a talk]({LINK})",
        f"\ufeff{LINK}\u200b",
    ],
)
def test_what_stands_around_a_link_is_left_out(text: str) -> None:
    assert unwrap_link(text) == LINK


@pytest.mark.parametrize("name", ['"mine".wav', "(draft)", "'take 1'", "[1]", "<me>", '"'])
def test_what_stands_around_a_name_of_a_file_belongs_to_it(name: str) -> None:
    assert unwrap_link(f" {name} ") == name


@pytest.mark.parametrize(
    "text", ["youtu.be/dQw4w9WgXcQ", "www.youtube.com/watch?v=abc", "m.youtube.com/shorts/abc", "example.org/a.mp3"]
)
def test_a_link_without_its_scheme_is_one(text: str) -> None:
    assert find_link(text) == f"https://{text}"
    assert find_link(f"//{text}") == f"https://{text}"


@pytest.mark.parametrize(
    "name", ["me.mp3", "folder/me.wav", "folder.v2/me.wav", "C:\\me.com\\a.wav", "youtu.be", "a b.com/c"]
)
def test_the_name_of_a_file_is_no_link(name: str) -> None:
    assert find_link(name) is None
