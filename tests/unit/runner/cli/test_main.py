"""Exit codes, and what a failure looks like, whatever the command."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from support.command_line import run
from support.fakes.comfyui import FakeComfyUI


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["run"],
        ["run", "w.api.json", "--bogus"],
        ["run", "w.api.json", "--timeout", "-1"],
        ["run", "w.api.json", "--timeout", "0"],
        ["run", "w.api.json", "--timeout", "soon"],
        ["run", "w.api.json", "--timeout", "nan"],
        ["run", "w.api.json", "--time", "5"],
        ["run", "none.json"],
        ["run", "w.api.json", "-s", "width"],
        ["run", "w.api.json", "-s", "width=@none.txt"],
        ["run", "w.api.json", "-s", "width={env:NOT_SET_ANYWHERE}"],
        ["run", "w.api.json", "-i", "Save.filename_prefix=none.png"],
        ["run", "w.api.json", "-o", "w.api.json/x.png"],
        ["run", "w.api.json", "-o", "{frame}.png"],
        ["run", "w.api.json", "--server", "ftp://x"],
        ["make"],
        ["make", "--script", "Hi", "--size", "axb"],
        ["make", "--script", "Hi", "--quality", "great"],
        ["make", "--script", "Hi", "--voice", "no-such-file.wav"],
        ["make", "--script", "Hi", "--portrait", "no-such-file.png"],
        ["make", "--script", "Hi", "--portrait", "w.api.json", "--portrait-prompt", "a woman"],
        ["make", "--script", "@no-such-file.txt"],
        ["make", "--script", "Hi", "-o", "w.api.json/short.mp4"],
    ],
    ids=" ".join,
)
def test_a_malformed_command_line_ends_with_2_before_anything_is_submitted(
    fake: FakeComfyUI, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert fake.posted == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "w.api.json", "-s", "widht=5"], "did you mean width"),
        (["run", "w.api.json", "-s", "Blank.colour=5"], "did you mean color"),
        (["run", "w.api.json", "-s", "width=wide"], "'wide' is not a whole number"),
        (["run", "w.api.json", "-s", "width=9000"], "Allowed: 1 to 4096"),
        (["validate", "w.api.json", "-s", "Blank.color=-1"], "Allowed: 0 to 16777215"),
        (["submit", "w.api.json", "-s", "Blank.color=-1"], "Allowed: 0 to 16777215"),
        (["run", "unknown.json"], "no node class 'SaveImagee': did you mean SaveImage"),
        (["run", "canvas.json"], "Export (API)"),
        (["make", "--script", ""], "script is empty"),
        (["make", "--script", " \n "], "script is empty"),
        (["make", "--script", "Hi", "--size", "481x832"], "multiples of 16"),
        (["make", "--script", "Hi", "--size", "481x832"], "Try 480x832 or 496x832"),
        (["make", "--script", "Hi", "--size", "480x4096"], "16 to 2048"),
        (["make", "--script", "Hi", "--target-seconds", "-1"], "must be 0 or more"),
        (["make", "--script", "Hi", "--voice", "https://x/y", "--start", "-1"], "must be 0 or more"),
        (["make", "--script", "Hi", "--start", "-1"], "--start -1.0 is impossible"),
        (["make", "--script", "Hi", "--duration", "-4"], "--duration -4.0 is impossible"),
        (["make", "--script", "Hi", "--voice", "https://x/y", "--quality", "fast"], "--voice-rights"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_impossible_ends_with_3_and_says_why(
    fake: FakeComfyUI, tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "unknown.json").write_text('{"1": {"class_type": "SaveImagee", "inputs": {}}}')
    (tmp_path / "canvas.json").write_text('{"nodes": [], "links": []}')

    assert run(*arguments) == 3

    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert fake.posted == []


def test_an_answer_that_finds_no_room_ends_with_1_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)

        assert run("workflows", "list") == 1
        assert run("workflows", "show", "draught", "--json") == 2

    assert "The disk is full: No space left on device" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "code"), [("stdout", 0), ("stderr", 2)])
def test_a_stream_that_was_closed_at_the_start_takes_what_it_gets(
    name: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, name, None)

    assert run("workflows", *(["list"] if name == "stdout" else ["show", "draught"])) == code

    getattr(sys, name).close()
    assert capsys.readouterr() == ("", "")


def test_a_server_that_is_away_ends_with_5(fake: FakeComfyUI) -> None:
    assert run("run", "w.api.json", "--server", "http://127.0.0.1:1") == 5
    assert run("--server", "http://127.0.0.1:1", "run", "w.api.json") == 5


def test_an_error_is_an_event_too_with_json(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    run("run", "w.api.json", "-s", "widht=5", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert (answer["event"], answer["exit_code"]) == ("error", 3)


def test_a_request_to_terminate_does_what_an_interrupt_does(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.status = "in_progress"
    monkeypatch.setattr("talkingshorts.jobs.run.follow", lambda *_: os.kill(os.getpid(), signal.SIGTERM))

    assert run("run", "w.api.json") == 130

    assert fake.cancelled == [fake.posted[0]["prompt_id"]]


def test_a_failed_node_ends_with_4_and_hides_its_traceback(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.status = "failed"
    fake.error = {"node_id": "2", "exception_message": "Out of memory\n", "traceback": ["  File x\n"]}

    assert run("run", "w.api.json") == 4
    brief = capsys.readouterr().err
    assert run("run", "w.api.json", "-v") == 4

    assert "EmptyImage 'Blank' (#2): Out of memory\n" in brief
    assert "File x" not in brief
    assert "File x" in capsys.readouterr().err
