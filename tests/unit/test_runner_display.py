import io
import json

from talkingshorts.display import JsonDisplay, PlainDisplay, TerminalDisplay, describe
from talkingshorts.events import (
    Cached,
    Ended,
    Event,
    NodeStarted,
    Notice,
    Progress,
    Queued,
    Result,
    Started,
    Submitted,
)

EVENTS: list[Event] = [
    Submitted("abc", "http://127.0.0.1:8188"),
    Queued(2),
    Started(),
    Cached(("Voice", "Portrait")),
    NodeStarted("3", "Draft video"),
    Progress("3", "Draft video", 50, 200, 75.0),
    Notice("Trying again."),
    Ended("completed", 8.14),
    Result("abc", ("out/short.mp4",), "out/short.json"),
]


def test_a_log_gets_one_line_for_each_node_and_none_for_its_steps() -> None:
    stream = io.StringIO()
    for event in EVENTS:
        PlainDisplay(stream).show(event)

    assert stream.getvalue().splitlines() == [
        "Job abc on http://127.0.0.1:8188",
        "In the queue: 2 ahead",
        "Unchanged since the last run: Voice, Portrait",
        "Draft video",
        "Trying again.",
        "Done in 8.1 s",
    ]


def test_a_program_gets_one_object_a_line() -> None:
    stream = io.StringIO()
    for event in EVENTS:
        JsonDisplay(stream).show(event)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == [
        "submitted",
        "queued",
        "started",
        "cached",
        "node_started",
        "progress",
        "notice",
        "ended",
        "result",
    ]
    assert lines[5] == {
        "event": "progress",
        "node_id": "3",
        "title": "Draft video",
        "step": 50,
        "total": 200,
        "eta_seconds": 75.0,
    }


def test_a_terminal_shows_title_bar_steps_time_left_and_cached_nodes_in_one_line() -> None:
    stream = io.StringIO()
    display = TerminalDisplay(stream)
    for event in EVENTS[3:6]:
        display.show(event)

    assert stream.getvalue().count("\n") == 0
    assert stream.getvalue().endswith("Draft video  █████░░░░░░░░░░░░░░░ 50/200  1:15 left  (2 cached)")


def test_a_terminal_keeps_what_is_worth_reading_again_and_leaves_a_clean_line() -> None:
    stream = io.StringIO()
    display = TerminalDisplay(stream)
    for event in EVENTS:
        display.show(event)
    display.close()

    assert stream.getvalue().count("\n") == 3
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_long_times_are_told_in_hours() -> None:
    text = describe(Progress("1", "Video", 1, 100, 7265.0))

    assert text is not None
    assert "2:01:05 left" in text


def test_the_next_in_the_queue_is_told_so() -> None:
    assert describe(Queued(0)) == "Next in the queue"
