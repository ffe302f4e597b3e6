# ruff: noqa: RUF001 (the punctuation of Chinese)
from __future__ import annotations

from comfyui_talkingshorts.core.script.words import count_words, split_words


def test_words_are_counted_and_characters_where_no_spaces_are_written() -> None:
    assert count_words("Don't pay $5.99 — it's too much.") == 6
    assert count_words("你好，世界 ok") == 5
    assert count_words("我用iPhone 15") == 4


def test_words_keep_their_marks_and_lose_what_stands_around_them() -> None:
    assert split_words("-half-smile-, don't (हँसता) 2x 'quoted' ---") == ["half-smile", "don't", "हँसता", "x", "quoted"]
