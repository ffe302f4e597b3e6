# ruff: noqa: RUF001 (an apostrophe)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.script.cleaning import drop_markup, drop_silent_characters


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
        ("5 < 7, 2 + 2 = 4, 20 °C, 50 % & $5", "5 < 7, 2 + 2 = 4, 20 °C, 50 % & $5"),
        ("\ufeffone\u200b tw\u00ado \u2060three", "one two three"),
        ("Tom &amp; Ann&nbsp;say it&#8217;s &quot;fine&quot;", 'Tom & Ann say it’s "fine"'),
        ("It&amp;#39;s &#x41; AT&T, a?b=1&copy=2", "It's A AT&T, a?b=1&copy=2"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("<p>One</p><p>Two<br/>Three</p><!-- four --><style>p {}</style>", "One\n Two\nThree"),
        ("<ruby>漢字<rt>かんじ</rt></ruby> and <del>old</del> new", "漢字   and   new"),
        ("1\u00a0234\u202f%", "1 234 %"),
        ("5>3, 7 > 3 and 3 < 5, <5 or >10", "5>3, 7 > 3 and 3 < 5, <5 or >10"),
        ("I <3 you <3", "I <3 you"),
        ("2 * 3 = 6, 2*3, **2**3, CO₂", "2×3 = 6, 2×3,  2 3, CO2"),
        ("A -> B => C → D", "A, B, C, D"),
        ("> a quote\n>> of another", "a quote\nof another"),
    ],
)
def test_only_what_can_be_said_stays(script: str, spoken: str) -> None:
    assert drop_markup(drop_silent_characters(script)) == spoken
