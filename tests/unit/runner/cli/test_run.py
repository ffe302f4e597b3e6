import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command_line import run
from support.fakes.comfyui import FakeComfyUI, describe_nodes
from talkingshorts.cli import running
from talkingshorts.comfyui.client import Job
from talkingshorts.display.events import Progress
from talkingshorts.display.terminal import CLEAR_LINE, TerminalDisplay
from talkingshorts.shipped.workflows import find_workflow
from talkingshorts.workflow.file import load_workflow


def test_a_run_prints_the_path_and_nothing_else_on_stdout(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "w.api.json", "-s", "width=32", "-s", "Blank.color=7", "-o", "new/x.png") == 0

    assert capsys.readouterr().out == "new/x.png\n"
    assert (tmp_path / "new" / "x.png").read_bytes() == b"picture"
    posted = fake.posted[0]["prompt"]
    assert (posted["1"]["inputs"]["value"], posted["2"]["inputs"]["color"]) == (32, 7)


def test_json_lines_replace_the_paths(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    run("run", "w.api.json", "-o", "x.png", "--json")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["created", "submitted", "ended", "result"]
    assert lines[-1]["files"] == ["x.png"]


def test_a_detached_run_prints_its_id(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "w.api.json", "--detach") == 0

    captured = capsys.readouterr()
    assert captured.out.strip() == fake.posted[0]["prompt_id"]
    assert f"talkingshorts wait {fake.posted[0]['prompt_id']}" in captured.err


def test_a_file_is_uploaded_and_its_name_is_set(fake: FakeComfyUI, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")

    assert run("run", "w.api.json", "-i", "Blank.label=a.png", "-o", "x.png") == 0

    label = fake.posted[0]["prompt"]["2"]["inputs"]["label"]
    assert label == f"a-{hashlib.sha256(b'pixels').hexdigest()[:16]}.png"


@pytest.mark.parametrize("command", [["run"], ["run", "--detach"], ["submit"]])
def test_a_sample_is_not_taken_for_what_was_meant(
    command: list[str], fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.nodes = describe_nodes(load_workflow(find_workflow("draft")).graph)

    assert run(*command, "draft") == 0
    assert "script isn't set: the workflow's own sample is used. -s script=... sets it." in capsys.readouterr().err

    assert run(*command, "draft", "-s", "script=Hi.") == 0
    assert "isn't set" not in capsys.readouterr().err


@pytest.mark.parametrize("setting", ["script=", "script=  ", "script=@empty.txt"])
@pytest.mark.parametrize("command", [["run"], ["run", "--detach"], ["submit"], ["validate"]])
def test_a_script_without_words_is_refused_before_anything_is_posted(
    command: list[str], setting: str, fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.txt").write_text("\n")
    fake.nodes = describe_nodes(load_workflow(find_workflow("draft")).graph)

    assert run(*command, "draft", "-s", setting) == 3

    assert capsys.readouterr().err == "talkingshorts: script is empty: write the words to say.\n"
    assert fake.posted == []


@pytest.mark.parametrize("output", ["a.png", "./a.png", "{cwd}/a.png"])
def test_an_input_is_never_written_over(
    output: str, fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")

    assert run("run", "w.api.json", "-i", "Blank.label=a.png", "-o", output.replace("{cwd}", str(tmp_path))) == 2

    assert "is the input a.png itself" in capsys.readouterr().err
    assert (tmp_path / "a.png").read_bytes() == b"pixels"
    assert fake.posted == []


def test_a_report_can_be_run_again_as_a_workflow(fake: FakeComfyUI) -> None:
    run("run", "w.api.json", "-s", "width=32", "-o", "x.png")

    assert run("run", "x.json", "-o", "y.png") == 0
    assert fake.posted[1]["prompt"] == fake.posted[0]["prompt"]


@pytest.mark.parametrize("status", ["failed", "cancelled", "in_progress", "completed"])
def test_no_half_drawn_line_is_left_on_a_terminal(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    def draw_and_follow(transport: Any, tracker: Any, show: Callable[..., None], limits: Any) -> Job:
        show(Progress("3", "Save", 1, 2, 1.0))
        if status == "in_progress":
            raise KeyboardInterrupt
        return Job(fake.posted[0]["prompt_id"], status, fake.outputs)

    screen = io.StringIO()
    fake.status = status
    fake.files.clear()
    monkeypatch.setattr(running, "choose_display", lambda as_json: TerminalDisplay(screen))
    monkeypatch.setattr("talkingshorts.jobs.run.follow", draw_and_follow)

    assert run("run", "w.api.json") != 0
    assert "1/2" in screen.getvalue()
    assert screen.getvalue().endswith(("\n", CLEAR_LINE))
