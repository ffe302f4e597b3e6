from __future__ import annotations

from itertools import chain

import pytest
from comfyui_talkingshorts.core.dialogue import Line
from comfyui_talkingshorts.core.speech_chunks import LONGEST_CHUNK_SECONDS, plan_chunks
from comfyui_talkingshorts.core.speech_length import estimate_seconds

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
