import hashlib
import io
import json
import os
import signal
import stat
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.checkout import RUNNER
from support.fakes.comfyui import GRAPH, FakeComfyUI, serve_fake_comfyui
from talkingshorts.cli import running
from talkingshorts.cli.main import main
from talkingshorts.comfyui import client
from talkingshorts.comfyui.client import BusyServerError, ComfyClient, Job
from talkingshorts.display.events import Progress
from talkingshorts.display.terminal import CLEAR_LINE, TerminalDisplay
from talkingshorts.errors import UnreachableError
from talkingshorts.jobs import cancel, submit
from talkingshorts.jobs.cancel import cancel_and_wait
from talkingshorts.jobs.records import JobRecord
from talkingshorts.jobs.report import read_notes
from talkingshorts.jobs.run import RESUBMISSIONS
from talkingshorts.managed import server
from talkingshorts.results import fetch
from talkingshorts.workflow.file import Workflow

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"

Command = Callable[..., int]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(submit, "POST_PAUSES_SECONDS", (0.0, 0.0))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeComfyUI]:
    with serve_fake_comfyui() as comfyui:
        monkeypatch.setenv("TALKINGSHORTS_SERVER", comfyui.url)
        monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
        monkeypatch.delenv("TALKINGSHORTS_TOKEN", raising=False)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "w.api.json").write_text(json.dumps(GRAPH))
        yield comfyui


def run(*arguments: str) -> int:
    try:
        return main(arguments)
    except SystemExit as error:
        return int(error.code or 0)


def read_jobs(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in (tmp_path / "home" / "jobs").glob("*.json")]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from talkingshorts.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=RUNNER, capture_output=True, text=True, check=True)

    assert "usage: talkingshorts" in done.stdout
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert not loaded & {"requests", "urllib3", "websocket", "asyncio", "ssl", "http", "sqlite3", "email", "numpy"}


def test_a_run_prints_the_path_and_nothing_else_on_stdout(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "w.api.json", "-s", "width=32", "-s", "Blank.color=7", "-o", "new/x.png") == 0

    assert capsys.readouterr().out == "new/x.png\n"
    assert (tmp_path / "new" / "x.png").read_bytes() == b"picture"
    posted = fake.posted[0]["prompt"]
    assert (posted["1"]["inputs"]["value"], posted["2"]["inputs"]["color"]) == (32, 7)


def test_the_report_tells_what_ran_and_what_came_out(fake: FakeComfyUI, tmp_path: Path) -> None:
    fake.outputs["3"]["text"] = [json.dumps({"file": "x_00001_.png", "pack_version": "1.2"})]
    run("run", "w.api.json", "-s", "width=32", "-s", "Blank.color=7", "-o", "x.png")

    report = json.loads((tmp_path / "x.json").read_text())
    assert report["prompt_id"] == fake.posted[0]["prompt_id"]
    assert report["workflow"] == "w.api.json"
    assert report["inputs"] == {"width": 32, "Blank.color": 7}
    assert (report["server_version"], report["pack_version"]) == ("0.30.0", "1.2")
    assert (report["started"], report["ended"]) == ("1970-01-01T00:00:01+00:00", "1970-01-01T00:00:03.500000+00:00")
    assert report["files"] == [
        {"path": str(tmp_path / "x.png"), "sha256": hashlib.sha256(b"picture").hexdigest(), "bytes": 7}
    ]


def test_an_ending_that_promises_another_kind_of_file_is_pointed_out(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "w.api.json", "-o", "x.wav") == 0
    assert "x.wav holds a .png file" in capsys.readouterr().err
    assert (tmp_path / "x.wav").read_bytes() == b"picture"

    assert run("run", "w.api.json", "-o", "x.PNG") == 0
    assert "holds" not in capsys.readouterr().err


def test_a_sound_is_reported_with_its_length_and_sampling(fake: FakeComfyUI, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "made.wav"), "wb") as file:
        file.setparams((2, 2, 24000, 0, "NONE", ""))
        file.writeframes(bytes(4 * 36000))
    fake.files = {"x_00001_.png": (tmp_path / "made.wav").read_bytes()}
    run("run", "w.api.json", "-o", "x.wav")

    sound = json.loads((tmp_path / "x.json").read_text())["files"][0]
    assert (sound["seconds"], sound["sample_rate_hz"], sound["channels"]) == (1.5, 24000, 2)


