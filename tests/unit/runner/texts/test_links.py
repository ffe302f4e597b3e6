"""Links are told from the names of files as people write them."""

from __future__ import annotations

import pytest
from talkingshorts.texts.links import looks_like_link, remove_own_time


@pytest.mark.parametrize(
    "text",
    [
        "https://youtu.be/abc",
        "youtu.be/abc",
        "www.youtube.com/watch?v=a",
        " <https://youtu.be/abc> ",
        '"youtu.be/abc"',
        "Look: https://youtu.be/abc",
    ],
)
def test_a_link(text: str) -> None:
    assert looks_like_link(text)


@pytest.mark.parametrize("text", ["me.wav", "folder/me.wav", "./me.wav", "../a.b/me.wav", "C:\\me.wav", "youtu.be", ""])
def test_the_name_of_a_file(text: str) -> None:
    assert not looks_like_link(text)


@pytest.mark.parametrize(
    ("link", "bare"),
    [
        ("https://youtu.be/abc?t=90", "https://youtu.be/abc"),
        ("https://youtube.com/watch?v=abc&t=1m30s", "https://youtube.com/watch?v=abc"),
        ("https://youtube.com/watch?t=90&v=abc", "https://youtube.com/watch?v=abc"),
        ("https://youtube.com/watch?v=abc#t=90", "https://youtube.com/watch?v=abc"),
        ("https://youtube.com/embed/abc?start=90&end=120", "https://youtube.com/embed/abc?end=120"),
        ("https://youtube.com/watch?v=abc&feature=share", "https://youtube.com/watch?v=abc&feature=share"),
    ],
)
def test_a_links_own_time_is_removed(link: str, bare: str) -> None:
    assert remove_own_time(link) == bare
