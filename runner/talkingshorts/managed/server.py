"""The managed server: one ComfyUI per home folder, started on demand, shared by all runners, ended when idle.

A detached keeper (keeper.py) owns the ComfyUI process. Its folder, HOME/server, holds all there is to know:
the state file, the lock, the logs. Nothing here trusts a process id alone: the process must carry our folder in its
command line, and the server must say so itself.
"""

import contextlib
import hashlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__, home
from ..errors import UnreachableError
from ..files import locking
from ..shipped.data import pack_dir, shared_models_file
from ..wording import name_option
from . import keeper, provision
from .attention import list_attention_options
from .environment import UNFINISHED
from .install import explain_install
from .provision import Say

DEFAULT_IDLE_MINUTES = 15.0
BOOT_NEWS_SECONDS = 10.0
STOP_PATIENCE_SECONDS = 25.0
MAX_UPLOAD_MB = 1024
QUEUE_LOOK_SECONDS = 0.5

# A change of these makes another server; the rest of TALKINGSHORTS_* and COMFYUI_* does too.
WATCHED_VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "CUDA_VISIBLE_DEVICES", "PYTHONPATH"),
)
SECRET_VARIABLES = (
    *("TALKINGSHORTS_SERVER", "TALKINGSHORTS_TOKEN", "TALKINGSHORTS_WEBHOOK_SECRET"),
    "RAY_AUTH_TOKEN",
)
"""For the runner alone: ComfyUI and the nodes in it get to see none of them. An address may hold a password."""

RUNNER_ONLY_VARIABLES = (*SECRET_VARIABLES, "TALKINGSHORTS_HOME", "TALKINGSHORTS_SURFACE")

DEVICES = Path("/dev")
GPU_SIGNS = ("nvidia[0-9]*", "nvhost-*", "kfd", "dxg")
DISPLAY_SIGNS = ("dri/render*",)
"""What Linux shows in /dev for GPUs that compute, and for any that draw: the small ones inside processors, too."""

# Runs in ComfyUI's Python, and ends with the reason why its torch can compute on no GPU. Only a kernel that is run
# tells whether torch has code for a GPU: CUDA is "available" on those that are too old for it, too.
FIND_DEVICE = """
import sys, torch
kinds = (("cuda", torch.cuda), ("mps", torch.backends.mps), ("xpu", getattr(torch, "xpu", None)))
device = next((name for name, kind in kinds if kind and kind.is_available()), None)
if device is None:
    sys.exit(f"torch {torch.__version__} finds none")
try:
    torch.ones(2, device=device).sum().item()
except Exception as error:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    sys.exit(f"torch {torch.__version__} fails on it ({reason})")
"""


@dataclass(frozen=True)
class ServerState:
    """Where a managed server is, as its keeper wrote it down."""

    keeper_pid: int
    pid: int
    port: int
    url: str
    fingerprint: dict[str, str]
    started: float


def ensure_server(say: Say) -> str:
    """Return the URL of this home's ComfyUI. Starts it if there is none, restarts it if what it is made of changed.

    `say` receives a line for a person at every step that takes time.

    Raises:
        UnreachableError: ComfyUI isn't set up, or can't be started.
    """
    folder = _server_dir()
    with _starting(folder, say):
        (folder / "used").touch()
        url = _ensure_under_lock(folder, say)
        (folder / "used").touch()
        return url


def start_own_server(folder: Path, say: Say) -> str:
    """Start a ComfyUI beside the managed one, and return its URL. It ends when this process ends, however that happens.

    It has the home's models, nodes and inputs, and its own output, temp and user folders in `folder`. Whatever an
    earlier process left running in `folder` is ended first.

    Raises:
        UnreachableError: ComfyUI isn't set up, or can't be started.
    """
    with _starting(folder, say):
        if (left := read_state(folder)) is not None:
            _end(left, folder)
        model_paths = _prepare_models()
        return _start_and_await(folder, model_paths, fingerprint(model_paths), say, owner_pid=os.getpid())