def test_a_report_can_be_run_again_as_a_workflow(fake: FakeComfyUI) -> None:
    run("run", "w.api.json", "-s", "width=32", "-o", "x.png")

    assert run("run", "x.json", "-o", "y.png") == 0
    assert fake.posted[1]["prompt"] == fake.posted[0]["prompt"]


def test_json_lines_replace_the_paths(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    run("run", "w.api.json", "-o", "x.png", "--json")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["created", "submitted", "ended", "result"]
    assert lines[-1]["files"] == ["x.png"]


def test_the_job_is_on_disk_before_it_is_posted(fake: FakeComfyUI, tmp_path: Path) -> None:
    seen: list[str] = []
    fake.on_prompt = lambda: seen.extend(job["state"] for job in read_jobs(tmp_path))

    run("run", "w.api.json")

    assert seen == ["created"]
    assert [job["state"] for job in read_jobs(tmp_path)] == ["completed"]


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
        (["run", "w.api.json", "-s", "width=wide"], "'wide' is no INT"),
        (["run", "w.api.json", "-s", "width=9000"], "Allowed: 1 to 4096"),
        (["validate", "w.api.json", "-s", "Blank.color=-1"], "Allowed: 0 to 16777215"),
        (["submit", "w.api.json", "-s", "Blank.color=-1"], "Allowed: 0 to 16777215"),
        (["run", "unknown.json"], "no node class 'SaveImagee': did you mean SaveImage"),
        (["run", "canvas.json"], "Export (API)"),
        (["make", "--script", ""], "script is empty"),
        (["make", "--script", " \n "], "script is empty"),
        (["make", "--script", "Hi", "--size", "481x832"], "multiples of 16"),
        (["make", "--script", "Hi", "--size", "480x4096"], "16 to 2048"),
        (["make", "--script", "Hi", "--target-seconds", "-1"], "must be 0 or more"),
        (["make", "--script", "Hi", "--voice", "https://x/y", "--start", "-1"], "must be 0 or more"),
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


def test_a_node_that_blames_its_input_ends_with_3(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    fake.status = "failed"
    fake.error = {"node_id": "2", "exception_message": "Too long.", "exception_type": "pack.core.errors.InputError"}

    assert run("run", "w.api.json") == 3
    assert "EmptyImage 'Blank' (#2): Too long." in capsys.readouterr().err


def test_a_server_that_is_away_ends_with_5(fake: FakeComfyUI) -> None:
    assert run("run", "w.api.json", "--server", "http://127.0.0.1:1") == 5
    assert run("--server", "http://127.0.0.1:1", "run", "w.api.json") == 5


def test_an_answer_that_was_lost_is_looked_up(fake: FakeComfyUI) -> None:
    fake.drops_prompt_answer = True

    assert run("run", "w.api.json", "-o", "x.png") == 0
    assert len(fake.posted) == 1


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


@pytest.mark.parametrize("command", ["status", "wait", "cancel", "fetch"])
def test_an_unknown_job_ends_with_7(fake: FakeComfyUI, command: str) -> None:
    assert run(command, UNKNOWN_ID) == 7
    assert run(command, "not-an-id") == 7


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


def test_a_request_to_terminate_does_what_an_interrupt_does(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.status = "in_progress"
    monkeypatch.setattr("talkingshorts.jobs.run.follow", lambda *_: os.kill(os.getpid(), signal.SIGTERM))

    assert run("run", "w.api.json") == 130

    assert fake.cancelled == [fake.posted[0]["prompt_id"]]


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

    assert "still runs" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "wait", "fetch", "cancel"])
def test_asking_for_a_job_starts_no_server(
    command: str, fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TALKINGSHORTS_SERVER")
    monkeypatch.setattr(server, "ensure_server", lambda say: pytest.fail("a server was started"))

    assert run(command, UNKNOWN_ID) == 7

    assert "no server is running" in capsys.readouterr().err


def test_the_servers_address_is_the_answer_as_text_or_json(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "find_server", lambda: fake.url)

    assert run("server", "status") == run("server", "status", "--json") == 0

    text, line = capsys.readouterr().out.splitlines()
    assert text == fake.url
    assert json.loads(line) == {"url": fake.url}


def test_no_running_server_ends_with_5(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "find_server", lambda: None)

    assert run("server", "status") == 5
    assert capsys.readouterr().out == ""


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


def test_a_job_whose_end_was_seen_is_fetched_though_the_server_forgot_it(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    run("run", "w.api.json", "-o", "x.png")
    fake.forgets_jobs = True

    assert run("fetch", fake.posted[0]["prompt_id"], "-o", "y.png") == 0
    assert run("wait", fake.posted[0]["prompt_id"], "-o", "z.png") == 0
    assert capsys.readouterr().out.splitlines() == ["x.png", "y.png", "z.png"]


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


@pytest.mark.parametrize("output", ["a.png", "./a.png", "{cwd}/a.png"])
def test_an_input_is_never_written_over(
    output: str, fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")

    assert run("run", "w.api.json", "-i", "Blank.label=a.png", "-o", output.replace("{cwd}", str(tmp_path))) == 2

    assert "is the input a.png itself" in capsys.readouterr().err
    assert (tmp_path / "a.png").read_bytes() == b"pixels"
    assert fake.posted == []


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


def test_the_id_of_a_lost_job_leads_to_the_one_in_its_place(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.loses_jobs = 1
    run("run", "w.api.json", "-o", "x.png", "--resubmit")

    assert run("status", fake.posted[0]["prompt_id"]) == 0
    assert capsys.readouterr().out.splitlines() == ["x.png", "completed"]


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


def test_a_frozen_server_keeps_a_cancelling_user_waiting_no_longer_than_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class FrozenClient(ComfyClient):
        def cancel(self, job_id: str, timeout: float = 0) -> bool:
            clock.now += timeout
            raise BusyServerError("frozen")

    class Clock:
        now = 100.0

        def monotonic(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(cancel, "time", clock)
    record = JobRecord(UNKNOWN_ID, "", False, "w", {}, {}, None, "x", "", state="submitted")

    with pytest.raises(UnreachableError):
        cancel_and_wait(FrozenClient("http://127.0.0.1:1"), record)

    promised = 100.0 + cancel.CANCEL_PATIENCE_SECONDS
    assert promised <= clock.now <= promised + cancel.LOOK_AGAIN_SECONDS


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


def test_a_detached_run_prints_its_id(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "w.api.json", "--detach") == 0

    captured = capsys.readouterr()
    assert captured.out.strip() == fake.posted[0]["prompt_id"]
    assert f"talkingshorts wait {fake.posted[0]['prompt_id']}" in captured.err


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


def test_a_job_that_still_runs_can_not_be_fetched(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    run("submit", "w.api.json")
    fake.status = "in_progress"

    assert run("fetch", fake.posted[0]["prompt_id"]) == 3
    assert "talkingshorts wait" in capsys.readouterr().err


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


def test_inputs_are_listed_with_type_and_default_and_no_server(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("inputs", "w.api.json", "--server", "http://127.0.0.1:1") == 0
    assert run("inputs", "w.api.json", "--json") == 0

    plain, as_json = capsys.readouterr().out.splitlines()
    assert plain.split("\t") == ["width", "int", "64"]
    assert json.loads(as_json) == {"name": "width", "type": "int", "default": 64}


def test_a_valid_workflow_is_said_to_be_valid_and_not_run(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("validate", "w.api.json", "--json") == 0

    assert json.loads(capsys.readouterr().out) == {"valid": True, "problems": []}
    assert fake.posted == []


def test_a_file_is_uploaded_and_its_name_is_set(fake: FakeComfyUI, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")

    assert run("run", "w.api.json", "-i", "Blank.label=a.png", "-o", "x.png") == 0

    label = fake.posted[0]["prompt"]["2"]["inputs"]["label"]
    assert label == f"a-{hashlib.sha256(b'pixels').hexdigest()[:16]}.png"


def test_an_error_is_an_event_too_with_json(fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]) -> None:
    run("run", "w.api.json", "-s", "widht=5", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert (answer["event"], answer["exit_code"]) == ("error", 3)


@pytest.mark.parametrize("wrong", [["--size", "axb"], ["--seed", "abc"], ["--no-such-option"]])
def test_a_malformed_command_line_is_told_in_one_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("make", "--script", "Hi.", *wrong) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert wrong[-1] in line
    assert "--help" in line


def test_what_a_node_says_beside_its_result_is_told_and_a_report_is_not() -> None:
    report = json.dumps({"file": "a.png"})
    outputs = {"2": {"text": ["No face was found."]}, "3": {"text": [report]}}
    workflow = Workflow("w.api.json", GRAPH)

    assert list(read_notes(workflow, outputs)) == [f"{workflow.title('2')}: No face was found."]
