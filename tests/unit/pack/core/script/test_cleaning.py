from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.script.cleaning import clean_script


@pytest.mark.parametrize(
    ("script", "spoken"),
    [
        ("Great 🙂 news 👩🏽‍💻!", "Great  news !"),
        ("a\x01\x07b\u200bc\ud800d", "abcd"),
        ('<speak>Hello<break time="5s"/>you</speak>', "Hello you"),
        ("[[h@l'oU]] **bold** `code`", "h@l'oU   bold  code"),
        ("1\ufe0f\u20e3 first", "1 first"),
        ("# One\n* [two](http://a.com)\n• three ![x](y.png)", "One\n- two\n- three x"),
        ("#1 ~5 x^2 C# #tag", "#1 ~5 x^2 C#  tag"),
        ("5 < 7, 2 + 2 = 4, 20 °C, 50 % & $5", "5   7, 2 + 2 = 4, 20 °C, 50 % & $5"),
    ],
)
def test_only_what_can_be_said_stays(script: str, spoken: str) -> None:
    assert clean_script(script) == spoken
