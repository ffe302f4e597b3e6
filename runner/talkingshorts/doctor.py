"""Looks at everything a short needs, and says what is wrong and what to do. Starts no server."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

from . import __version__, home, keeper, provision, server
from .client import ComfyClient
from .errors import UnreachableError

GIB = 2**30
FREE_DISK_BYTES = 2 * GIB
CLONING_VRAM_BYTES = 24 * 10**9
LOOK_SECONDS = 60
PACKAGES = {
    "torch": "torch",
    "av": "av",
    "deno": "deno",
    "espeakng-loader": "espeakng_loader",
    "filelock": "filelock",
    "kornia": "kornia",
    "normt2s": "normt2s",
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "praat-parselmouth": "parselmouth",
    "pyloudnorm": "pyloudnorm",
    "silero-vad": "silero_vad",
    "soxr": "soxr",
    "transformers": "transformers",
    "urllib3": "urllib3",
    "wetext": "wetext",
    "yt-dlp": "yt_dlp",
}

# Runs in ComfyUI's Python. Packages are looked for, not imported; torch is, because only it knows the GPU.
LOOK = """
import importlib.metadata, importlib.util, json, sys
found = {}
for name, module in json.loads(sys.argv[1]).items():
    try:
        found[name] = importlib.metadata.version(name) if importlib.util.find_spec(module) else None
    except importlib.metadata.PackageNotFoundError:
        found[name] = "under another name"
devices, trouble = [], None
try:
    import torch
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            of = torch.cuda.get_device_properties(index)
            devices.append({"name": of.name, "type": "cuda", "vram_total": of.total_memory})
    elif torch.backends.mps.is_available():
        devices.append({"name": "Apple GPU", "type": "mps", "vram_total": 0})
except Exception as error:
    trouble = f"{type(error).__name__}: {error}"
print(json.dumps({"python": sys.version.split()[0], "packages": found, "devices": devices, "trouble": trouble}))
"""


class Row(TypedDict):
    """One finding: `ok` is None where nothing is right or wrong. `remedy` is "" where none is needed."""

    check: str
    ok: bool | None
    detail: str
    remedy: str


def run_doctor(server_url: str | None, token: str | None = None) -> list[dict[str, Any]]:
    """Return what was found, as rows of {check, ok, detail, remedy}.

    With `server_url` that server is looked at, and what is installed here doesn't matter. Raises UsageError when it is
    no address.
    """
    if server_url:
        rows = _named_server_rows(ComfyClient(server_url, token))
    else:
        rows = [_python_row(), _disk_row(), *_comfyui_rows(), _managed_server_row()]
    return [dict(row) for row in rows]


def row(check: str, ok: bool | None, detail: str, remedy: str = "") -> Row:
    """Return one finding; the remedy is kept only where something is wrong."""
    return {"check": check, "ok": ok, "detail": detail, "remedy": "" if ok else remedy}


def _python_row() -> Row:
    version = ".".join(map(str, sys.version_info[:3]))
    is_fit = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return row(
        "Python",
        is_fit,
        f"{version} at {sys.executable}; talkingshorts {__version__}",
        "Use Python 3.11, 3.12 or 3.13.",
    )


def _disk_row() -> Row:
    folder = next(path for path in (home.base_dir(), *home.base_dir().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return row(
        "disk", free >= FREE_DISK_BYTES, f"{free / GIB:.1f} GB free at {folder}", "Free some space: 2 GB at least."
    )


def _comfyui_rows() -> list[Row]:
    folder, python = home.comfyui_dir(), home.comfyui_python()
    version = provision.read_comfyui_version(folder)
    set_up = "Run `make setup`, or set COMFYUI_DIR (and COMFYUI_PYTHON) to your own."
    if version is None:
        return [row("ComfyUI", False, f"none in {folder}", set_up)]
    rows = [
        row(
            "ComfyUI",
            not provision.is_older(version, provision.COMFYUI_VERSION),
            f"{version} in {folder}",
            f"Update it: {provision.COMFYUI_VERSION} or newer is needed.",
        ),
        pack_row(home.base_dir()),
    ]
    seen = look(python)
    if isinstance(seen, str):
        return [*rows, row("ComfyUI's Python", False, f"{python}: {seen}", set_up)]
    return [*rows, row("ComfyUI's Python", True, f"{seen['python']} at {python}"), *_installed_rows(seen)]


def pack_row(base: Path) -> Row:
    """Return whether the node pack is in the base directory's custom_nodes."""
    link = base / "custom_nodes" / home.PACK_NAME
    if (link / "__init__.py").exists():
        return row("node pack", True, f"{link} -> {link.resolve()}" if link.is_symlink() else str(link))
    # A home of one's own gets its link at the first start.
    is_new_home = bool(os.environ.get("TALKINGSHORTS_HOME")) and not base.exists()
    return row("node pack", None if is_new_home else False, f"not linked yet: {link}", "Run `make setup`.")


def look(python: Path) -> dict[str, Any] | str:
    """Return what ComfyUI's Python has: python, packages, devices, trouble; or in words why it can't be asked."""
    try:
        done = subprocess.run(
            [python, "-c", LOOK, json.dumps(PACKAGES)],
            env=os.environ | {"PYTHONNOUSERSITE": "1"},
            capture_output=True,
            text=True,
            timeout=LOOK_SECONDS,
            check=False,
        )
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return f"no answer within {LOOK_SECONDS} s"
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or [f"ended with exit code {done.returncode}"])[-1]
    return json.loads(done.stdout.splitlines()[-1])


def _installed_rows(seen: Mapping[str, Any]) -> list[Row]:
    install = "Run `make setup`, or `pip install -r requirements.txt` of the node pack in ComfyUI's Python."
    rows = [
        row(name, version is not None, version or "not installed", install)
        for name, version in seen["packages"].items()
    ]
    if seen["trouble"]:
        rows.append(row("torch works", False, seen["trouble"], "Install torch anew in ComfyUI's Python."))
    return [*rows, *_device_rows(seen["devices"])]


def _device_rows(devices: list[dict[str, Any]]) -> list[Row]:
    gpus = [device for device in devices if device["type"] != "cpu"]
    names = ", ".join(f"{gpu['name']} ({gpu['vram_total'] / 10**9:.0f} GB)" for gpu in gpus)
    return [row("GPU", True if gpus else None, names or "none; drafts need none"), quality_row(gpus)]


def quality_row(gpus: list[dict[str, Any]]) -> Row:
    """Return which qualities fit: a draft anywhere, cloning and lip-sync on a CUDA GPU of 24 GB or more."""
    is_large = any(gpu["type"] == "cuda" and gpu["vram_total"] >= CLONING_VRAM_BYTES for gpu in gpus)
    fit = "would fit here" if is_large else "need a CUDA GPU with 24 GB or more"
    return row("quality", True, f"draft (fast and best {fit}, and aren't in this version)")


def _managed_server_row() -> Row:
    url = server.find_server()
    if url is None:
        return row("managed server", None, "not running; it starts when it is needed")
    jobs = keeper.jobs_waiting(urlsplit(url).port or 80)
    return row("managed server", True, f"{url}, {'busy' if jobs else 'idle'}")


def _named_server_rows(client: ComfyClient) -> list[Row]:
    try:
        stats = client.system_stats()
    except UnreachableError as error:
        return [row("server", False, str(error), "Start it, or check its address and the token.")]
    version = stats["system"]["comfyui_version"]
    return [row("server", True, f"{client.url}, ComfyUI {version}"), *_device_rows(stats.get("devices", []))]
