"""How a job gets to its server, once, whatever happens on the way."""

import os
import stat
from pathlib import Path

import pytest
from support.command_line import read_jobs, run
from support.fakes.comfyui import FakeComfyUI
from talkingshorts.jobs import submit


def test_the_record_and_its_folder_are_flushed_to_the_disk_before_the_job_is_posted(
    fake: FakeComfyUI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    flush = os.fsync

    def note_and_flush(descriptor: int) -> None:
        flushed.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", note_and_flush)
    fake.on_prompt = lambda: flushed.append("posted")

    run("submit", "w.api.json")
    folders_on_the_way = ["folder", "folder"]
    assert flushed[: flushed.index("posted")] == [*folders_on_the_way, "file", "folder"]


def test_a_refused_graph_ends_with_3_and_is_forgotten(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"message": "Invalid image", "details": "broken.png", "extra_info": {"input_name": "images"}}
    fake.prompt_status = 400
    fake.prompt_answer = {"error": {"message": "failed"}, "node_errors": {"3": {"errors": [error]}}}

    assert run("run", "w.api.json") == 3

    assert (
        "SaveImage 'Save' (#3): images = [\"2\", 0] is refused: Invalid image (broken.png)." in capsys.readouterr().err
    )
    assert read_jobs(tmp_path) == []


def test_a_graph_of_which_half_was_refused_is_cancelled(fake: FakeComfyUI) -> None:
    fake.prompt_answer = {"node_errors": {"3": {"errors": [{"message": "Required input is missing"}]}}}

    assert run("run", "w.api.json") == 3

    assert fake.cancelled == [fake.posted[0]["prompt_id"]]


def test_an_answer_that_was_lost_is_looked_up(fake: FakeComfyUI) -> None:
    fake.drops_prompt_answer = True

    assert run("run", "w.api.json", "-o", "x.png") == 0
    assert len(fake.posted) == 1


def test_a_job_that_never_arrived_is_posted_again(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "ARRIVAL_SECONDS", 0.0)
    fake.swallows_prompts = 1

    assert run("run", "w.api.json", "-o", "x.png") == 0
    assert len(fake.posted) == 1


def test_a_server_that_fails_on_the_graph_each_time_ends_with_3_and_is_quoted(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.prompt_status, fake.prompt_text = 500, "500 Internal Server Error"

    assert run("run", "w.api.json") == 3
    assert "500 Internal Server Error" in capsys.readouterr().err
    assert read_jobs(tmp_path) == []
