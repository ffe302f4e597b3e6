"""What becomes of a job from its submission to its files, as `talkingshorts run` shows it."""

import hashlib
import json
from pathlib import Path

import pytest
from support.command_line import read_jobs, run
from support.fakes.comfyui import FakeComfyUI
from talkingshorts.display.events import Created, Ended, Event, Result, Submitted
from talkingshorts.errors import CancelledError
from talkingshorts.jobs.follow import Limits
from talkingshorts.jobs.options import RunOptions
from talkingshorts.jobs.reach import Server, ServerChoice, reach_server
from talkingshorts.jobs.records import JobStore
from talkingshorts.jobs.request import Request, bind_on, build_request
from talkingshorts.jobs.run import RESUBMISSIONS, Run
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


@pytest.fixture
def server(fake: FakeComfyUI) -> Server:
    return reach_server(ServerChoice(fake.url), lambda text: None)


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs")


def make_request(label: str | None = None) -> Request:
    files = [("Blank.label", Path(label))] if label else []
    return build_request(RunOptions(Path("w.api.json"), [("width", "32")], files))


def test_a_run_is_made_from_options_and_shows_its_events_to_whoever_asks(
    fake: FakeComfyUI, server: Server, store: JobStore
) -> None:
    events: list[Event] = []

    run = Run.prepare(server, store, make_request(), events.append)
    assert (fake.posted, [type(event) for event in events]) == ([], [Created])
    places = run.submit_and_complete(Limits())

    assert fake.posted[0]["prompt"]["1"]["inputs"]["value"] == 32
    assert fake.posted[0]["prompt_id"] == run.id
    assert [type(event) for event in events] == [Created, Submitted, Ended, Result]
    assert [Path(place).read_bytes() for place in places] == [b"picture"]


def test_a_request_that_is_bound_already_is_not_bound_again_and_stays_as_it_is(
    fake: FakeComfyUI, server: Server, store: JobStore, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")
    request = make_request(label="a.png")
    bound = bind_on(server.client, request)
    asked: list[str] = []
    fake.on_ask = asked.append

    first, second = (Run.prepare(server, store, request, lambda event: None, bound=bound) for _ in range(2))

    assert [path for path in asked if path.startswith("/object_info")] == []
    assert first.id != second.id
    assert bound.graph["2"]["inputs"]["label"] == "a.png"


def test_an_interrupt_before_the_job_is_noted_leaves_nothing(server: Server, store: JobStore, tmp_path: Path) -> None:
    def press_ctrl_c(path: Path) -> str:
        raise KeyboardInterrupt

    (tmp_path / "a.png").write_bytes(b"pixels")
    with pytest.raises(CancelledError, match=r"Nothing was submitted\."):
        Run.prepare(server, store, make_request(label="a.png"), lambda event: None, upload=press_ctrl_c)

    assert not (tmp_path / "jobs").exists()
