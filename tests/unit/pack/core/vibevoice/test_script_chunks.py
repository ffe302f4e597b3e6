from __future__ import annotations

from itertools import chain

import pytest
from comfyui_talkingshorts.core.script.prepared import PreparedLine, PreparedScript
from comfyui_talkingshorts.core.script.speech_length import estimate_seconds
from comfyui_talkingshorts.core.vibevoice.script_chunks import (
    LONGEST_CHUNK_SECONDS,
    LONGEST_LINE_SECONDS,
    chunk_script,
    cut_long_line,
    split_at_silences,
)

SENTENCE = "Three small habits changed how I work every day, and the first takes less than a minute."


def script_of(*lines: PreparedLine) -> PreparedScript:
    return PreparedScript.from_lines(lines, "en-us")


def monologue(*lengths: int) -> PreparedScript:
    """Return a script with a line of about so many seconds for each length."""
    return script_of(*(PreparedLine(0, "a" * 15 * length, "en-us") for length in lengths))


def dialogue(count: int) -> PreparedScript:
    return script_of(*(PreparedLine(index % 3, f"{index}. {SENTENCE}", "en-us") for index in range(count)))


@pytest.mark.parametrize("script", [monologue(1), monologue(44), monologue(20, 25), monologue(*[1] * 45)])
def test_a_script_of_up_to_45_seconds_stays_whole(script: PreparedScript) -> None:
    assert chunk_script(script) == [script]


@pytest.mark.parametrize("count", [8, 9, 40, 333])
def test_every_line_is_in_one_chunk_and_the_order_stays(count: int) -> None:
    script = dialogue(count)

    assert tuple(chain.from_iterable(chunk.lines for chunk in chunk_script(script))) == script.lines


@pytest.mark.parametrize("count", [9, 40, 333])
def test_chunks_are_few_and_of_about_the_same_length(count: int) -> None:
    chunks = chunk_script(script_of(*[PreparedLine(0, SENTENCE, "en-us")] * count))

    lengths = [sum(line.seconds for line in chunk.lines) for chunk in chunks]
    sentence_seconds = estimate_seconds(SENTENCE)
    assert len(chunks) - 1 < sum(lengths) / LONGEST_CHUNK_SECONDS <= len(chunks)
    assert max(lengths) <= LONGEST_CHUNK_SECONDS + sentence_seconds
    assert max(lengths) - min(lengths) < 2 * sentence_seconds


def test_a_little_more_than_a_chunk_is_cut_in_halves() -> None:
    assert [len(chunk.lines) for chunk in chunk_script(monologue(*[1] * 46))] == [23, 23]


def test_a_line_is_never_cut_and_no_chunk_is_empty() -> None:
    long, short = monologue(200, 3).lines

    def chunk(*lines: PreparedLine) -> list[tuple[PreparedLine, ...]]:
        return [part.lines for part in chunk_script(script_of(*lines))]

    assert chunk(long) == [(long,)]
    assert chunk(short, long, short) == [(short,), (long,), (short,)]
    assert all(chunk(long, long, short))


def test_chunks_break_between_lines_whoever_speaks() -> None:
    first, *_ = chunk_script(dialogue(20))

    assert {line.speaker for line in first.lines} == {0, 1, 2}


def test_a_chunk_is_in_the_language_of_its_longest_line_and_knows_how_long_it_takes() -> None:
    german, chinese = PreparedLine(0, "Wort " * 120, "de"), PreparedLine(0, "好" * 200, "cmn")
    hi = PreparedLine(0, "Hi.", "en-us")

    first, second = chunk_script(script_of(hi, german, chinese, hi))

    assert [first.language, second.language] == ["de", "cmn"]
    assert first.seconds == estimate_seconds(first.text)


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


def test_a_script_without_silences_is_one_passage() -> None:
    script = dialogue(9)

    assert split_at_silences(script) == [script]


def test_a_passage_ends_where_silence_is_asked_for_and_is_in_its_own_language() -> None:
    first = PreparedLine(0, "Hi.", "en-us", silence_seconds=1.0)
    second = PreparedLine(0, "Guten Tag.", "de", silence_seconds=2.0)
    script = script_of(first, second, first, first)

    passages = split_at_silences(script)

    assert [passage.lines for passage in passages] == [(first,), (second,), (first,), (first,)]
    assert [passage.language for passage in passages] == ["en-us", "de", "en-us", "en-us"]
