"""`talkingshorts status`, `wait`, `cancel` and `fetch`, of jobs that `submit` or another program started."""

import json
from pathlib import Path

import pytest
from support.command_line import run
from support.fakes.comfyui import FakeComfyUI
from talkingshorts.jobs import cancel
from talkingshorts.managed import server

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("command", ["status", "wait", "cancel", "fetch"])
def test_an_unknown_job_ends_with_7(fake: FakeComfyUI, command: str) -> None:
    assert run(command, UNKNOWN_ID) == 7
    assert run(command, "not-an-id") == 7


@pytest.mark.parametrize("command", ["status", "wait", "fetch", "cancel"])
def test_asking_for_a_job_starts_no_server(
    command: str, fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TALKINGSHORTS_SERVER")
    monkeypatch.setattr(server, "ensure_server", lambda say: pytest.fail("a server was started"))

    assert run(command, UNKNOWN_ID) == 7

    assert "no server is running" in capsys.readouterr().err


def test_a_submitted_job_is_followed_by_its_id(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("submit", "w.api.json", "-o", "x.png") == 0
    job_id = capsys.readouterr().out.strip()
    assert run("status", job_id) == 0
    assert run("wait", job_id) == 0
    assert run("fetch", job_id, "-o", "y.png") == 0

    assert job_id == fake.posted[0]["prompt_id"]
    assert capsys.readouterr().out.splitlines() == ["completed", "x.png", "y.png"]


def test_a_job_goes_back_to_the_server_that_took_it(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> None:
    run("submit", "w.api.json")
    monkeypatch.setenv("TALKINGSHORTS_SERVER", "http://127.0.0.1:1")

    assert run("status", fake.posted[0]["prompt_id"]) == 0


def test_a_job_submitted_elsewhere_is_fetched_from_a_server_that_knows_it(
    fake: FakeComfyUI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("submit", "w.api.json")
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "other-home"))

    assert run("wait", fake.posted[0]["prompt_id"], "-o", "x.png") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "x.png"


def test_an_end_that_was_seen_is_remembered_without_the_server(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    run("run", "w.api.json", "-o", "x.png")
    fake.forgets_jobs = True

    assert run("status", fake.posted[0]["prompt_id"]) == 0
    assert capsys.readouterr().out.splitlines() == ["x.png", "completed"]


def test_a_job_whose_end_was_seen_is_fetched_though_the_server_forgot_it(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    run("run", "w.api.json", "-o", "x.png")
    fake.forgets_jobs = True

    assert run("fetch", fake.posted[0]["prompt_id"], "-o", "y.png") == 0
    assert run("wait", fake.posted[0]["prompt_id"], "-o", "z.png") == 0
    assert capsys.readouterr().out.splitlines() == ["x.png", "y.png", "z.png"]


def test_a_job_that_still_runs_can_not_be_fetched(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    run("submit", "w.api.json")
    fake.status = "in_progress"

    assert run("fetch", fake.posted[0]["prompt_id"]) == 3
    assert "talkingshorts wait" in capsys.readouterr().err


def test_a_job_that_never_reached_the_server_is_submitted_only_on_demand(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("submit", "w.api.json", "-o", "x.png")
    job_id = fake.posted.pop()["prompt_id"]
    record = tmp_path / "home" / "jobs" / f"{job_id}.json"
    record.write_text(record.read_text().replace('"submitted"', '"created"'))
    capsys.readouterr()

    assert run("wait", job_id) == 7
    assert f"never reached the server. `talkingshorts wait {job_id} --resubmit`" in capsys.readouterr().err
    assert fake.posted == []
    assert run("wait", job_id, "--resubmit") == 0
    assert run("wait", job_id, "--resubmit") == 0
    assert len(fake.posted) == 1
    assert capsys.readouterr().out.splitlines() == ["x.png", "x.png"]


def test_the_id_of_a_lost_job_leads_to_the_one_in_its_place(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.loses_jobs = 1
    run("run", "w.api.json", "-o", "x.png", "--resubmit")

    assert run("status", fake.posted[0]["prompt_id"]) == 0
    assert capsys.readouterr().out.splitlines() == ["x.png", "completed"]


def test_cancel_cancels_exactly_that_job(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    fake.status = "in_progress"
    run("submit", "w.api.json")
    run("submit", "w.api.json")
    capsys.readouterr()
    first, second = (body["prompt_id"] for body in fake.posted)

    assert run("cancel", first) == 0
    assert run("status", first) == 0
    assert run("status", second) == 0

    assert fake.cancelled == [first]
    assert capsys.readouterr().out.splitlines() == ["cancelled", "in_progress"]


def test_a_job_that_stops_late_is_waited_for(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.status = "in_progress"
    assert run("submit", "w.api.json") == 0
    job_id = fake.posted[0]["prompt_id"]
    fake.cancels_at = 3

    assert run("cancel", job_id) == 0

    assert fake.cancelled == 3 * [job_id]


def test_a_job_that_runs_on_is_told(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.status = "in_progress"
    fake.cancels_at = 1000
    monkeypatch.setattr(cancel, "CANCEL_PATIENCE_SECONDS", 0)
    run("submit", "w.api.json")

    assert run("cancel", fake.posted[0]["prompt_id"]) == 1

    assert "still running" in capsys.readouterr().err


def test_the_jobs_are_listed_and_the_last_one_is_meant_where_none_is_named(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "w.api.json", "-o", "x.png") == 0
    assert run("submit", "w.api.json", "-o", "y.png") == 0
    capsys.readouterr()
    first, second = (body["prompt_id"] for body in fake.posted)

    assert run("jobs") == 0
    listed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [(line[0], line[3], line[4]) for line in listed] == [(first, "completed", "w"), (second, "submitted", "w")]
    assert listed[0][5].endswith("x.png")

    assert run("jobs", "last") == 0
    assert run("status") == 0
    assert run("wait") == 0
    assert run("fetch", "-o", "z.png") == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [second, "completed", "y.png", "z.png"]
    assert captured.err.count(f"The last job: {second}\n") == 3


def test_the_last_job_is_cancelled_and_no_other(fake: FakeComfyUI) -> None:
    fake.status = "in_progress"
    run("submit", "w.api.json")
    run("submit", "w.api.json")

    assert run("cancel") == 0
    assert fake.cancelled == [fake.posted[1]["prompt_id"]]


@pytest.mark.parametrize("command", [("jobs", "last"), ("status",), ("wait",), ("fetch",), ("cancel",)])
def test_there_may_be_no_last_job(
    fake: FakeComfyUI, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("jobs") == 0
    assert run(*command) == 7
    assert "No job is recorded" in capsys.readouterr().err


def test_the_last_job_is_the_one_in_place_of_a_lost_one(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    fake.loses_jobs = 1
    run("run", "w.api.json", "-o", "x.png", "--resubmit")
    capsys.readouterr()

    assert run("jobs", "last") == 0
    assert capsys.readouterr().out.strip() == fake.posted[1]["prompt_id"]


def test_programs_get_the_jobs_as_json(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    run("submit", "w.api.json")
    capsys.readouterr()

    assert run("jobs", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["id"], answer["state"], answer["files"]) == (fake.posted[0]["prompt_id"], "submitted", [])
