"""A Python environment that pip fills. One that isn't finished carries a mark inside, and is made anew.

Needs nothing but the standard library: set-up runs on the user's bare Python.
"""

import contextlib
import errno
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from .. import home
from ..files import locking, remove
from .provision import PipError, Say, SetupError

GIB = 2**30
FULL_INSTALL_BYTES = 9 * GIB
UNFINISHED = ".unfinished"
INSTALLING = "Installing collected packages"


class Environment:
    """A virtual environment in `venv`, and the `work` folder with its lock, its log and pip's files.

    pip runs in `folder`, in which `requirements/constraints.txt` pins every version.
    """

    def __init__(self, venv: Path, work: Path, folder: Path, say: Say) -> None:
        self.venv = venv
        self.python = home.venv_python(venv)
        self.work = work
        self.folder = folder
        self.log = work / "setup.log"
        self.say = say
        self._lock_descriptor = -1

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Hold the lock, say with pip's reason what goes wrong meanwhile, and leave nothing behind but a failure's log.

        Raises:
            SetupError: pip failed.
        """
        with self._alone():
            try:
                yield
            except PipError as error:
                if "No space left on device" not in error.output:
                    raise SetupError(f"{error.reason}. Full log: {self.log}") from error
                self._forget_downloads()
                raise SetupError(explain_full_disk(self.work)) from error
            finally:
                remove(self._temp)
            self._forget_downloads()
            self.log.unlink()  # pip's full log of a first set-up takes 48 MB, and only a failure needs it

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        def tell() -> None:
            self.say(f"Another set-up is at work in {self.work}; waiting for it")

        self.work.mkdir(parents=True, exist_ok=True)
        with locking(self._lock, tell) as lock:
            self._lock_descriptor = lock.fileno()
            self.log.write_bytes(b"")
            remove(self._temp, self._discarded)
            yield

    @property
    def _lock(self) -> Path:
        return self.work / "setup.lock"

    @property
    def has_been_at_work(self) -> bool:
        """Whether it was ever filled, or begun to be."""
        return self._lock.exists()

    @property
    def _temp(self) -> Path:
        return self.work / "tmp"

    @property
    def _discarded(self) -> Path:
        return self.work / "discarded"

    @property
    def _pip_cache(self) -> Path:
        return self.work / "pip-cache"

    @property
    def is_finished(self) -> bool:
        """Whether it is there and nothing that filled it was cut short."""
        return self.python.exists() and not (self.venv / UNFINISHED).exists()

    def works(self) -> bool:
        """Tell whether its Python runs."""
        try:
            done = subprocess.run([self.python, "-I", "-c", "pass"], capture_output=True, check=False)
        except OSError:
            return False
        return done.returncode == 0

    def make(self) -> None:
        """Make it, marked as unfinished."""
        # Run from inside it, this interpreter is a link into it; the base interpreter outlives its removal.
        base_python = getattr(sys, "_base_executable", sys.executable)
        require_venv_module(base_python)
        self.venv.mkdir(parents=True)
        (self.venv / UNFINISHED).touch()
        done = subprocess.run(
            [base_python, "-I", "-m", "venv", str(self.venv)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=self.variables(),
        )
        self._note(done.stdout)
        if done.returncode != 0:
            if "No space left on device" in done.stdout:
                raise OSError(errno.ENOSPC, "No space left on device")
            reason = (done.stdout.strip().splitlines() or ["no output"])[-1]
            raise SetupError(f"{base_python} can't make {self.venv}: {reason}. Full log: {self.log}")

    def discard(self) -> None:
        """Remove it. It goes by a rename first, so that no half-removed one is ever taken for a complete one."""
        if self.venv.is_symlink() or not self.venv.is_dir():
            self.venv.unlink(missing_ok=True)
            return
        remove(self._discarded)
        self.venv.rename(self._discarded)
        remove(self._discarded)

    def finish(self) -> None:
        """Take the mark away: it holds all that it has to."""
        (self.venv / UNFINISHED).unlink(missing_ok=True)

    def install(self, *arguments: str) -> None:
        """Install pinned packages. While pip changes a complete environment, it counts as unfinished."""
        mark = self.venv / UNFINISHED
        was_complete = not mark.exists()
        mark.touch()
        is_whole = True
        log_start = self.log.stat().st_size
        try:
            self.pip("install", *arguments, "-c", "requirements/constraints.txt")
        except BaseException:
            # pip fetches everything before it changes anything: ended so early, the environment is as it was.
            is_whole = INSTALLING not in self._read_log(log_start)
            raise
        finally:
            if was_complete and is_whole:
                mark.unlink()

    def pip(self, *arguments: str) -> str:
        """Run pip in the environment and return its output.

        Raises:
            PipError: pip failed.
        """
        command = [str(self.python), "-I", "-m", "pip", "--no-input", "--disable-pip-version-check", "--no-color"]
        lines: list[str] = []
        # The lock is handed on: should only this process be killed, the next run still waits until pip is gone.
        with subprocess.Popen(
            [*command, "--log", str(self.log), *arguments],
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=(self._lock_descriptor,),
        ) as process:
            try:
                for line in process.stdout or ():
                    lines.append(line)
                    if news := progress_line(line):
                        self.say(f"      {news}")
            except BaseException:
                process.terminate()
                process.wait()
                raise
        output = "".join(lines)
        if process.returncode != 0:
            raise PipError(explain_pip_failure(output, self._read_log(), process.returncode), output)
        return output

    def run_python(self, folder: Path, variables: Mapping[str, str], arguments: list[str]) -> tuple[int, str]:
        """Run its Python in a folder, with variables added; return exit code and output."""
        done = subprocess.run(
            [self.python, "-I", *arguments],
            cwd=folder,
            env={**self.variables(), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            pass_fds=(self._lock_descriptor,),
        )
        self._note(done.stdout)
        return done.returncode, done.stdout

    def variables(self) -> dict[str, str]:
        """Return the environment for pip: caches and temporary files in the work folder, no foreign packages."""
        self._temp.mkdir(parents=True, exist_ok=True)
        unwanted = {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_QUIET"}
        environment = {name: value for name, value in os.environ.items() if name not in unwanted}
        environment.setdefault("PIP_CACHE_DIR", str(self._pip_cache))
        return environment | {"TMPDIR": str(self._temp), "PIP_USER": "0"}

    def _forget_downloads(self) -> None:
        remove(self._pip_cache, self._temp)

    def _note(self, text: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(text)

    def _read_log(self, start: int = 0) -> str:
        return self.log.read_bytes()[start:].decode(errors="replace")


def explain_os_error(error: OSError, folder: Path) -> str:
    """Return in one line what the system refused, and where."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return explain_full_disk(folder)
    return f"{error.strerror or error}: {error.filename or folder}"


