import io
import json
import re

import pytest
from talkingshorts.display import batch
from talkingshorts.display.batch import JsonLines, Table
from talkingshorts.display.batch_events import (
    BatchEvent,
    BatchProgress,
    RowDone,
    RowEvent,
    RowFailed,
    RowKept,
    RowPutBack,
    ServerLost,
    ServerReady,
)
from talkingshorts.display.events import Created, Event, NodeStarted, Notice, Progress, Queued
from talkingshorts.display.terminal import count_cells


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "count_columns", lambda stream: 100)


def show(display: JsonLines | Table, *events: BatchEvent) -> None:
    for event in events:
        display.show(event)


def on(server: str, row: int, event: Event) -> RowEvent:
    return RowEvent(row, server, event)


def draw(*events: BatchEvent, servers: tuple[str, ...] = ("one", "three")) -> list[str]:
    table = Table(io.StringIO(), list(servers))
    show(table, *events)
    return table.describe()


def test_the_table_says_what_each_server_does_and_how_the_whole_stands() -> None:
    lines = draw(
        ServerReady("one", "http://one"),
        ServerReady("three", "http://three"),
        on("one", 1, Created("id", "http://one")),
        on("one", 1, Progress("7", "Make Talking Video", 12, 40, 70.0)),
        on("one", 2, Created("id", "http://one")),
        on("one", 2, Queued(0)),
        BatchProgress(3, 1, 6, 125.0),
    )

    assert lines == [
        "one    row 1  Make Talking Video  ███░░░░░░░ 12/40  1:10 left  (then row 2)",
        "three  idle",
        "████████████░░░░░░░░░░░░░░░░░░ 3 of 10 done, 1 failed, 6 left  about 2:05 left",
    ]


def test_a_narrow_terminal_gets_words_in_place_of_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "count_columns", lambda stream: 40)

    assert draw(BatchProgress(3, 0, 6, 125.0))[-1] == "3 of 9 done, 6 left  about 2:05 left"


TERMINAL_LINES = 24
ROWS = [
    *(on("one", row, Progress("7", "Make Talking Video with 画面", row, 40, 70.0)) for row in range(1, 9)),
    *(RowKept(row, (f"out/{row}.mp4",)) for row in range(9, 40)),
    RowFailed(40, "one", "no memory " * 30),
    RowEvent(41, "one", Notice("told " * 60)),
]


@pytest.mark.parametrize("columns", [20, 30, 40, 79, 80, 81, 120, 200])
@pytest.mark.parametrize("servers", [(), ("one",), ("one", *(f"gpu{number}.example:8188" for number in range(30)))])
@pytest.mark.parametrize("events", [[], ROWS[:1], ROWS], ids=["none", "one", "many"])
def test_none_one_and_many_rows_fit_any_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int, servers: tuple[str, ...], events: list[BatchEvent]
) -> None:
    monkeypatch.setattr(batch, "count_columns", lambda stream: columns)
    monkeypatch.setenv("LINES", str(TERMINAL_LINES))
    screen = io.StringIO()
    table = Table(screen, list(servers))

    shown = events if servers else [event for event in events if isinstance(event, RowKept)]
    show(table, *shown, BatchProgress(len(shown), 0, 0, None))

    height = min(len(table.describe()), TERMINAL_LINES - 1)
    drawn = visible(screen.getvalue())[-height:]
    assert all(count_cells(line) < columns for line in drawn)
    table.close()
    assert visible(screen.getvalue())[-1] == f"{len(shown)} of {len(shown)} done"


def test_a_server_that_is_away_says_why_until_it_is_back() -> None:
    away = [ServerReady("one", ""), ServerLost("one", "can't be reached")]

    assert draw(servers=("one",)) == ["one  connecting"]
    assert draw(*away, servers=("one",)) == ["one  away: can't be reached"]
    assert draw(*away, ServerReady("one", ""), servers=("one",)) == ["one  idle"]


