"""Keeps one ComfyUI: starts it, writes down where it is, notices its end, and ends it when nobody uses it.

Runs detached, from its own file, on the standard library alone: `python -I keeper.py FOLDER`. FOLDER holds
`launch.json` (what to start), `used` (touched at every use), `lock` (held by whoever starts or ends the server),
`state.json` (written here: where the server is), `jobs` (written here: how jobs ended) and `comfyui.log`. A server
with an owner, the process that started this one, ends when that does.
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any

BOOT_SECONDS = 180.0
IDLE_LOOK_SECONDS = 5.0
GRACE_SECONDS = 10.0

NOTE_SECONDS = 3.0
JOBS_NOTED = 100
ENDING_FIELDS = ("id", "status", "outputs", "execution_error", "execution_start_time", "execution_end_time")
"""What is kept of GET /api/jobs/ID."""


def main() -> int:
    """Keep the server until it ends, its owner does, it is told to end (SIGTERM), or has been idle for long enough."""
    folder = Path(sys.argv[1])
    launch = json.loads((folder / "launch.json").read_text(encoding="utf-8"))
    owner_pid = launch["owner_pid"]
    if has_lost(owner_pid):
        return 1
    signal.signal(signal.SIGTERM, _leave)
    log_file = folder / "comfyui.log"
    if log_file.exists():
        log_file.replace(folder / "comfyui.previous.log")
    with log_file.open("ab", buffering=0) as log:
        process = start(launch["command"], log)
        try:
            write_state(folder, launch, process.pid)
            return keep(folder, process, launch["port"], launch["idle_seconds"], log, owner_pid)
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            note_endings(folder, launch["port"])
            end(process)
            forget_state(folder)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def start(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start ComfyUI in a process group of its own."""
    dies_along = _end_with_parent if sys.platform == "linux" else None
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0, preexec_fn=dies_along
    )


def _end_with_parent() -> None:
    # Should the keeper be killed, Linux ends its ComfyUI too. Elsewhere the next start finds and ends it.
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def write_state(folder: Path, launch: dict[str, Any], pid: int) -> None:
    """Write where the server is; the file appears whole or not at all."""
    known = {name: launch[name] for name in ("port", "url", "fingerprint")}
    state = known | {"pid": pid, "keeper_pid": os.getpid(), "started": time.time()}
    _write_whole(folder / "state.json", state)


def _write_whole(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)


def forget_state(folder: Path) -> None:
    """Remove the state if it is this keeper's."""
    with contextlib.suppress(OSError, ValueError):
        state_file = folder / "state.json"
        if json.loads(state_file.read_text(encoding="utf-8"))["keeper_pid"] == os.getpid():
            state_file.unlink()


def has_lost(owner_pid: int | None) -> bool:
    """Tell whether the owner, if there is one, has ended."""
    return owner_pid is not None and os.getppid() != owner_pid


def keep(
    folder: Path,
    process: subprocess.Popen[bytes],
    port: int,
    idle_seconds: float,
    log: IO[bytes],
    owner_pid: int | None = None,
) -> int:
    """Return 1 once ComfyUI ended by itself or lost its owner, or 0 once it was idle for `idle_seconds`."""
    started = last_active = time.time()
    has_answered = False
    next_look = 0.0
    while process.poll() is None and not has_lost(owner_pid):
        time.sleep(min(0.5, idle_seconds / 4))
        if time.monotonic() < next_look:
            continue
        next_look = time.monotonic() + min(IDLE_LOOK_SECONDS, idle_seconds / 4)
        jobs = jobs_waiting(port)
        has_answered = has_answered or jobs is not None
        is_booting = not has_answered and time.time() - started < BOOT_SECONDS
        if jobs or is_booting:
            last_active = time.time()
        if is_idle(time.time(), last_active, last_use(folder), idle_seconds):
            # Under the lock nobody can be about to use the server; who comes next finds no state, and starts a new one.
            with _try_lock(folder) as is_ours:
                if is_ours and is_idle(time.time(), last_active, last_use(folder), idle_seconds):
                    log.write(f"Ended after {idle_seconds / 60:g} idle minutes.\n".encode())
                    note_endings(folder, port)
                    end(process)
                    forget_state(folder)
                    return 0
    what = "Its owner ended" if process.returncode is None else f"ComfyUI ended with exit code {process.returncode}"
    log.write(f"{what}.\n".encode())
    return 1


def is_idle(now: float, last_active: float, last_used: float, idle_seconds: float) -> bool:
    """Tell whether neither a job nor a runner has needed the server for `idle_seconds`. Times are since the epoch."""
    return now - max(last_active, last_used) >= idle_seconds


def last_use(folder: Path) -> float:
    """Return when a runner last asked for the server, in seconds since the epoch."""
    try:
        return (folder / "used").stat().st_mtime
    except OSError:
        return 0.0


def jobs_waiting(port: int) -> int | None:
    """Return the number of jobs running or pending, or None when the server doesn't answer."""
    answer = _ask(port, "/prompt")
    try:
        return int(answer["exec_info"]["queue_remaining"])
    except (ValueError, KeyError, TypeError):
        return None


def note_endings(folder: Path, port: int) -> None:
    """Write down how the server's latest jobs ended: it forgets them when it ends itself."""
    deadline = time.monotonic() + NOTE_SECONDS
    listed = _ask(port, f"/api/jobs?status=completed,failed,cancelled&sort_order=desc&limit={JOBS_NOTED}")
    for job in listed.get("jobs", ()) if isinstance(listed, dict) else ():
        path = folder / "jobs" / f"{job['id']}.json"
        if path.exists() or time.monotonic() > deadline:
            continue
        told = _ask(port, f"/api/jobs/{job['id']}")
        if isinstance(told, dict) and told.get("id") == job["id"]:
            path.parent.mkdir(exist_ok=True)
            _write_whole(path, {name: told.get(name) for name in ENDING_FIELDS})


def _ask(port: int, path: str) -> Any:
    """Return the server's answer; None when there is none."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return json.load(connection.getresponse())
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()


@contextlib.contextmanager
def _try_lock(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock, if nobody else does; yields whether that worked."""
    import fcntl

    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def end(process: subprocess.Popen[bytes]) -> None:
    """End ComfyUI and everything it started: politely, then by force."""
    if process.poll() is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
            return


if __name__ == "__main__":
    sys.exit(main())
