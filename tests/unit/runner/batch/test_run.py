import json
import os
import pty
import re
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fakes.comfyui import GRAPH, FakeComfyUI, serve_fake_comfyui
from talkingshorts.batch import retry
from talkingshorts.cli.main import main
from talkingshorts.jobs import submit

OUT_OF_MEMORY = {"node_id": "2", "exception_type": "torch.OutOfMemoryError", "exception_message": "Allocation failed"}
FAILURE = {"node_id": "2", "exception_type": "ValueError", "exception_message": "no such thing"}

Batch = Callable[..., int]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "ARRIVAL_SECONDS", 0.0)
    monkeypatch.setattr(retry, "ROW_RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))


@pytest.fixture
def fake(fake: FakeComfyUI) -> FakeComfyUI:
    """Return the server that the environment names, with a table beside its graph."""
    Path("jobs.csv").write_text("width\n64\n65\n66\n")
    return fake


@pytest.fixture
def other(fake: FakeComfyUI) -> Iterator[FakeComfyUI]:
    with serve_fake_comfyui() as comfyui:
        yield comfyui


def batch(*arguments: str) -> int:
    try:
        return main(("batch", "w.api.json", "jobs.csv", *arguments))
    except SystemExit as error:
        return int(error.code or 0)


def widths(fake: FakeComfyUI) -> list[int]:
    return [body["prompt"]["1"]["inputs"]["value"] for body in fake.posted]


def test_each_row_is_run_and_its_result_printed(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch() == 0

    assert sorted(widths(fake)) == [64, 65, 66]
    captured = capsys.readouterr()
    assert sorted(captured.out.splitlines()) == [f"out/w-000{row}.png" for row in (1, 2, 3)]
    assert all(Path(line).read_bytes() == b"picture" for line in captured.out.splitlines())
    assert json.loads(Path("out/w-0002.json").read_text())["inputs"]["width"] == 65
    assert all(json.loads(line) for line in captured.err.splitlines())


def test_the_servers_are_asked_about_the_classes_once_however_many_rows(fake: FakeComfyUI) -> None:
    Path("jobs.csv").write_text("width\n" + "".join(f"{width}\n" for width in range(1, 41)))
    asked: list[str] = []
    fake.on_ask = asked.append

    assert batch() == 0
    assert len([path for path in asked if path.startswith("/object_info")]) == 3


def test_the_same_command_makes_nothing_again_and_gives_the_same_answer(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    batch()
    first = capsys.readouterr().out
    posted = len(fake.posted)

    assert batch() == 0
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(first.splitlines())
    assert len(fake.posted) == posted


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_on_a_terminal_too(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    first, again = [_run_on_terminal(monkeypatch, columns) for _ in range(2)]

    assert first[-1] == again[-1] == "3 of 3 done"
    assert len(fake.posted) == 3


def _run_on_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> list[str]:
    """Return the lines that a batch leaves on a terminal so wide."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    with os.fdopen(controller, "rb", buffering=0) as screen, monkeypatch.context() as patch:
        with os.fdopen(terminal, "w", encoding="utf-8") as stderr:
            patch.setattr(sys, "stderr", stderr)
            assert batch() == 0
        written = screen.read(1 << 16).decode()
    return re.sub(r"\x1b\[\d*\w", "", written).splitlines()


def test_a_batch_that_is_done_needs_no_server(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> None:
    batch()
    monkeypatch.setenv("TALKINGSHORTS_SERVER", "http://127.0.0.1:9")

    assert batch() == 0


def test_only_a_changed_row_is_made_anew_in_place_of_the_old_one(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    batch()
    Path("jobs.csv").write_text("width\n64\n99\n66\n")

    assert batch() == 0
    assert widths(fake)[3:] == [99]
    told = "1 row of earlier runs is no longer in the table: what it made is kept."
    assert told in capsys.readouterr().err


def test_rows_that_are_gone_are_counted(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    batch()
    Path("jobs.csv").write_text("width\n64\n")

    assert batch() == 0
    told = "2 rows of earlier runs are no longer in the table: what they made is kept."
    assert told in capsys.readouterr().err


def test_a_row_whose_result_was_deleted_is_made_again(fake: FakeComfyUI) -> None:
    batch()
    Path("out/w-0003.png").unlink()

    assert batch() == 0
    assert widths(fake)[3:] == [66]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("widht\n1\n", "row 1 (line 2): The workflow w.api.json has no input 'widht': did you mean width?"),
        ("width\n1\nwide\n", "row 2 (line 3): width: 'wide' is not a whole number."),
        ("width\n1\n1,2\n", "row 2 (line 3): it has 2 cells; the header has 1."),
        ("width\n0\n", "row 1 (line 2): EmptyImage 'Blank' (#2): width (from PrimitiveInt 'width' (#1)) = 0 is out"),
    ],
)
def test_nothing_runs_when_a_row_is_bad(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str], table: str, reason: str
) -> None:
    Path("jobs.csv").write_text(table)

    assert batch() == 3
    assert reason in capsys.readouterr().err
    assert fake.posted == []


def test_a_wrong_cell_and_a_short_row_are_told_together(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    Path("jobs.csv").write_text("width,script\nwide,Hi\n64\nwider,Hi\n")
    named = {**GRAPH, "4": {"class_type": "PrimitiveString", "inputs": {"value": ""}, "_meta": {"title": "script"}}}
    Path("w.api.json").write_text(json.dumps(named))

    assert batch() == 3
    assert sorted(capsys.readouterr().err.splitlines()) == [
        "talkingshorts: row 1 (line 2): width: 'wide' is not a whole number.",
        "talkingshorts: row 2 (line 3): it has 1 cell; the header has 2.",
        "talkingshorts: row 3 (line 4): width: 'wider' is not a whole number.",
    ]


def test_a_file_that_is_in_the_way_stays_as_it_is(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/w-0002.png").write_text("mine")

    assert batch() == 3
    assert "row 2: its result would overwrite" in capsys.readouterr().err
    assert (fake.posted, Path("out/w-0002.png").read_text()) == ([], "mine")

    assert batch("--overwrite") == 0
    assert Path("out/w-0002.png").read_bytes() == b"picture"


def test_failed_rows_are_listed_with_their_reasons(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    fake.status, fake.error = "failed", FAILURE

    assert batch("--keep-going") == 8
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("talkingshorts: ")]
    assert told == [
        *(f"talkingshorts: row {row} failed: EmptyImage 'Blank' (#2): no such thing" for row in (1, 2, 3)),
        "talkingshorts: 3 of 3 rows failed. The same command tries them again.",
    ]
    assert len(fake.posted) == 3


def test_without_keep_going_the_first_failure_is_the_last(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("jobs.csv").write_text("width\n" + "".join(f"{width}\n" for width in range(1, 41)))
    fake.status, fake.error = "failed", FAILURE

    assert batch() == 8
    assert len(fake.posted) <= 3
    assert "weren't run after the first failure: --keep-going runs them." in capsys.readouterr().err


def test_failed_rows_are_tried_again_by_the_same_command(fake: FakeComfyUI) -> None:
    fake.status, fake.error = "failed", FAILURE
    batch("--keep-going")
    fake.status, fake.error = "completed", None

    assert batch() == 0
    assert sorted(widths(fake)) == [64, 64, 65, 65, 66, 66]


def test_json_tells_what_failed_in_a_machine_readable_way(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.status, fake.error = "failed", FAILURE

    batch("--keep-going", "--json")

    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    failed = sorted(event["row"] for event in events if event["event"] == "row_failed")
    assert failed == [1, 2, 3]
    assert (events[-1]["event"], events[-1]["exit_code"], events[-1]["kind"]) == ("error", 8, "PartialBatchError")


def test_a_job_that_ran_out_of_memory_is_tried_on_the_other_server(
    fake: FakeComfyUI, other: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.status, fake.error = "failed", OUT_OF_MEMORY

    assert batch("--server", fake.url, "--server", other.url) == 0
    assert set(widths(other)) == {64, 65, 66}


def test_a_server_that_fails_on_a_graph_each_time_loses_it_to_another(fake: FakeComfyUI, other: FakeComfyUI) -> None:
    fake.prompt_status, fake.prompt_text = 500, "boom"

    assert batch("--server", f"{fake.url},{other.url}") == 0
    assert set(widths(other)) == {64, 65, 66}


def test_a_job_that_its_server_refuses_is_not_tried_again(
    fake: FakeComfyUI, other: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    for server in (fake, other):
        server.prompt_status, server.prompt_answer = 400, {"error": {"message": "never"}, "node_errors": {}}
        server.on_prompt = lambda: asked.append("prompt")

    assert batch("--server", fake.url, "--server", other.url, "--keep-going") == 8
    assert len(asked) == 3


def test_a_server_that_is_away_is_done_without(fake: FakeComfyUI) -> None:
    assert batch("--server", "http://127.0.0.1:9", "--server", fake.url) == 0
    assert sorted(widths(fake)) == [64, 65, 66]


def test_no_server_at_all_ends_with_5_before_anything(fake: FakeComfyUI) -> None:
    assert batch("--server", "http://127.0.0.1:9") == 5


def test_rows_that_would_take_each_others_place_are_refused(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch("-o", "out/{name}.png") == 3
    assert "put {row} into -o" in capsys.readouterr().err
    assert batch("-o", "out/{row}_{width}.png") == 0
    assert Path("out/2_65.png").exists()


def test_files_beside_the_table_are_uploaded_once_for_all_rows(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: dict[str, Any] = {
        **GRAPH,
        "4": {"class_type": "PrimitiveString", "inputs": {"value": ""}, "_meta": {"title": "voice_source"}},
    }
    Path("w.api.json").write_text(json.dumps(named))
    Path("me.wav").write_bytes(b"voice")
    Path("jobs.csv").write_text("width,voice_source\n" + "".join(f"{row},me.wav\n" for row in range(1, 9)))

    assert batch() == 0
    assert 1 <= len(fake.uploaded) <= 2
    assert {body["prompt"]["4"]["inputs"]["value"].startswith("me-") for body in fake.posted} == {True}


@pytest.mark.parametrize("name", ["jobs.csv", "w.api.json", "jobs.xlsx"])
def test_a_file_that_can_not_be_read_ends_with_2(fake: FakeComfyUI, name: str) -> None:
    Path(name).unlink(missing_ok=True)

    assert main(("batch", "w.api.json", "jobs.xlsx" if name == "jobs.xlsx" else "jobs.csv")) == 2
