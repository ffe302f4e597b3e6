"""Sets the checkout up: `python -m talkingshorts.setup.bootstrap [--serve] [--test [--n8n]]`, by `make setup`.

Runs on the user's Python with nothing but the standard library. Everything lands in .venv and .comfyui, and what only
the tests need in .browser and .n8n. Steps that are done cost nothing, and a run that is cut short at any moment leaves
nothing that the next one trips over: ComfyUI and its environment as managed/install.py says, the browser and n8n by a
rename, complete.
"""

import re
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from .. import home
from ..managed.environment import explain_os_error
from ..managed.install import Installation, Places
from ..managed.provision import Say, SetupError
from . import browser, n8n


def main() -> int:
    """Set up, and return the exit code. All that a person reads goes to stderr."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    checkout = home.checkout_dir()
    try:
        if checkout is None:
            raise SetupError("Set-up runs in a checkout of the project: clone it, then run `make setup` there.")
        asked = sys.argv[1:]
        Setup(checkout, _print_line).run(
            with_test_tools="--test" in asked, with_n8n="--n8n" in asked, with_service="--serve" in asked
        )
    except KeyboardInterrupt:
        return _fail("interrupted; run it again to go on.", 130)
    except OSError as error:
        return _fail(explain_os_error(error, checkout or Path.cwd()), 1)
    except SetupError as error:
        return _fail(str(error), error.exit_code)
    return 0


def _stop(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"signal {number}")


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _fail(message: str, exit_code: int) -> int:
    _print_line(f"set-up: {message}")
    return exit_code


class Setup:
    """One checkout's set-up."""

    def __init__(self, checkout: Path, say: Say) -> None:
        self.checkout = checkout
        self.say = say
        self.venv = checkout / ".venv"
        self.requirements = checkout / "requirements"
        base = home.default_base_dir(checkout)
        places = Places(checkout, self.venv, checkout / ".comfyui", base, home.comfyui_dir())
        project = ("--no-build-isolation", "-e", ".")
        self.installation = Installation(places, say, "clone onto a larger disk", project)
        self.environment = self.installation.environment

    def run(self, *, with_test_tools: bool, with_n8n: bool = False, with_service: bool = False) -> None:
        """Do what isn't done yet. n8n is run by the Node.js of the test tools."""
        n8n_requirement = self.requirements / "n8n" / "package.json"
        lacks_n8n = with_n8n and not n8n.is_installed(self.checkout, n8n_requirement)
        lacks_service = with_service and not self.has_service()
        lacks_tools = with_test_tools and not self.has_test_tools()
        if self.is_current() and not (lacks_tools or lacks_n8n or lacks_service):
            return
        started = time.monotonic()
        with self.environment.at_work():
            if not self.is_current():
                self._require_matching_python()
                self.installation.install()
            if lacks_service:
                self._install_service()
            if lacks_tools:
                self._install_test_tools()
            if lacks_n8n:
                self._install_n8n(n8n_requirement)
        self.say(f"Set up in {time.monotonic() - started:.0f} s; everything is in .venv and .comfyui.")

    def is_current(self) -> bool:
        """Tell whether ComfyUI was installed with exactly the files, the Python and the ComfyUI of now."""
        return self.installation.is_current() and not self._asks_for_other_python()

    def has_test_tools(self) -> bool:
        """Tell whether the tools of the tests were installed with exactly the files of now."""
        return (
            self.installation.has_stamp("test", *self._test_requirements)
            and not self._asks_for_other_python()
            and (not browser.is_supported() or (self.checkout / browser.BROWSER_FOLDER).is_dir())
        )

    def has_service(self) -> bool:
        """Tell whether what the service needs was installed with exactly the file of now."""
        return self.installation.has_stamp("serve", self._service_requirement) and not self._asks_for_other_python()

    @property
    def _service_requirement(self) -> Path:
        return self.requirements / "serve.txt"

    @property
    def _test_requirements(self) -> tuple[Path, ...]:
        return self.requirements / "test.txt", self.requirements / "package.json", self._service_requirement

    def _install_service(self) -> None:
        self.say("What the service needs (about 10 MB)")
        self.environment.install("-r", "requirements/serve.txt")
        self.installation.stamp("serve", self._service_requirement)

    def _install_test_tools(self) -> None:
        self.say("Test tools (about 200 MB)")
        self.environment.install("-r", "requirements/test.txt")
        if browser.is_supported():
            self.say("A headless browser for the tests of the canvas (about 80 MB)")
            self._install_browser()
        else:
            self.say("The tests of the canvas need Linux on x86-64 and are left out here.")
        self.installation.stamp("test", *self._test_requirements)

    def _install_browser(self) -> None:
        try:
            browser.install_browser(self.checkout, self.requirements / "package.json", self.environment.run_python)
        except SetupError as error:
            raise SetupError(f"{error}. Full log: {self.environment.log}") from error

    def _install_n8n(self, requirement: Path) -> None:
        self.say("n8n for the tests of its workflows (about 1.6 GB, 2 to 15 minutes)")
        try:
            n8n.install_n8n(self.checkout, requirement, self.environment.run_python, self.say)
        except SetupError as error:
            raise SetupError(f"{error}. Full log: {self.environment.log}") from error

    def _asks_for_other_python(self) -> bool:
        """Tell whether the user named a Python of another version than the environment's."""
        made_with = venv_version(self.venv)
        return made_with is not None and made_with != sys.version_info[:2]

    def _require_matching_python(self) -> None:
        if self._asks_for_other_python() and self.environment.is_finished and self.environment.works():
            raise SetupError(
                f".venv is made with Python {'.'.join(map(str, venv_version(self.venv) or ()))}, and PYTHON is "
                f"{'.'.join(map(str, sys.version_info[:2]))}. To change it, remove .venv first (rm -r .venv)."
            )


def venv_version(venv: Path) -> tuple[int, int] | None:
    """Return the (major, minor) Python version that an environment was made with, or None where there is none."""
    try:
        found = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", (venv / "pyvenv.cfg").read_text(), re.MULTILINE)
    except OSError:
        return None
    return (int(found[1]), int(found[2])) if found else None


if __name__ == "__main__":
    sys.exit(main())