@pytest.mark.parametrize("end", [RowDone(1, "one", ()), RowFailed(1, "one", "no"), RowPutBack(1, "one", "lost")])
def test_a_row_that_has_ended_leaves_the_table(end: BatchEvent) -> None:
    events = [ServerReady("one", ""), on("one", 1, NodeStarted("1", "Save")), end]

    assert draw(*events[:2], servers=("one",)) == ["one  row 1  Save"]
    assert draw(*events, servers=("one",)) == ["one  idle"]


def test_the_table_is_drawn_over_and_paths_and_news_stay_above_it() -> None:
    screen, answers = io.StringIO(), io.StringIO()
    table = Table(screen, ["one"], answers)
    show(
        table,
        ServerReady("one", ""),
        BatchProgress(0, 0, 2, None),
        RowDone(1, "one", ("out/1.png",)),
        RowFailed(2, "one", "no memory"),
        BatchProgress(1, 1, 0, 0.0),
    )
    table.close()

    assert answers.getvalue() == "out/1.png\n"
    assert "row 2 failed: no memory\n" in screen.getvalue()
    assert visible(screen.getvalue()) == ["row 2 failed: no memory", "1 of 2 done, 1 failed"]


def visible(written: str) -> list[str]:
    """Return the lines that a terminal shows in the end."""
    lines: list[str] = []
    for ups, text in re.findall(r"\x1b\[(\d+)F\x1b\[J|([^\n]*)\n", written):
        lines = lines[: -int(ups)] if ups else [*lines, text]
    return lines


def test_steps_are_drawn_some_times_a_second() -> None:
    clock, screen = Clock(), io.StringIO()
    table = Table(screen, ["one"], clock=clock)
    table.show(on("one", 1, Progress("1", "Sample", 1, 9, None)))
    drawn = len(screen.getvalue())

    table.show(on("one", 1, Progress("1", "Sample", 2, 9, None)))
    assert len(screen.getvalue()) == drawn
    clock.now = 1.0
    table.show(on("one", 1, Progress("1", "Sample", 3, 9, None)))
    assert "3/9" in screen.getvalue()[drawn:]


def test_what_comes_from_a_server_steers_no_terminal() -> None:
    screen = io.StringIO()
    show(
        Table(screen, ["one"]),
        on("one", 1, NodeStarted("1", "\x1b[31mred")),
        on("one", 1, Notice("\x1b[2J")),
        RowFailed(1, "one", "\x1b]0;x\x07"),
    )

    assert set(re.findall(r"\x1b.\d*\w?", screen.getvalue())) <= {"\x1b[1F", "\x1b[J"}


def test_a_log_gets_one_json_object_a_line_and_stdout_the_paths() -> None:
    log, answers = io.StringIO(), io.StringIO()
    show(
        JsonLines(log, answers),
        RowKept(1, ("out/1.png",)),
        on("one", 2, Created("id", "http://one")),
        RowDone(2, "one", ("out/2.png", "out/2-2.png")),
    )

    assert [json.loads(line) for line in log.getvalue().splitlines()] == [
        {"event": "row_kept", "row": 1, "files": ["out/1.png"]},
        {"event": "created", "job_id": "id", "server": "one", "row": 2},
        {"event": "row_done", "row": 2, "server": "one", "files": ["out/2.png", "out/2-2.png"]},
    ]
    assert answers.getvalue() == "out/1.png\nout/2.png\nout/2-2.png\n"


def test_a_log_tells_a_rows_steps_once_a_second() -> None:
    clock, log = Clock(), io.StringIO()
    display = JsonLines(log, clock=clock)
    for step, now in enumerate((0.0, 0.5, 1.0, 1.2), start=1):
        clock.now = now
        display.show(on("one", 1, Progress("1", "Sample", step, 9, None)))
        display.show(on("two", 2, Progress("1", "Sample", step, 9, None)))

    told = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["row"], line["step"]) for line in told] == [(1, 1), (2, 1), (1, 3), (2, 3)]
