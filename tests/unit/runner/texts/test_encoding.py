"""Texts in the encodings that people's programs write."""

# ruff: noqa: RUF001

from __future__ import annotations

import pytest
from talkingshorts.texts.encoding import decode

TEXTS = {
    "cp1252": [
        "It’s a “lovely” day — isn’t it? Café costs €5.\r\nSecond line.\r\n",
        "Don’t worry.",
        "Grüße aus München. Schöne Straße!",
        "L'été à la plage, où êtes-vous ? Élève, œuvre, cœur.",
        "¿Dónde está el niño? ¡Mañana!",
        "È vero: la città è più bella. Perché no?",
        "Det går bra å være på øya. Ærlig talt.",
        "ÜBER ALLES ÄRGER",
        "Café",
    ],
    "cp1250": [
        "Zażółć gęślą jaźń. Dzień dobry, to jest mój film.",
        "Příliš žluťoučký kůň úpěl ďábelské ódy",
        "Árvíztűrő tükörfúrógép. Jó napot!",
    ],
    "cp1254": ["Günaydın! Bugün hava çok güzel, değil mi? Şimdi başlıyoruz."],
    "mac-roman": ["It’s a “lovely” day — isn’t it? Café", "Grüße aus München. Schöne Straße!"],
    "iso8859-2": ["Cześć! Witajcie na moim kanale. Dzięki, że jesteście."],
    "iso8859-15": ["Ça coûte 5 €. À bientôt, cœur."],
    "iso2022_jp": ["こんにちは。これは私の最初の動画です。"],
    "cp850": ["Grüße aus München. Schöne Straße!"],
    "cp1251": ["Привет! Это мой первый ролик.", "Привет!", "Windows 11 — это система от Microsoft."],
    "koi8-r": ["Привет! Это мой первый ролик. Сегодня хорошая погода."],
    "cp866": ["Привет! Это мой первый ролик. Сегодня хорошая погода."],
    "cp1253": ["Καλημέρα! Αυτό είναι το πρώτο μου βίντεο."],
    "cp1255": ["שלום! זה הסרטון הראשון שלי."],
    "cp1256": ["مرحبا! هذا هو أول فيديو لي."],
    "cp874": ["สวัสดีครับ วันนี้อากาศดี"],
    "cp932": ["こんにちは。今日はいい天気ですね。", "Windowsを使います。"],
    "euc-jp": ["こんにちは。今日はいい天気ですね。"],
    "gb18030": ["你好，今天天气很好。我们去公园吧。", "我用Windows电脑。"],
    "big5": ["你好，今天天氣很好。我們去公園吧。", "我用Windows電腦。"],
    "cp949": ["안녕하세요. 오늘 날씨가 좋네요."],
    "utf-16-le": ["Hello there", "Grüße", "Привет! Это мой", "你好，今天天气很好。我们去公园吧。"],
    "utf-16-be": ["Hello there", "Привет! Это мой", "你好，今天天气很好。我们去公园吧。"],
}


@pytest.mark.parametrize(("encoding", "text"), [(encoding, text) for encoding in TEXTS for text in TEXTS[encoding]])
def test_a_text_is_read_as_its_letters_suggest_and_what_was_assumed_is_told(encoding: str, text: str) -> None:
    decoded = decode(text.encode(encoding))

    assert decoded is not None
    assert decoded[0] == text
    assert decoded[1]


@pytest.mark.parametrize("text", ["", "Hello.", "Grüße", "你好", "Hi 🙂", "Привет"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_nothing_is_assumed_about_utf_8(text: str, mark: str) -> None:
    assert decode((mark + text).encode()) == (text, "")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_nothing_is_assumed_where_a_mark_says_it(encoding: str) -> None:
    assert decode("\ufeffGrüße".encode(encoding)) == ("Grüße", "")


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)),
        b"\xff",
        b"\x80\x81",
        b"a\0b",
        b"\x7fELF\2\1\1\0\0\0\0\0",
        b"\xff\xfea",
        b"\xef\xbb\xbf\xff",
        b"caf\xe9 \x01\x02",
    ],
)
def test_bytes_that_are_no_letters_are_no_text(content: bytes) -> None:
    assert decode(content) is None
