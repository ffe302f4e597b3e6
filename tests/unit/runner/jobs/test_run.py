"""What becomes of a job from its submission to its files, as `talkingshorts run` shows it."""

import hashlib
import json
from pathlib import Path

import pytest
from support.command_line import read_jobs, run
from support.fakes.comfyui import FakeComfyUI
from talkingshorts.jobs.run import RESUBMISSIONS
from talkingshorts.results import fetch


def test_the_job_is_on_disk_before_it_is_posted(fake: FakeComfyUI, tmp_path: Path) -> None:
    seen: list[str] = []
    fake.on_prompt = lambda: seen.extend(job["state"] for job in read_jobs(tmp_path))

    run("run", "w.api.json")

    assert seen == ["created"]
    assert [job["state"] for job in read_jobs(tmp_path)] == ["completed"]


def test_a_node_that_blames_its_input_ends_with_3(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    fake.status = "failed"
    fake.error = {"node_id": "2", "exception_message": "Too long.", "exception_type": "pack.core.errors.InputError"}

    assert run("run", "w.api.json") == 3
    assert "EmptyImage 'Blank' (#2): Too long." in capsys.readouterr().err


def test_a_time_limit_cancels_the_job_and_ends_with_6(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.status = "in_progress"

    assert run("run", "w.api.json", "--timeout", "0.05") == 6

    assert fake.cancelled == [fake.posted[0]["prompt_id"]]
    assert [job["state"] for job in read_jobs(tmp_path)] == ["cancelled"]
    assert "longer than 0.05 s. The job was cancelled." in capsys.readouterr().err


def test_a_lost_job_ends_with_7(fake: FakeComfyUI, tmp_path: Path) -> None:
    fake.forgets_jobs = True

    assert run("run", "w.api.json") == 7
    assert [job["state"] for job in read_jobs(tmp_path)] == ["lost"]


def test_an_interrupt_cancels_this_job_and_ends_with_130(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press_ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    fake.status = "in_progress"
    monkeypatch.setattr("talkingshorts.jobs.run.follow", press_ctrl_c)

    assert run("run", "w.api.json") == 130

    assert fake.cancelled == [fake.posted[0]["prompt_id"]]
    assert "The job was cancelled." in capsys.readouterr().err


def test_a_second_interrupt_leaves_at_once_and_says_what_may_still_run(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press_ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    fake.status = "in_progress"
    monkeypatch.setattr("talkingshorts.jobs.run.follow", press_ctrl_c)
    monkeypatch.setattr("talkingshorts.jobs.run.cancel_and_wait", press_ctrl_c)

    assert run("run", "w.api.json") == 130

    assert fake.cancelled == []
    assert f"`talkingshorts cancel {fake.posted[0]['prompt_id']}`" in capsys.readouterr().err


def test_an_interrupted_download_leaves_nothing_and_says_how_to_fetch_the_files(
    fake: FakeComfyUI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press_ctrl_c(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fetch, "read_video_info", press_ctrl_c)
        assert run("run", "w.api.json", "-o", "new/x.png") == 130

    job_id = fake.posted[0]["prompt_id"]
    assert f"`talkingshorts fetch {job_id}`" in capsys.readouterr().err
    assert list((tmp_path / "new").iterdir()) == []
    assert fake.cancelled == []
    assert run("fetch", job_id) == 0
    assert (tmp_path / "new" / "x.png").read_bytes() == b"picture"


def test_a_lost_job_is_submitted_again_once_with_its_files(fake: FakeComfyUI, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")
    fake.loses_jobs = 1

    assert run("run", "w.api.json", "-i", "Blank.label=a.png", "-o", "x.png", "--resubmit") == 0

    assert len(fake.posted) == 2
    assert fake.posted[0]["prompt"]["2"] == fake.posted[1]["prompt"]["2"]
    assert len(fake.uploaded) == 2
    assert sorted(job["state"] for job in read_jobs(tmp_path)) == ["completed", "lost"]


def test_a_job_that_is_lost_time_and_again_ends_with_7(fake: FakeComfyUI) -> None:
    fake.forgets_jobs = True

    assert run("run", "w.api.json", "--resubmit") == 7
    assert len(fake.posted) == 1 + RESUBMISSIONS


def test_a_job_cancelled_elsewhere_ends_with_130(fake: FakeComfyUI) -> None:
    fake.status = "cancelled"

    assert run("run", "w.api.json") == 130


def test_a_cached_result_whose_file_is_gone_is_saved_again_once(fake: FakeComfyUI, tmp_path: Path) -> None:
    fake.files.clear()
    fake.reruns_write = {"x_00001_.png": b"again"}

    assert run("run", "w.api.json", "-o", "x.png") == 0

    assert (tmp_path / "x.png").read_bytes() == b"again"
    first, second = (body["prompt"] for body in fake.posted)
    assert second["1"] == first["1"]
    assert second["2"] == first["2"]
    assert second["3"]["inputs"].items() > first["3"]["inputs"].items()


def test_a_cached_result_under_whose_name_another_file_stands_is_saved_again(fake: FakeComfyUI, tmp_path: Path) -> None:
    report = {"file": "x_00001_.png", "sha256": hashlib.sha256(b"mine").hexdigest()}
    fake.outputs["3"]["text"] = [json.dumps(report)]
    fake.reruns_write = {"x_00001_.png": b"mine"}

    assert run("run", "w.api.json", "-o", "x.png") == 0
    assert (tmp_path / "x.png").read_bytes() == b"mine"


def test_a_result_that_stays_gone_ends_with_7(fake: FakeComfyUI) -> None:
    fake.files.clear()

    assert run("run", "w.api.json") == 7
    assert len(fake.posted) == 2
