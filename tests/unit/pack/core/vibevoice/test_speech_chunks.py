from __future__ import annotations

from itertools import chain

import pytest
from comfyui_talkingshorts.core.script.dialogue import Line
from comfyui_talkingshorts.core.script.speech_length import estimate_seconds
from comfyui_talkingshorts.core.vibevoice.speech_chunks import (
    LONGEST_CHUNK_SECONDS,
    LONGEST_LINE_SECONDS,
    cut_long_line,
    plan_chunks,
)

SENTENCE = "Three small habits changed how I work every day, and the first takes less than a minute."


def seconds_of(lines: tuple[Line, ...]) -> float:
    return sum(estimate_seconds(line.text) for line in lines)


def monologue(*lengths: int) -> list[Line]:
    """Return a line of about so many seconds for each length."""
    return [Line(0, "a" * 15 * length) for length in lengths]


@pytest.mark.parametrize("lines", [monologue(1), monologue(44), monologue(20, 25), monologue(*[1] * 45)])
def test_a_script_of_up_to_45_seconds_stays_whole(lines: list[Line]) -> None:
    assert plan_chunks(lines) == [tuple(lines)]


@pytest.mark.parametrize("count", [8, 9, 40, 333])
def test_every_line_is_in_one_chunk_and_the_order_stays(count: int) -> None:
    lines = [Line(index % 3, f"{index}. {SENTENCE}") for index in range(count)]

    assert list(chain.from_iterable(plan_chunks(lines))) == lines


@pytest.mark.parametrize("count", [9, 40, 333])
def test_chunks_are_few_and_of_about_the_same_length(count: int) -> None:
    chunks = plan_chunks([Line(0, SENTENCE)] * count)

    lengths = [seconds_of(chunk) for chunk in chunks]
    sentence_seconds = estimate_seconds(SENTENCE)
    assert len(chunks) - 1 < sum(lengths) / LONGEST_CHUNK_SECONDS <= len(chunks)
    assert max(lengths) <= LONGEST_CHUNK_SECONDS + sentence_seconds
    assert max(lengths) - min(lengths) < 2 * sentence_seconds


def test_a_little_more_than_a_chunk_is_cut_in_halves() -> None:
    lines = monologue(*[1] * 46)

    assert [len(chunk) for chunk in plan_chunks(lines)] == [23, 23]


def test_a_line_is_never_cut_and_no_chunk_is_empty() -> None:
    long, short = monologue(200, 3)

    assert plan_chunks([long]) == [(long,)]
    assert plan_chunks([short, long, short]) == [(short,), (long,), (short,)]
    assert all(plan_chunks([long, long, short]))


def test_chunks_break_between_lines_whoever_speaks() -> None:
    lines = [Line(index % 2, SENTENCE) for index in range(20)]

    first, *_ = plan_chunks(lines)

    assert {line.speaker for line in first} == {0, 1}


def test_a_line_of_up_to_30_seconds_stays_whole() -> None:
    text = "a" * 15 * 30

    assert cut_long_line(text) == [text]


@pytest.mark.parametrize("words", ["one two three four five", "one two, three four five", "今天 天气 很好"])
def test_a_longer_line_is_cut_between_words(words: str) -> None:
    text = " ".join([words] * 400)

    parts = cut_long_line(text)

    assert " ".join(parts) == text
    assert max(map(estimate_seconds, parts)) <= LONGEST_LINE_SECONDS
    assert min(map(estimate_seconds, parts)) > LONGEST_LINE_SECONDS / 4


def test_a_longer_line_is_cut_at_a_comma_where_there_is_one_near_its_middle() -> None:
    text = f"{'eight words ' * 20}and then, {'after the comma ' * 16}".strip()

    assert [part[-9:] for part in cut_long_line(text)] == ["and then,", "the comma"]


@pytest.mark.parametrize("letter", ["a", "好", "1"])
def test_letters_without_end_are_cut_as_well(letter: str) -> None:
    text = letter * 50_000

    parts = cut_long_line(text)

    assert "".join(parts) == text
    assert max(map(estimate_seconds, parts)) <= LONGEST_LINE_SECONDS