def explain_full_disk(folder: Path) -> str:
    """Return that the disk of `folder` ran full, and how much room a full install needs."""
    free = shutil.disk_usage(folder).free / GIB
    needed = FULL_INSTALL_BYTES // GIB
    return (
        f"the disk ran full; set-up needs about {needed} GB, and {free:.1f} GB are free at {folder}. Free some first."
    )


def require_free_disk(folder: Path, remedy: str) -> None:
    """Raise SetupError when the disk of `folder` has less room than a full install needs."""
    free = shutil.disk_usage(folder).free
    if free < FULL_INSTALL_BYTES:
        raise SetupError(
            f"{folder} has {free / GIB:.1f} GB free, and set-up needs about {FULL_INSTALL_BYTES / GIB:.0f} GB "
            f"(6.5 GB stay). Free some, or {remedy}."
        )


def require_venv_module(python: str) -> None:
    """Raise SetupError when this Python can't make environments, as some systems ship it."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    version = ".".join(map(str, sys.version_info[:2]))
    raise SetupError(
        f"{python} comes without the venv and ensurepip modules. Install them (Debian, Ubuntu: "
        f"apt install python{version}-venv), or use another Python "
        "(in a checkout: make setup PYTHON=/path/to/python3)."
    )


def progress_line(pip_line: str) -> str | None:
    """Return what a person wants to see of one line of pip's output, or None for the rest (most of it)."""
    name_and_size = r"\s*(?:Downloading|Using cached) (\S+) \((\d+(?:\.\d+)? [MG]B)\)"
    if found := re.match(name_and_size, pip_line):
        name, size = found[1].rpartition("/")[2], found[2]
        return f"downloading {name.split('-')[0]} ({size})" if _megabytes(size) >= 20 else None
    if pip_line.startswith(INSTALLING):
        count = pip_line.count(",") + 1
        return f"installing {count} packages" if count > 1 else None
    return None


def _megabytes(size: str) -> float:
    number, unit = size.split()
    return float(number) * (1000 if unit == "GB" else 1)


def explain_pip_failure(output: str, log: str, exit_code: int) -> str:
    """Return in one line why pip failed: its own last error, and what the network said if it said something."""
    errors = re.findall(r"^\s*ERROR: (?!ResolutionImpossible)(.+)$", output, re.MULTILINE)
    conflict = re.search(r"The conflict is caused by:\n((?: +\S.*\n)+)", output)
    if conflict:
        errors.append("; ".join(line.strip() for line in (errors[-1:] + conflict[1].splitlines())))
    refusals = re.findall(r"Could not fetch URL \S+ (.+?) - skipping", log) + re.findall(
        r"after connection broken by ['\"](.+?)['\"]: /", log
    )
    refusals = [re.sub(r"^\w+\('?<.*?>: (.+?)'?\)$", r"\1", refusal) for refusal in refusals if "404 " not in refusal]
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if exit_code < 0:
        told = f"pip was ended by signal {-exit_code}" + (" (out of memory?)" if exit_code == -signal.SIGKILL else "")
    elif errors:
        told = f"pip says: {errors[-1]}"
    else:
        told = f"pip says: {lines[-1]}" if lines else f"pip ended with {exit_code}"
    return f"{told.rstrip('.')} ({refusals[-1]})" if refusals and not conflict else told.rstrip(".")
