import io
import json
import os
import pty
import re
import subprocess
import sys

import pytest
from support.checkout import RUNNER
from talkingshorts.display import terminal
from talkingshorts.display.events import (
    Cached,
    Created,
    Downloading,
    Ended,
    Event,
    ModelFailed,
    ModelReady,
    ModelsProgress,
    NodeStarted,
    Notice,
    Progress,
    Queued,
    Result,
    Started,
    Submitted,
    Uploading,
)
from talkingshorts.display.terminal import (
    JsonDisplay,
    PlainDisplay,
    TerminalDisplay,
    clearing,
    count_cells,
    describe,
    make_printable,
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


def read_screen(stream: io.StringIO) -> list[str]:
    """Return the lines that stand on a terminal after all this was written to it."""
    return [line.rpartition("\r\x1b[2K")[2] for line in stream.getvalue().split("\n")]


def draw(event: Event, columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(terminal, "count_columns", lambda stream: columns)
    stream = io.StringIO()
    TerminalDisplay(stream).show(event)
    return read_screen(stream)[-1]


def test_a_log_gets_one_line_for_each_node_and_none_for_its_steps() -> None:
    stream = io.StringIO()
    for event in EVENTS:
        PlainDisplay(stream).show(event)

    assert stream.getvalue().splitlines() == [
        "Job abc on http://127.0.0.1:8188",
        "In the queue: 2 ahead",
        "Kept from an earlier run: Voice, Portrait",
        "Draft video",
        "Trying again.",
        "Done in 8.1 s",
    ]


def test_a_log_names_a_node_that_comes_back_once_in_each_job() -> None:
    stream = io.StringIO()
    display = PlainDisplay(stream)
    for _ in range(2):
        display.show(Created("abc", "http://127.0.0.1:8188"))
        for node_id, title in (("15", "Portrait"), ("14", "Draft portrait"), ("15", "Portrait"), ("16", "Portrait")):
            display.show(NodeStarted(node_id, title))

    assert stream.getvalue().splitlines() == 2 * ["Portrait", "Draft portrait", "Portrait"]


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
    display.clear()

    assert read_screen(stream) == ["Job abc on http://127.0.0.1:8188", "Trying again.", "Done in 8.1 s", ""]


def test_what_others_write_finds_a_clean_line_and_the_display_goes_on_below_it() -> None:
    stream = io.StringIO()
    display = TerminalDisplay(stream)
    with clearing(display):
        display.show(EVENTS[5])
    stream.write("Said by another.\n")
    with clearing(display):
        display.show(EVENTS[5])

    assert stream.getvalue().count("Draft video") == 2
    assert read_screen(stream) == ["Said by another.", ""]


def test_a_program_that_is_killed_leaves_the_cursor_to_be_seen() -> None:
    stream = io.StringIO()
    TerminalDisplay(stream).show(EVENTS[5])

    assert set(re.findall(r"\x1b.\d*\w?", stream.getvalue())) == {"\x1b[2K"}, "nothing that has to be undone"


def test_long_times_are_told_in_hours() -> None:
    text = describe(Progress("1", "Video", 1, 100, 7265.0))

    assert text is not None
    assert "2:01:05 left" in text


def test_the_next_in_the_queue_is_told_so() -> None:
    assert describe(Queued(0)) == "Next in the queue"


@pytest.mark.parametrize("columns", [100, 80, 60, 40, 30, 12, 2])
@pytest.mark.parametrize("title", ["Draft video", "生成说话人的短视频", "👩🏽 portrait", "n" * 200])
def test_a_line_never_wraps(title: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for event in (
        NodeStarted("3", title),
        Progress("3", title, 1250, 5000, 4000.0),
        Downloading(title, 10**7, 10**8),
        Uploading(title, 10**9),
    ):
        assert 0 < count_cells(draw(event, columns, monkeypatch)) < columns


def test_a_narrow_terminal_keeps_the_numbers_and_gives_up_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress("3", "Draft video", 50, 200, 75.0)

    assert draw(progress, 60, monkeypatch) == "Draft video  █████░░░░░░░░░░░░░░░ 50/200  1:15 left"
    assert draw(progress, 44, monkeypatch) == "Draft video  ██░░░░░░░░ 50/200  1:15 left"
    assert draw(progress, 40, monkeypatch) == "Draft video  50/200  1:15 left"
    assert draw(progress, 20, monkeypatch) == "Draft video  50/20…"


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert [count_cells(text) for text in ("abc", "短视频", "é", "e\u0301", "👍")] == [3, 6, 1, 1, 2]


def test_a_title_can_not_steer_the_terminal() -> None:
    assert make_printable("a\x1b[2Jb\nc\x9b1m\u202ed") == "a [2Jb c 1m d"


def test_a_log_has_no_control_codes_and_hears_of_long_nodes_now_and_then() -> None:
    stream, now = io.StringIO(), 0.0
    log = PlainDisplay(stream, clock=lambda: now)
    log.show(NodeStarted("3", "Video\x1b[31m"))
    for now in (10.0, 20.0, 31.0, 40.0, 62.0):
        log.show(Progress("3", "Video", round(now), 100, 100 - now))

    assert "\x1b" not in stream.getvalue()
    assert [line.partition("  ")[0] for line in stream.getvalue().splitlines()] == ["Video [31m", "Video", "Video"]


def test_json_is_plain_ascii_whatever_the_locale() -> None:
    stream = io.StringIO()
    JsonDisplay(stream).show(NodeStarted("3", "短视频\ud800"))

    assert stream.getvalue().isascii()
    assert json.loads(stream.getvalue())["title"] == "短视频\ud800"


def test_what_only_programs_care_about_is_no_line() -> None:
    assert describe(Created("abc", "http://127.0.0.1:8188")) is None


def test_the_width_is_that_of_the_terminal_which_is_written_to() -> None:
    program = (
        "import fcntl, struct, sys, termios; from talkingshorts.display.terminal import count_columns\n"
        "fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 43, 0, 0)); print(count_columns(sys.stderr))"
    )
    parent, child = pty.openpty()
    runner = RUNNER
    done = subprocess.run([sys.executable, "-c", program], cwd=runner, stdout=subprocess.PIPE, stderr=child, text=True)
    os.close(parent)
    os.close(child)

    assert done.stdout == "43\n"


def test_files_on_their_way_are_told_with_their_size() -> None:
    assert describe(Uploading("a.wav", 3_200_000)) == "Uploading a.wav (3.2 MB)"
    assert describe(Downloading("a.mp4", 10, None)) == "Downloading a.mp4  1 kB"
    assert describe(Downloading("a.mp4", 500_000, 2_000_000), 4) == "Downloading a.mp4  █░░░ 500 kB of 2.0 MB"


def test_several_models_under_way_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    event = ModelsProgress("downloaded", ("vae/a", "vae/b", "loras/c"), 5 * 10**9, 20 * 10**9, 75.0)

    assert draw(event, 100, monkeypatch) == (
        "vae/a and 2 more  █████░░░░░░░░░░░░░░░ 5.0 GB of 20.0 GB downloaded  1:15 left"
    )
    assert describe(ModelsProgress("checked", (), 0, 1, None)) is None


def test_the_end_of_a_model_stays_on_the_screen() -> None:
    stream = io.StringIO()
    screen = TerminalDisplay(stream)
    screen.show(ModelsProgress("downloaded", ("vae/a",), 1, 2, None))
    screen.show(ModelReady("vae/a", "/models/vae/a", 253_815_318, None))
    screen.show(ModelFailed("vae/b", "The download of vae/b broke off."))

    assert read_screen(stream) == ["vae/a is there (253.8 MB)", "The download of vae/b broke off.", ""]
