import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from support.checkout import RUNNER
from support.fakes.environment import make_fake_environment
from talkingshorts import home
from talkingshorts.errors import UnreachableError
from talkingshorts.managed import keeper, server
from talkingshorts.managed.server import ServerState

FIFTEEN_MINUTES = 900.0

# Stands for ComfyUI: answers /system_stats and /prompt, as long as the port in its arguments allows.
FAKE_MAIN = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

if (trouble := {trouble!r}):
    sys.exit(trouble)

jobs = [{{"id": "1", "status": "completed", "outputs": {{"9": {{}}}}, "workflow": "large"}}]

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        body = {{"system": {{"argv": sys.argv}}, "exec_info": {{"queue_remaining": 0}}}}
        if self.path.startswith("/api/jobs"):
            body = jobs[0] if self.path == "/api/jobs/1" else {{"jobs": jobs}}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

print("[WARNING] starting")
HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Answer).serve_forever(0.01)
"""


@pytest.fixture
def comfyui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "ComfyUI"
    folder.mkdir()
    (folder / "main.py").write_text(FAKE_MAIN.format(trouble=""))
    (folder / "comfyui_version.py").write_text('__version__ = "0.30.0"')
    monkeypatch.setenv("COMFYUI_DIR", str(folder))
    monkeypatch.setenv("COMFYUI_PYTHON", sys.executable)
    return folder


@pytest.fixture
def folder(tmp_path: Path, comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the server's folder in a fresh home whose ComfyUI is the stand-in."""
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "my home"))
    monkeypatch.delenv("TALKINGSHORTS_IDLE_MINUTES", raising=False)
    monkeypatch.setattr(server, "has_accelerator", lambda python, say: False)
    yield tmp_path / "my home" / "server"
    server.stop_server()


def stale_state(folder: Path, pid: int, port: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = ServerState(pid, pid, port, f"http://127.0.0.1:{port}", {}, time.time())
    (folder / "state.json").write_text(json.dumps(asdict(state)))


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid)


def wait_for_end(pid: int) -> None:
    while server.command_line(pid):
        time.sleep(0.01)


def test_a_server_is_started_found_reused_and_stopped(folder: Path) -> None:
    said: list[str] = []
    url = server.ensure_server(said.append)
    assert "Starting ComfyUI 0.30.0" in said[0]
    assert server.find_server() == url
    assert server.ensure_server(said.append) == url
    assert len(said) == 1
    assert server.stop_server() is True
    assert server.find_server() is None
    assert server.stop_server() is False


def test_the_server_works_in_the_homes_own_base_directory(folder: Path) -> None:
    server.ensure_server(print)
    command = json.loads((folder / "launch.json").read_text())["command"]
    base = folder.parent / "base"
    assert command[command.index("--base-directory") + 1] == str(base)
    assert (base / "custom_nodes" / "comfyui_talkingshorts" / "__init__.py").is_file()
    assert {"--cpu", "--disable-api-nodes", "--disable-auto-launch"} <= set(command)


@pytest.mark.parametrize(("has_gpu", "is_told"), [(True, True), (False, False)])
def test_on_a_gpu_comfyui_is_told_of_the_attention_that_was_asked_for(
    has_gpu: bool, is_told: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ATTENTION", "sage")
    monkeypatch.setattr(server, "has_accelerator", lambda python, say: has_gpu)
    server.ensure_server(print)
    command = json.loads((folder / "launch.json").read_text())["command"]
    assert ("--use-sage-attention" in command, "--cpu" in command) == (is_told, not is_told)


def test_a_long_recording_may_be_uploaded(folder: Path) -> None:
    server.ensure_server(print)
    command = json.loads((folder / "launch.json").read_text())["command"]
    assert int(command[command.index("--max-upload-size") + 1]) >= 1024


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 1], ids=["another program's", "no process's"])
def test_a_state_from_before_a_reboot_is_recognised(folder: Path, pid: int) -> None:
    stale_state(folder, pid, server.free_port())
    assert server.find_server() is None
    assert server.stop_server() is False
    assert server.ensure_server(print) == server.find_server()


