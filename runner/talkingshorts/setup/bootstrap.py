"""Sets the checkout up: `python -m talkingshorts.setup.bootstrap [--test [--n8n]]`, run by `make setup`.

Runs on the user's Python with nothing but the standard library. Everything lands in .venv and .comfyui, and what only
the tests need in .browser and .n8n. Steps that are done cost nothing; a run that is cut short at any moment leaves
nothing that the next one trips over:
- an environment that isn't finished carries a mark inside, and the next run makes it anew;
- ComfyUI, the browser and n8n appear by a rename, complete;
- the stamps are written last.
"""

import contextlib
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from .. import home
from ..files import locking, replacing
from ..managed import provision
from ..managed.provision import COMFYUI_VERSION, PipError, Say, SetupError
from . import browser, n8n

GIB = 2**30
FULL_INSTALL_BYTES = 9 * GIB
UNFINISHED = ".unfinished"
INSTALLING = "Installing collected packages"
PHASES = 4


def main() -> int:
    """Set up, and return the exit code. All that a person reads goes to stderr."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    checkout = home.checkout_dir()
    try:
        if checkout is None:
            raise SetupError("Set-up runs in a checkout of the project: clone it, then run `make setup` there.")
        Setup(checkout, _say).run(with_test_tools="--test" in sys.argv[1:], with_n8n="--n8n" in sys.argv[1:])
    except KeyboardInterrupt:
        return _fail("interrupted; run it again to go on.", 130)
    except OSError as error:
        return _fail(_explain_os_error(error, checkout or Path.cwd()), 1)
    except SetupError as error:
        return _fail(str(error), error.exit_code)
    return 0


def _stop(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"signal {number}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _fail(message: str, exit_code: int) -> int:
    _say(f"set-up: {message}")
    return exit_code


def _explain_os_error(error: OSError, checkout: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(checkout)
    return f"{error.strerror or error}: {error.filename or checkout}"


def _disk_full(checkout: Path) -> str:
    free = shutil.disk_usage(checkout).free / GIB
    needed = FULL_INSTALL_BYTES // GIB
    return (
        f"the disk ran full; set-up needs about {needed} GB, and {free:.1f} GB are free at {checkout}. Free some first."
    )


class Setup:
    """One checkout's set-up."""

    def __init__(self, checkout: Path, say: Say) -> None:
        self.checkout = checkout
        self.say = say
        self.venv = checkout / ".venv"
        self.python = home.venv_python(self.venv)
        self.work = checkout / ".comfyui"
        self.log = self.work / "setup.log"
        self.requirements = checkout / "requirements"
        self.pack = checkout / "custom_nodes" / home.PACK_NAME
        self.comfyui = home.comfyui_dir()
        self.has_own_comfyui = bool(os.environ.get("COMFYUI_DIR"))
        self._lock_descriptor = -1

    def run(self, *, with_test_tools: bool, with_n8n: bool = False) -> None:
        """Do what isn't done yet. n8n is run by the Node.js of the test tools."""
        n8n_requirement = self.requirements / "n8n" / "package.json"
        lacks_n8n = with_n8n and not n8n.is_installed(self.checkout, n8n_requirement)
        if self.is_current("setup") and (not with_test_tools or self.is_current("test")) and not lacks_n8n:
            return
        with self._alone():
            started = time.monotonic()
            try:
                if not self.is_current("setup"):
                    self._set_up()
                if with_test_tools and not self.is_current("test"):
                    self._install_test_tools()
                if lacks_n8n:
                    self._install_n8n(n8n_requirement)
            except PipError as error:
                if "No space left on device" not in error.output:
                    raise SetupError(f"{error.reason}. Full log: {self.log}") from error
                self._forget_downloads()
                raise SetupError(_disk_full(self.checkout)) from error
            finally:
                provision.remove(self._temp)
            self._forget_downloads()
            self.log.unlink()  # pip's full log of a first set-up takes 48 MB, and only a failure needs it
            self.say(f"Set up in {time.monotonic() - started:.0f} s; everything is in .venv and .comfyui.")

    def is_current(self, name: str) -> bool:
        """Tell whether a step was finished with exactly the files, the Python and the ComfyUI of now."""
        stamp = self._stamp_file(name)
        return (
            stamp.is_file()
            and stamp.read_text() == self.digest(name)
            and self.python.exists()
            and not (self.venv / UNFINISHED).exists()
            and self._comfyui_is_right()
            and (home.default_base_dir(self.checkout) / "custom_nodes" / self.pack.name / "requirements.txt").exists()
            and not self._asks_for_other_python()
            and (name != "test" or not browser.is_supported() or (self.checkout / browser.FOLDER).is_dir())
        )

    def digest(self, name: str) -> str:
        """Return a hash over everything that a step's result depends on."""
        digest = hashlib.sha256()
        files = [self.requirements / f"{part}.txt" for part in ("build", "comfyui", "torch", "constraints")]
        files += [self.pack / "requirements.txt", self.checkout / "pyproject.toml", self.comfyui / "requirements.txt"]
        if name == "test":
            files += [self.requirements / "test.txt", self.requirements / "package.json"]
        for path in files:
            digest.update(path.read_bytes() if path.is_file() else b"absent")
            digest.update(b"\0")
        digest.update(f"{self.checkout}\0{self.comfyui}".encode())
        return digest.hexdigest()

    def _stamp_file(self, name: str) -> Path:
        return self.venv / f"talkingshorts-{name}.stamp"

    def _stamp(self, name: str) -> None:
        with replacing(self._stamp_file(name)) as partial:
            partial.write_text(self.digest(name))

    def _comfyui_is_right(self) -> bool:
        version = provision.read_comfyui_version(self.comfyui)
        return version is not None if self.has_own_comfyui else version == COMFYUI_VERSION

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        def tell() -> None:
            self.say("Another set-up of this checkout is running; waiting for it")

        self.work.mkdir(exist_ok=True)
        with locking(self.work / "setup.lock", tell) as lock:
            self._lock_descriptor = lock.fileno()
            self.log.write_bytes(b"")
            provision.remove(self._temp, self._discarded)
            yield

    @property
    def _temp(self) -> Path:
        return self.work / "tmp"

    @property
    def _discarded(self) -> Path:
        return self.work / "discarded"

    @property
    def _pip_cache(self) -> Path:
        return self.work / "pip-cache"

    def _set_up(self) -> None:
        self._require_matching_python()
        if self.has_own_comfyui:
            provision.require_own_comfyui(self.comfyui, self.say)
        if (self.venv / UNFINISHED).exists() or not self._venv_works():
            self._discard_venv()
        is_new = not self.venv.exists()
        if is_new:
            require_free_disk(self.checkout, FULL_INSTALL_BYTES)
        try:
            self._fill(is_new)
        except BaseException:
            if (self.venv / UNFINISHED).exists():
                self._discard_venv()
            raise

    def _fill(self, is_new: bool) -> None:
        version = ".".join(map(str, sys.version_info[:2]))
        if is_new:
            self._phase(1, f"Python environment: .venv, Python {version} (a few seconds)")
            self._make_venv()
        else:
            self._phase(1, "Python environment: .venv is there")
        self._install("-r", "requirements/build.txt")
        if self.has_own_comfyui:
            self._phase(2, f"ComfyUI: {self.comfyui}")
        elif self._comfyui_is_right():
            self._phase(2, f"ComfyUI {COMFYUI_VERSION} is there")
        else:
            self._phase(2, f"ComfyUI {COMFYUI_VERSION} (12 MB, a few seconds)")
            provision.fetch_comfyui(self.comfyui, self.requirements / "comfyui.txt", self._pip, self.say)
        hint = "about 6.5 GB, 2 to 15 minutes" if is_new else "only what changed"
        self._phase(3, f"Packages: torch, ComfyUI's, the pack's ({hint})")
        requirements = ("requirements/build.txt", "requirements/torch.txt", self.comfyui / "requirements.txt")
        chosen = [word for path in (*requirements, self.pack / "requirements.txt") for word in ("-r", str(path))]
        self._install(*chosen, "--no-build-isolation", "-e", ".")
        self._phase(4, "Linking the pack into ComfyUI's base directory")
        provision.prepare_base_dir(home.default_base_dir(self.checkout), self.pack)
        (self.venv / UNFINISHED).unlink(missing_ok=True)
        self._stamp("setup")

    def _install_test_tools(self) -> None:
        self.say("Test tools (about 200 MB)")
        self._install("-r", "requirements/test.txt")
        if browser.is_supported():
            self.say("A headless browser for the tests of the canvas (about 80 MB)")
            self._install_browser()
        else:
            self.say("The tests of the canvas need Linux on x86-64 and are left out here.")
        self._stamp("test")

    def _install_browser(self) -> None:
        try:
            browser.install_browser(self.checkout, self.requirements / "package.json", self._run_python)
        except SetupError as error:
            raise SetupError(f"{error}. Full log: {self.log}") from error

    def _install_n8n(self, requirement: Path) -> None:
        self.say("n8n for the tests of its workflows (about 1.6 GB, 2 to 15 minutes)")
        try:
            n8n.install_n8n(self.checkout, requirement, self._run_python, self.say)
        except SetupError as error:
            raise SetupError(f"{error}. Full log: {self.log}") from error

    def _phase(self, number: int, what: str) -> None:
        self.say(f"[{number}/{PHASES}] {what}")

    def _asks_for_other_python(self) -> bool:
        """Tell whether the user named a Python of another version than the environment's."""
        made_with = venv_version(self.venv)
        return made_with is not None and made_with != sys.version_info[:2]

    def _require_matching_python(self) -> None:
        if self._asks_for_other_python() and self._venv_works() and not (self.venv / UNFINISHED).exists():
            raise SetupError(
                f".venv is made with Python {'.'.join(map(str, venv_version(self.venv) or ()))}, and PYTHON is "
                f"{'.'.join(map(str, sys.version_info[:2]))}. To change it, remove .venv first (rm -r .venv)."
            )

    def _venv_works(self) -> bool:
        try:
            done = subprocess.run([self.python, "-I", "-c", "pass"], capture_output=True, check=False)
        except OSError:
            return False
        return done.returncode == 0

    def _make_venv(self) -> None:
        # Run from inside .venv, this interpreter is a link into it; the base interpreter outlives its removal.
        base_python = getattr(sys, "_base_executable", sys.executable)
        require_venv_module(base_python)
        self.venv.mkdir()
        (self.venv / UNFINISHED).touch()
        done = subprocess.run(
            [base_python, "-I", "-m", "venv", str(self.venv)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=self._environment(),
        )
        self._note(done.stdout)
        if done.returncode != 0:
            if "No space left on device" in done.stdout:
                raise OSError(errno.ENOSPC, "No space left on device")
            reason = (done.stdout.strip().splitlines() or ["no output"])[-1]
            raise SetupError(f"{base_python} can't make .venv: {reason}. Full log: {self.log}")

    def _discard_venv(self) -> None:
        """Remove .venv. It goes by a rename first, so that no half-removed one is ever taken for a complete one."""
        if self.venv.is_symlink() or not self.venv.is_dir():
            self.venv.unlink(missing_ok=True)
            return
        provision.remove(self._discarded)
        self.venv.rename(self._discarded)
        provision.remove(self._discarded)

    def _install(self, *arguments: str) -> None:
        """Install pinned packages. While pip changes a complete environment, it counts as unfinished."""
        mark = self.venv / UNFINISHED
        was_complete = not mark.exists()
        mark.touch()
        is_whole = True
        log_start = self.log.stat().st_size
        try:
            self._pip("install", *arguments, "-c", "requirements/constraints.txt")
        except BaseException:
            # pip fetches everything before it changes anything: ended so early, the environment is as it was.
            is_whole = INSTALLING not in self._read_log(log_start)
            raise
        finally:
            if was_complete and is_whole:
                mark.unlink()

    def _pip(self, *arguments: str) -> str:
        """Run pip in the environment and return its output.

        Raises:
            PipError: pip failed.
        """
        command = [str(self.python), "-I", "-m", "pip", "--no-input", "--disable-pip-version-check", "--no-color"]
        lines: list[str] = []
        # The lock is handed on: should only this process be killed, the next run still waits until pip is gone.
        with subprocess.Popen(
            [*command, "--log", str(self.log), *arguments],
            cwd=self.checkout,
            env=self._environment(),
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

    def _run_python(self, folder: Path, variables: Mapping[str, str], arguments: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            [self.python, "-I", *arguments],
            cwd=folder,
            env={**self._environment(), **variables},
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

    def _environment(self) -> dict[str, str]:
        """Return the environment for pip: caches and temporary files inside the checkout, no foreign packages."""
        self._temp.mkdir(parents=True, exist_ok=True)
        unwanted = {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_QUIET"}
        environment = {name: value for name, value in os.environ.items() if name not in unwanted}
        environment.setdefault("PIP_CACHE_DIR", str(self._pip_cache))
        return environment | {"TMPDIR": str(self._temp), "PIP_USER": "0"}

    def _forget_downloads(self) -> None:
        provision.remove(self._pip_cache, self._temp)

    def _note(self, text: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(text)

    def _read_log(self, start: int = 0) -> str:
        return self.log.read_bytes()[start:].decode(errors="replace")


def require_free_disk(folder: Path, needed_bytes: int) -> None:
    """Raise SetupError when the disk of `folder` has less room than a full install needs."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise SetupError(
            f"{folder} has {free / GIB:.1f} GB free, and set-up needs about {needed_bytes / GIB:.0f} GB "
            "(6.5 GB stay). Free some, or clone onto a larger disk."
        )


def require_venv_module(python: str) -> None:
    """Raise SetupError when this Python can't make environments, as some systems ship it."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    version = ".".join(map(str, sys.version_info[:2]))
    raise SetupError(
        f"{python} comes without the venv and ensurepip modules. Install them (Debian, Ubuntu: "
        f"apt install python{version}-venv), or name another Python: make setup PYTHON=/path/to/python3."
    )


def venv_version(venv: Path) -> tuple[int, int] | None:
    """Return the (major, minor) Python version that an environment was made with, or None where there is none."""
    try:
        found = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", (venv / "pyvenv.cfg").read_text(), re.MULTILINE)
    except OSError:
        return None
    return (int(found[1]), int(found[2])) if found else None


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


if __name__ == "__main__":
    sys.exit(main())