def stop_own_server(folder: Path) -> None:
    """End the ComfyUI that was started in `folder`."""
    if (state := read_state(folder)) is not None:
        _end(state, folder)


def own_server_runs(folder: Path) -> bool:
    """Tell whether the process of the ComfyUI that was started in `folder` is there."""
    state = read_state(folder)
    return state is not None and _comfyui_runs(state, folder)


@contextlib.contextmanager
def _starting(folder: Path, say: Say) -> Iterator[None]:
    """Hold the folder's lock, and tell in the program's own errors what keeps ComfyUI from starting."""
    _require_comfyui()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locking(folder / "lock", lambda: say("Another process is starting or ending ComfyUI; waiting for it")):
            yield
    except provision.SetupError as error:
        raise UnreachableError(str(error)) from error
    except OSError as error:
        raise UnreachableError(f"ComfyUI can't be started: {error}") from error


def find_server() -> str | None:
    """Return the URL of this home's running ComfyUI, or None. Never starts one."""
    state = read_state(_server_dir())
    return state.url if state and _runs(state, _server_dir()) and answers(state, _server_dir()) is not False else None


def read_ending(job_id: str) -> dict[str, Any] | None:
    """Return what this home's ComfyUI said of a job that had ended before it did; None when that isn't noted."""
    try:
        return json.loads((endings_dir() / f"{job_id}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def endings_dir() -> Path:
    """Return the folder where the keeper notes how jobs ended."""
    return _server_dir() / "jobs"


def stop_server() -> bool:
    """End this home's ComfyUI and return whether there was one. Its port is free afterwards."""
    folder = _server_dir()
    state = read_state(folder)
    return state is not None and _end(state, folder)


def read_state(folder: Path) -> ServerState | None:
    """Return what the keeper wrote down, or None when there is nothing readable."""
    try:
        return ServerState(**json.loads((folder / "state.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _server_dir() -> Path:
    return home.home_dir() / "server"


def _require_comfyui() -> None:
    if missing := explain_missing():
        raise UnreachableError(
            f"{missing}. {explain_install()}, or set COMFYUI_DIR (and COMFYUI_PYTHON) to your own, "
            f"or name a running server with {name_option('server', 'URL')}."
        )


def explain_missing() -> str:
    """Return what of the ComfyUI to be started isn't there; "" when it is set up."""
    folder, python = home.comfyui_dir(), home.comfyui_python()
    if provision.read_comfyui_version(folder) is None:
        return f"ComfyUI isn't set up: {folder} holds no ComfyUI"
    if not python.exists():
        return f"The Python that runs ComfyUI isn't there: {python}"
    if (python.parent.parent / UNFINISHED).exists():
        return f"The set-up of ComfyUI isn't finished in {python.parent.parent}: it is running, or was interrupted"
    return ""


def _ensure_under_lock(folder: Path, say: Say) -> str:
    model_paths = _prepare_models()
    wanted = fingerprint(model_paths)
    state = read_state(folder)
    if state and _runs(state, folder):
        changed = sorted(name for name in wanted if state.fingerprint.get(name) != wanted[name])
        if not changed and (url := _wait_until_ready(folder, lambda: not _runs(state, folder), say)):
            return url
        if changed:
            say(f"ComfyUI has to be restarted, because this has changed: {', '.join(changed)}")
            _wait_until_unused(state, folder, say)
    if state:
        _end(state, folder)
    return _start_and_await(folder, model_paths, wanted, say)


def _prepare_models() -> dict[str, dict[str, str]]:
    """Make the base directory, and return the content of the model path file for the models outside of it."""
    provision.prepare_base_dir(home.base_dir(), pack_dir())
    return model_path_sections(home.model_dirs()[1:])


def _start_and_await(
    folder: Path,
    model_paths: dict[str, dict[str, str]],
    wanted: dict[str, str],
    say: Say,
    owner_pid: int | None = None,
) -> str:
    started = _start(folder, model_paths, wanted, say, owner_pid)
    url = _wait_until_ready(folder, lambda: started.poll() is not None, say)
    if url is None:
        raise UnreachableError(_start_failure(folder, "ComfyUI ended while it was starting"))
    if trouble := pack_trouble(_read(folder / "comfyui.log")):
        say(f"warning: ComfyUI couldn't load the node pack: {trouble}")
    return url


def model_path_sections(roots: list[Path]) -> dict[str, dict[str, str]]:
    """Return the content of a ComfyUI model path file that makes the models under `roots` visible."""
    sections = {}
    for number, root in enumerate(roots):
        folders = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
        if folders:
            sections[f"models_{number}"] = {"base_path": str(root)} | {name: name for name in folders}
    return sections


def fingerprint(model_paths: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return what a server is made of, part by part; secrets in the environment appear only as a hash."""
    comfyui, python = home.comfyui_dir(), home.comfyui_python()
    stamps = [path.read_text() for path in sorted(python.parent.parent.glob("talkingshorts-setup.stamp"))]
    return {
        "ComfyUI": f"{provision.read_comfyui_version(comfyui)} in {comfyui}",
        "Python": _digest([str(python), stamps]),
        "runner": __version__,
        "node pack": _digest([_file_mark(path) for path in _source_files(pack_dir())]),
        "environment": _digest(sorted(relevant_environment().items())),
        "model folders": _digest(
            [model_paths, _file_mark(shared_models_file()), _file_mark(comfyui / "extra_model_paths.yaml")]
        ),
    }


def relevant_environment() -> dict[str, str]:
    """Return the environment variables that change what a server does."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in WATCHED_VARIABLES
        or (name.startswith(("TALKINGSHORTS_", "COMFYUI_")) and name not in RUNNER_ONLY_VARIABLES)
    }


def server_environment() -> dict[str, str]:
    """Return the environment that ComfyUI is started in."""
    kept = {name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES}
    return kept | {"PYTHONNOUSERSITE": "1", "HF_HUB_OFFLINE": "1"}


def _source_files(pack: Path) -> list[Path]:
    return sorted(path for path in pack.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _file_mark(path: Path) -> tuple[str, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return str(path), status.st_size, status.st_mtime_ns


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _start(
    folder: Path, model_paths: dict[str, dict[str, str]], wanted: dict[str, str], say: Say, owner_pid: int | None
) -> subprocess.Popen[bytes]:
    port = free_port()
    launch = {
        "command": _command(folder, model_paths, port, say, is_own=owner_pid is not None),
        "port": port,
        "url": f"http://127.0.0.1:{port}",
        "fingerprint": wanted,
        "idle_seconds": idle_minutes() * 60 if owner_pid is None else float("inf"),
        "owner_pid": owner_pid,
    }
    (folder / "launch.json").write_text(json.dumps(launch), encoding="utf-8")
    (folder / "state.json").unlink(missing_ok=True)
    say(f"Starting ComfyUI {wanted['ComfyUI']} (10 to 60 s; log: {folder / 'comfyui.log'})")
    with (folder / "keeper.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-I", keeper.__file__, str(folder)],
            env=server_environment(),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _command(folder: Path, model_paths: dict[str, dict[str, str]], port: int, say: Say, is_own: bool) -> list[str]:
    # ComfyUI reads YAML, and JSON is YAML that needs no library to write.
    generated = folder / "model_paths.yaml"
    generated.write_text(json.dumps(model_paths, indent=1), encoding="utf-8")
    configs = [str(path) for path in (generated, shared_models_file()) if path.is_file()]
    python = home.comfyui_python()
    return [
        *(str(python), str(home.comfyui_dir() / "main.py")),
        *("--listen", "127.0.0.1", "--port", str(port), "--base-directory", str(home.base_dir())),
        *(_own_directories(folder) if is_own else []),
        *("--database-url", database_url(folder), "--extra-model-paths-config", *configs),
        *("--disable-api-nodes", "--disable-auto-launch", "--max-upload-size", str(MAX_UPLOAD_MB)),
        *(list_attention_options() if has_accelerator(python, say) else ["--cpu"]),
    ]


def _own_directories(folder: Path) -> list[str]:
    """Return the options for the folders that two ComfyUIs can't share."""
    for name in ("output", "user"):
        (folder / name).mkdir(exist_ok=True)
    # ComfyUI makes a folder `temp` in the one it is given.
    return [
        *("--output-directory", str(folder / "output"), "--user-directory", str(folder / "user")),
        *("--temp-directory", str(folder)),
    ]


def database_url(folder: Path) -> str:
    """Return the URL of the server's database. It is in the command line, and names a server as this home's."""
    return f"sqlite:///{(folder / 'comfyui.db').as_posix()}"


def free_port() -> int:
    """Return a loopback port that nobody listens on, below the range that systems hand out to outgoing connections."""
    for port in random.sample(range(20000, 32768), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise UnreachableError("No free loopback port between 20000 and 32767 was found for ComfyUI.")


def has_accelerator(python: Path, say: Say) -> bool:
    """Tell whether ComfyUI's torch can compute on a GPU; `say` is told why it can't on one that is there.

    It is slow to ask, so only where the system shows signs of a GPU.
    """
    if sys.platform == "linux" and not _shows(*GPU_SIGNS, *DISPLAY_SIGNS):
        return False
    reason = _explain_unused(python)
    if reason and _shows(*GPU_SIGNS):
        say(f"There is a GPU, but {reason}: ComfyUI uses the CPU. `talkingshorts doctor` says what to do.")
    return not reason


def _shows(*signs: str) -> bool:
    return any(path for sign in signs for path in DEVICES.glob(sign))


def _explain_unused(python: Path) -> str:
    """Return why ComfyUI's torch can compute on no GPU; "" when it can."""
    try:
        done = subprocess.run([python, "-c", FIND_DEVICE], capture_output=True, text=True, timeout=120, check=False)
    except OSError as error:
        return f"{python} can't be run ({error.strerror})"
    except subprocess.TimeoutExpired:
        return "torch didn't answer within 120 s"
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"torch ended with exit code {done.returncode}"])[-1]


def idle_minutes() -> float:
    """Return after how many idle minutes a server ends: TALKINGSHORTS_IDLE_MINUTES, else 15."""
    value = os.environ.get("TALKINGSHORTS_IDLE_MINUTES", "")
    try:
        minutes = float(value or DEFAULT_IDLE_MINUTES)
    except ValueError:
        minutes = -1.0
    if not 0 < minutes < float("inf"):
        raise UnreachableError(f"TALKINGSHORTS_IDLE_MINUTES is {value!r}; it has to be a number of minutes above 0.")
    return minutes


def _wait_until_ready(folder: Path, has_ended: Callable[[], bool], say: Say) -> str | None:
    """Return the server's URL once it answers, or None when it ends before it does."""
    begin = time.monotonic()
    next_news = begin + BOOT_NEWS_SECONDS
    while time.monotonic() - begin < keeper.BOOT_SECONDS:
        # Asked first: a server that ends between the two questions is noticed in the next round.
        is_gone = has_ended()
        state = read_state(folder)
        if state and answers(state, folder):
            return state.url
        if is_gone:
            return None
        if time.monotonic() >= next_news:
            next_news += BOOT_NEWS_SECONDS
            lines = last_meaningful_lines(_read(folder / "comfyui.log"), 1)
            last_line = "".join(lines) or "nothing logged yet"
            say(f"ComfyUI doesn't answer yet ({time.monotonic() - begin:.0f} s): {last_line}")
        time.sleep(0.1)
    what = f"ComfyUI hasn't answered for {keeper.BOOT_SECONDS:.0f} s. Try again, or end it: talkingshorts server stop"
    raise UnreachableError(_start_failure(folder, what))


def _start_failure(folder: Path, what: str) -> str:
    log = folder / "comfyui.log"
    lines = last_meaningful_lines(_read(log), 3) or last_meaningful_lines(_read(folder / "keeper.log"), 3)
    return f"{what}: {' | '.join(lines) or 'nothing was logged'}. Full log: {log}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def last_meaningful_lines(log: str, count: int) -> list[str]:
    """Return the last lines of a log that say something: no blank ones, no stack frames, no keeper's note."""
    noise = (" ", "\t", "Traceback ", "ComfyUI ended with exit code")
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", log).splitlines()]
    told = [line for line in lines if set(line) - set("-=*^~ ") and not line.startswith(noise)]
    return told[-count:]


def pack_trouble(log: str) -> str | None:
    """Return why ComfyUI couldn't load the node pack, as far as its log says, or None when it could."""
    if not re.search(rf"IMPORT FAILED.*{home.PACK_NAME}$", log, re.MULTILINE):
        return None
    reasons = re.findall(
        rf"(?:Cannot import|comfy_entrypoint in) .*{home.PACK_NAME}(?: module for custom nodes)?: (.+)$", log, re.M
    )
    return reasons[-1] if reasons else "its log doesn't say why"


def _wait_until_unused(state: ServerState, folder: Path, say: Say) -> None:
    told: int | None = 0
    while _runs(state, folder) and (jobs := keeper.jobs_waiting(state.port)) != 0:
        if jobs is None and answers(state, folder) is False:
            return  # Still starting, or no longer there. One that is only slow to answer may be at work.
        if jobs != told:
            what = "too busy to answer" if jobs is None else f"busy with {jobs} job{'s' if jobs > 1 else ''}"
            say(f"It is {what}; waiting until its queue is empty (`talkingshorts server stop` ends it at once)")
            told = jobs
        time.sleep(QUEUE_LOOK_SECONDS)


def answers(state: ServerState, folder: Path) -> bool | None:
    """Tell whether a server at the state's port says that it is this home's; None when it takes too long to say."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", state.port, timeout=5)
    try:
        connection.request("GET", "/system_stats")
        return database_url(folder) in json.load(connection.getresponse())["system"]["argv"]
    except TimeoutError:
        return None
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _runs(state: ServerState, folder: Path) -> bool:
    return _keeper_runs(state, folder) and _comfyui_runs(state, folder)


def _keeper_runs(state: ServerState, folder: Path) -> bool:
    return f"{Path(keeper.__file__).name} {folder}" in command_line(state.keeper_pid)


def _comfyui_runs(state: ServerState, folder: Path) -> bool:
    return database_url(folder) in command_line(state.pid)


def command_line(pid: int) -> str:
    """Return the command line of a process, or "" when there is no such process or only its remains."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    found = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip()


def _end(state: ServerState, folder: Path) -> bool:
    """End a server's keeper, which ends ComfyUI, or else ComfyUI itself. Return whether there was anything to end."""
    was_there = False
    deadline = time.monotonic() + STOP_PATIENCE_SECONDS
    told: set[int] = set()
    while True:
        keeper_runs, comfyui_runs = _keeper_runs(state, folder), _comfyui_runs(state, folder)
        if not (keeper_runs or comfyui_runs):
            break
        was_there = True
        target = state.keeper_pid if keeper_runs else state.pid
        if time.monotonic() > deadline:
            _signal_group(state.pid, signal.SIGKILL)
            _signal_group(state.keeper_pid, signal.SIGKILL)
        elif target not in told:
            told.add(target)
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGTERM)
        time.sleep(0.05)
    if read_state(folder) == state:
        (folder / "state.json").unlink(missing_ok=True)
    return was_there


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