def test_an_unreadable_state_counts_as_none(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "state.json").write_text('{"pid": 1')
    assert server.find_server() is None


def test_another_server_on_the_port_is_not_taken_for_ours(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.ensure_server(print)
    ours = server.read_state(folder)
    assert ours is not None
    assert server.answers(ours, folder) is True
    assert server.answers(ours, tmp_path / "another home" / "server") is False


def test_after_comfyui_died_under_its_keeper_another_is_started(folder: Path) -> None:
    first = server.ensure_server(print)
    state = server.read_state(folder)
    assert state is not None
    kill(state.pid)
    assert server.ensure_server(print) != first


def test_a_comfyui_whose_keeper_was_killed_does_not_stay(folder: Path) -> None:
    first = server.ensure_server(print)
    orphan = server.read_state(folder)
    assert orphan is not None
    kill(orphan.keeper_pid)
    assert server.ensure_server(print) != first
    assert server.command_line(orphan.pid) == ""


def test_a_changed_environment_restarts_the_server_and_says_what_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.ensure_server(print)
    before = server.read_state(folder)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy:1")
    said: list[str] = []
    server.ensure_server(said.append)
    after = server.read_state(folder)
    assert before is not None
    assert after is not None
    assert after.pid != before.pid
    assert "because this has changed: environment" in said[0]
    assert "secret" not in (folder / "state.json").read_text() + (folder / "launch.json").read_text()


def test_a_restart_waits_for_running_jobs_even_when_the_server_is_too_busy_to_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.ensure_server(print)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setattr(server, "QUEUE_LOOK_SECONDS", 0)
    queue = iter([2, None, 1, 0])
    monkeypatch.setattr(keeper, "jobs_waiting", lambda port: next(queue))
    said: list[str] = []

    server.ensure_server(said.append)

    assert ["2 jobs;" in said[1], "too busy" in said[2], "1 job;" in said[3]] == [True, True, True]
    assert list(queue) == []


def test_two_processes_start_one_server(folder: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from talkingshorts.managed import server; "
        "server.has_accelerator = lambda python, say: False; print(server.ensure_server(lambda line: None))"
    )
    runner = str(RUNNER)
    both = [
        subprocess.Popen([sys.executable, "-c", program, runner], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    urls = {process.communicate()[0].strip() for process in both}
    assert urls == {server.find_server()}


def test_an_idle_server_ends_and_forgets_its_state(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_IDLE_MINUTES", "0.002")
    server.ensure_server(print)
    state = server.read_state(folder)
    assert state is not None
    wait_for_end(state.keeper_pid)
    assert server.find_server() is None
    assert "idle minutes" in (folder / "comfyui.log").read_text()


@pytest.mark.parametrize("is_idle", [True, False])
def test_a_server_leaves_behind_how_its_jobs_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_idle: bool
) -> None:
    if is_idle:
        monkeypatch.setenv("TALKINGSHORTS_IDLE_MINUTES", "0.002")
    server.ensure_server(print)
    state = server.read_state(folder)
    assert state is not None
    if not is_idle:
        server.stop_server()
    wait_for_end(state.keeper_pid)

    told = server.read_ending("1")
    assert told is not None
    assert (told["status"], told["outputs"]) == ("completed", {"9": {}})
    assert "workflow" not in told
    assert server.read_ending("2") is None


class Clock:
    """Stands for the time module: each sleep takes ten minutes."""

    def __init__(self) -> None:
        self.now = 10_000.0

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, _seconds: float) -> None:
        self.now += 600.0


class Process:
    """Stands for ComfyUI: ends by itself after it was looked at ten times, or when it is ended."""

    returncode = 0

    def __init__(self) -> None:
        self.looks = 10
        self.was_ended = False

    def poll(self) -> int | None:
        self.looks -= 1
        return None if self.looks >= 0 else 0


@pytest.mark.parametrize(("jobs", "is_ended"), [(0, True), (1, False)], ids=["idle", "at work"])
def test_a_server_is_ended_after_15_minutes_unless_it_works(
    jobs: int, is_ended: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TALKINGSHORTS_IDLE_MINUTES", raising=False)
    assert server.idle_minutes() * 60 == FIFTEEN_MINUTES
    process = Process()
    monkeypatch.setattr(keeper, "time", Clock())
    monkeypatch.setattr(keeper, "jobs_waiting", lambda port: jobs)
    monkeypatch.setattr(keeper, "end", lambda process: setattr(process, "was_ended", True))
    with (tmp_path / "log").open("wb", buffering=0) as log:
        keeper.keep(tmp_path, process, 1, FIFTEEN_MINUTES, log)  # pyright: ignore[reportArgumentType]
    assert process.was_ended == is_ended
    assert (process.looks > 0) == is_ended


@pytest.fixture
def own(folder: Path) -> Iterator[Path]:
    """Give the folder of a server of this process's own."""
    yield folder.parent / "ray" / "1"
    server.stop_own_server(folder.parent / "ray" / "1")


def test_an_own_server_has_the_homes_models_and_nodes_and_shares_nothing_that_is_written(
    folder: Path, own: Path
) -> None:
    managed, url = server.ensure_server(print), server.start_own_server(own, print)
    command = json.loads((own / "launch.json").read_text())["command"]
    option = dict(itertools.pairwise(command))

    assert url != managed
    assert option["--base-directory"] == str(folder.parent / "base")
    assert option["--output-directory"] == str(own / "output")
    assert option["--user-directory"] == str(own / "user")
    assert option["--temp-directory"] == str(own)
    assert str(own) in option["--database-url"]


def test_an_own_server_that_is_left_from_before_is_ended_at_the_next_start(own: Path) -> None:
    server.start_own_server(own, print)
    before = server.read_state(own)
    server.start_own_server(own, print)
    now = server.read_state(own)

    assert before is not None
    assert now is not None
    assert server.command_line(before.pid) == ""
    assert server.command_line(now.pid) != ""


def test_an_own_server_is_known_to_run_until_it_ends(own: Path) -> None:
    assert not server.own_server_runs(own)
    server.start_own_server(own, print)
    assert server.own_server_runs(own)
    state = server.read_state(own)
    assert state is not None
    kill(state.pid)
    assert not server.own_server_runs(own)


def test_an_own_server_ends_with_the_process_that_started_it_even_when_that_is_killed(own: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from talkingshorts.managed import server; "
        "server.has_accelerator = lambda python, say: False; "
        "server.start_own_server(Path(sys.argv[1]), print); print('ready', flush=True); time.sleep(60)"
    )
    runner = RUNNER
    owner = subprocess.Popen([sys.executable, "-c", program, str(own)], cwd=runner, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    while owner.stdout.readline().strip() != "ready":
        pass
    state = server.read_state(own)
    assert state is not None
    assert server.command_line(state.pid) != ""
    owner.kill()

    wait_for_end(state.keeper_pid)
    wait_for_end(state.pid)


def test_a_failing_start_is_told_with_the_log(folder: Path, comfyui: Path) -> None:
    (comfyui / "main.py").write_text(FAKE_MAIN.format(trouble="ModuleNotFoundError: No module named 'torch'"))
    with pytest.raises(UnreachableError, match=r"No module named 'torch'. Full log: .*comfyui\.log"):
        server.ensure_server(print)
    assert server.read_state(folder) is None


def test_the_log_of_the_start_before_is_kept(folder: Path, comfyui: Path) -> None:
    server.ensure_server(print)
    server.stop_server()
    server.ensure_server(print)
    assert (folder / "comfyui.previous.log").is_file()


def test_without_comfyui_nothing_is_made_and_the_remedy_told(folder: Path, comfyui: Path) -> None:
    (comfyui / "main.py").unlink()
    with pytest.raises(UnreachableError, match=r"isn't set up.*make setup.*COMFYUI_DIR.*--server"):
        server.ensure_server(print)
    assert not folder.exists()


def test_without_comfyui_and_without_a_checkout_the_command_that_installs_one_is_told(
    folder: Path, comfyui: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "checkout_dir", lambda: None)
    (comfyui / "main.py").unlink()
    with pytest.raises(
        UnreachableError, match=r"`talkingshorts server install`.*`talkingshorts make --yes`.*COMFYUI_DIR.*--server"
    ):
        server.ensure_server(print)


def test_an_environment_whose_set_up_was_cut_short_starts_no_comfyui(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_fake_environment(tmp_path / "env")
    monkeypatch.setenv("COMFYUI_PYTHON", str(tmp_path / "env" / "bin" / "python"))
    with pytest.raises(UnreachableError, match=r"isn't finished in .*env: it is running, or was interrupted"):
        server.ensure_server(print)


@pytest.mark.parametrize("value", ["soon", "0", "-3", "nan", "inf"])
def test_an_impossible_idle_time_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TALKINGSHORTS_IDLE_MINUTES", value)
    with pytest.raises(UnreachableError, match="TALKINGSHORTS_IDLE_MINUTES"):
        server.idle_minutes()


@pytest.mark.parametrize(
    ("last_active", "last_used", "is_idle"),
    [(0, 0, True), (100, 101, True), (101, 100, True), (101, 0, True), (102, 0, False), (0, 102, False)],
)
def test_a_server_is_idle_when_neither_job_nor_runner_needed_it(
    last_active: float, last_used: float, is_idle: bool
) -> None:
    assert keeper.is_idle(FIFTEEN_MINUTES + 101, last_active, last_used, FIFTEEN_MINUTES) == is_idle


def parts_of(model_paths: dict[str, dict[str, str]] | None = None) -> dict[str, str]:
    return server.fingerprint(model_paths or {})


def changed_parts(before: dict[str, str]) -> list[str]:
    after = parts_of()
    return [name for name in after if after[name] != before[name]]


def test_the_fingerprint_holds_as_long_as_nothing_changes(comfyui: Path) -> None:
    assert changed_parts(parts_of()) == []


def test_another_comfyui_changes_the_fingerprint(comfyui: Path) -> None:
    before = parts_of()
    (comfyui / "comfyui_version.py").write_text('__version__ = "0.31.0"')
    assert changed_parts(before) == ["ComfyUI"]


def test_another_python_changes_the_fingerprint(comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = parts_of()
    monkeypatch.setenv("COMFYUI_PYTHON", "/usr/bin/python3")
    assert changed_parts(before) == ["Python", "environment"]


@pytest.mark.parametrize(
    "name", ["TALKINGSHORTS_COOKIES", "TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "HTTPS_PROXY", "CUDA_VISIBLE_DEVICES"]
)
def test_a_variable_that_the_server_heeds_changes_the_fingerprint(
    comfyui: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = parts_of()
    monkeypatch.setenv(name, "changed")
    assert changed_parts(before) == ["environment"]


@pytest.mark.parametrize("name", ["TALKINGSHORTS_TOKEN", "TALKINGSHORTS_SERVER", "HOME", "SCRIPT"])
def test_a_variable_that_only_the_runner_heeds_does_not(
    comfyui: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = parts_of()
    monkeypatch.setenv(name, "changed")
    assert changed_parts(before) == []


def test_an_edited_pack_file_changes_the_fingerprint(
    comfyui: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = tmp_path / "checkout" / "custom_nodes" / home.PACK_NAME
    (pack / "__pycache__").mkdir(parents=True)
    (pack / "node.py").write_text("a = 1")
    monkeypatch.setattr(home, "checkout_dir", lambda: tmp_path / "checkout")
    before = parts_of()
    (pack / "__pycache__" / "node.pyc").touch()
    assert changed_parts(before) == []
    (pack / "node.py").write_text("a = 12")
    assert changed_parts(before) == ["node pack"]


def test_models_of_the_users_comfyui_become_visible(tmp_path: Path) -> None:
    for name in ("loras", "vae"):
        (tmp_path / "models" / name).mkdir(parents=True)
    (tmp_path / "models" / "put_models_here").touch()
    sections = server.model_path_sections([tmp_path / "nowhere", tmp_path / "models"])
    assert sections == {"models_1": {"base_path": str(tmp_path / "models"), "loras": "loras", "vae": "vae"}}


LOG = """
\x1b[32m[INFO]\x1b[0m Checkpoint files will always be loaded safely.
Traceback (most recent call last):
  File "/x/main.py", line 3, in <module>
    import torch
    ^^^^^^^^^^^^
ModuleNotFoundError: No module named 'torch'

ComfyUI ended with exit code 1.
"""


def test_of_a_log_the_lines_that_say_something_are_told() -> None:
    assert server.last_meaningful_lines(LOG, 2) == [
        "[INFO] Checkpoint files will always be loaded safely.",
        "ModuleNotFoundError: No module named 'torch'",
    ]


@pytest.mark.parametrize(
    ("log", "trouble"),
    [
        ("   0.0 seconds: /b/custom_nodes/comfyui_talkingshorts\n", None),
        (
            "Cannot import /b/custom_nodes/comfyui_talkingshorts module for custom nodes: No module named 'av'\n"
            "   0.0 seconds (IMPORT FAILED): /b/custom_nodes/comfyui_talkingshorts\n",
            "No module named 'av'",
        ),
        (
            "[WARNING] Error while calling comfy_entrypoint in /b/custom_nodes/comfyui_talkingshorts: no 'override'\n"
            "   0.0 seconds (IMPORT FAILED): /b/custom_nodes/comfyui_talkingshorts\n",
            "no 'override'",
        ),
    ],
)
def test_a_pack_that_comfyui_could_not_load_is_told(log: str, trouble: str | None) -> None:
    assert server.pack_trouble(log) == trouble


TORCH = """
class backends:
    class mps:
        is_available = staticmethod(lambda: False)
class cuda:
    is_available = staticmethod(lambda: {is_available})
class Ones:
    def sum(self): return self
    def item(self):
        {computes}
ones = lambda count, device: Ones()
__version__ = "2.11.0"
"""


@pytest.mark.parametrize(
    ("is_available", "computes", "reason"),
    [
        (True, "return 2.0", None),
        (False, "return 2.0", "torch 2.11.0 finds none"),
        (
            True,
            "raise RuntimeError('CUDA error: no kernel image is available\\nCompile with more')",
            "torch 2.11.0 fails on it (CUDA error: no kernel image is available)",
        ),
        (True, "import os; os._exit(9)", "torch ended with exit code 9"),
    ],
)
def test_a_gpu_is_one_on_which_torch_can_run_a_kernel_and_one_that_is_not_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_available: bool, computes: str, reason: str | None
) -> None:
    (tmp_path / "torch.py").write_text(TORCH.format(is_available=is_available, computes=computes))
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(server, "DEVICES", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said: list[str] = []

    assert server.has_accelerator(Path(sys.executable), said.append) is (reason is None)
    assert [line.partition(": ComfyUI uses the CPU")[0] for line in said] == (
        [f"There is a GPU, but {reason}"] if reason else []
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows its GPUs as files")
@pytest.mark.parametrize("sign", ["tty", "renderD128"])
def test_a_machine_without_a_gpu_that_computes_hears_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    (tmp_path / "dri").mkdir()
    (tmp_path / "dri" / sign).touch()
    monkeypatch.setattr(server, "DEVICES", tmp_path)
    said: list[str] = []

    assert server.has_accelerator(Path("/nowhere/python"), said.append) is False
    assert said == []
