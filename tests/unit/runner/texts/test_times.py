"""Times are read as people write them."""

from __future__ import annotations

import pytest
from talkingshorts.texts.times import parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1.5", 1.5),
        ("-5", -5),
        ("90s", 90),
        ("1m30s", 90),
        ("1 min 30 s", 90),
        ("2m", 120),
        ("1h2m3s", 3723),
        ("1:30", 90),
        ("1:30.5", 90.5),
        ("90:00", 5400),
        ("1:02:03", 3723),
        (" 1M30S ", 90),
    ],
)
def test_a_time(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "soon", "1:75", "1:90:00", "-1:30", "nan", "inf", "m", "5 6", "1::2"])
def test_no_time(text: str) -> None:
    assert parse_seconds(text) is None
