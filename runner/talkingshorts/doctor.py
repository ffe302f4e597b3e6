"""Looks at everything a short needs, and says what is wrong and what to do. Starts no server."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

from . import __version__, home
from .comfyui.client import ComfyClient
from .display.terminal import format_size
from .errors import UnreachableError
from .jobs.reach import ServerChoice
from .managed import keeper, provision, server
from .managed.attention import SAGE, choose_attention
from .managed.environment import GIB
from .managed.install import explain_install, is_outdated
from .models.files import find_model, model_roots, nearest_folder
from .shipped.data import pack_dir
from .shipped.models import ModelFile, ModelListError, format_missing, list_presets, load_model_list
from .shipped.workflows import list_workflows
from .shorts.quality import Machine, explain_unfit, read_machine
from .workflow.file import load_workflow
from .workflow.model_names import find_model_fields

FREE_DISK_BYTES = 2 * GIB
NEW_GPU_CAPABILITY, NEW_GPU_CUDA = (10, 0), "12.8"
OLD_GPU_CUDA = "12.6"
"""The last CUDA for which torch 2.11 is built with code for GPUs before the RTX 20 series."""

DRIVERS = {12: 525, 13: 580}
"""The oldest NVIDIA driver that serves a torch built for any CUDA of a major version, on Linux."""

FREE_GPU = (
    "Look with nvidia-smi at what else uses the GPU, or restart the machine; then `talkingshorts server stop`, "
    "so that the next server looks for it anew."
)
AMD_DRIVER = Path("/dev/kfd")
ON_ROCM = "fast and best are not tried out on ROCm; drafts need no GPU"
ANOTHER_TORCH = "in ComfyUI's Python, as docs/install.md shows"
LOOK_PATIENCE_SECONDS = 60
PACK_NODE = "TalkingShortsSaveShort"
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
    "pi-heif": "pi_heif",
    "pillow": "PIL",
    "praat-parselmouth": "parselmouth",
    "pyloudnorm": "pyloudnorm",
    "silero-vad": "silero_vad",
    "soxr": "soxr",
    "transformers": "transformers",
    "urllib3": "urllib3",
    "wetext": "wetext",
    "yt-dlp": "yt_dlp",
}

SAGE_PACKAGE = SAGE.partition("==")[0]
ATTENTION_PACKAGES = {SAGE_PACKAGE: "sageattention", "xformers": "xformers"}
"""Which nobody needs."""

# Runs in ComfyUI's Python. Packages are looked for, not imported; torch is, because only it knows the GPU.
LOOK = """
import importlib.metadata, importlib.util, json, sys
found = {}
for name, module in json.loads(sys.argv[1]).items():
    try:
        found[name] = importlib.metadata.version(name) if importlib.util.find_spec(module) else None
    except importlib.metadata.PackageNotFoundError:
        found[name] = "under another name"
devices, build, trouble = [], {}, None
try:
    import psutil, torch
    build = {"version": torch.__version__, "cuda": torch.version.cuda, "hip": torch.version.hip}
    if torch.cuda.is_available():
        build["architectures"] = torch.cuda.get_arch_list()
        for index in range(torch.cuda.device_count()):
            of = torch.cuda.get_device_properties(index)
            capability = None if torch.version.hip else [of.major, of.minor]
            devices.append(
                {"name": of.name, "type": "cuda", "vram_total": of.total_memory, "capability": capability}
            )
        try:
            torch.ones(2, device="cuda").sum().item()
        except Exception as error:
            build["failure"] = (str(error).splitlines() or [type(error).__name__])[0]
    elif torch.backends.mps.is_available():
        devices.append({"name": "Apple GPU", "type": "mps", "vram_total": psutil.virtual_memory().total})
    build["ram_total"] = psutil.virtual_memory().total
    if found.get("xformers"):
        import xformers
        build["has_xformers"] = bool(xformers._has_cpp_library)
except Exception as error:
    trouble = f"{type(error).__name__}: {error}"
answer = {"python": sys.version.split()[0], "packages": found, "devices": devices, "torch": build, "trouble": trouble}
print(json.dumps(answer))
"""


class Finding(TypedDict):
    """One finding: `ok` is None where nothing is right or wrong. `remedy` is "" where none is needed."""

    check: str
    ok: bool | None
    detail: str
    remedy: str


@dataclass(frozen=True)
class NvidiaDriver:
    """The names of the GPUs that the driver of this machine knows, and the newest CUDA that it can serve."""

    gpus: tuple[str, ...] = ()
    cuda_version: str | None = None


def run_doctor(choice: ServerChoice) -> list[Finding]:
    """Return what was found, as rows of {check, ok, detail, remedy}.

    A server that is named is looked at, and then what is installed here doesn't matter. Raises UsageError when its
    address is none.
    """
    if choice.url:
        return _named_server_rows(ComfyClient(choice.url, choice.token))
    return [_python_row(), _disk_row(), *_comfyui_rows(), _managed_server_row()]


def row(check: str, ok: bool | None, detail: str, remedy: str = "") -> Finding:
    """Return one finding; the remedy is kept only where something is wrong."""
    return {"check": check, "ok": ok, "detail": detail, "remedy": "" if ok else remedy}


def _python_row() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    is_fit = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return row(
        "Python",
        is_fit,
        f"{version} at {sys.executable}; talkingshorts {__version__}",
        "Use Python 3.11, 3.12 or 3.13.",
    )


def _disk_row() -> Finding:
    folder = next(path for path in (home.base_dir(), *home.base_dir().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return row(
        "disk", free >= FREE_DISK_BYTES, f"{free / GIB:.1f} GB free at {folder}", "Free some space: 2 GB at least."
    )


def _comfyui_rows() -> list[Finding]:
    folder, python = home.comfyui_dir(), home.comfyui_python()
    version = provision.read_comfyui_version(folder)
    set_up = f"{explain_install()}, or set COMFYUI_DIR (and COMFYUI_PYTHON) to your own."
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
        *_installation_rows(),
    ]
    seen = look(python)
    if isinstance(seen, str):
        return [*rows, row("ComfyUI's Python", False, f"{python}: {seen}", set_up)]
    return [*rows, row("ComfyUI's Python", True, f"{seen['python']} at {python}"), *_installed_rows(seen)]


def _installation_rows() -> list[Finding]:
    """Return whether what this program installed itself is what this version of it installs; nothing in a checkout."""
    if not is_outdated():
        return []
    detail = f"{home.environment_dir()} was made for other requirements than those of talkingshorts {__version__}"
    return [row("installation", False, detail, f"{explain_install()}.")]


def pack_row(base: Path) -> Finding:
    """Return whether the node pack is in the base directory's custom_nodes."""
    link = base / "custom_nodes" / home.PACK_NAME
    if (link / "__init__.py").exists():
        return row("node pack", True, f"{link} -> {link.resolve()}" if link.is_symlink() else str(link))
    # Only a checkout's base directory is made by set-up; any other gets its link at the first start.
    checkout = home.checkout_dir()
    if not base.exists() and not (checkout and base == home.default_base_dir(checkout)):
        return row("node pack", None, f"not linked yet: {link}")
    return row("node pack", False, f"not linked yet: {link}", f"{explain_install()}.")


def look(python: Path) -> dict[str, Any] | str:
    """Return what ComfyUI's Python has: python, packages, devices, torch, trouble; or in words why it can't tell."""
    try:
        done = subprocess.run(
            [python, "-c", LOOK, json.dumps(PACKAGES | ATTENTION_PACKAGES)],
            env=os.environ | {"PYTHONNOUSERSITE": "1"},
            capture_output=True,
            text=True,
            timeout=LOOK_PATIENCE_SECONDS,
            check=False,
        )
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return f"no answer within {LOOK_PATIENCE_SECONDS} s"
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or [f"ended with exit code {done.returncode}"])[-1]
    return json.loads(done.stdout.splitlines()[-1])


def ask_nvidia_driver() -> NvidiaDriver:
    """Return what the NVIDIA driver of this machine says; no GPUs where there is none that works."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "-q"], capture_output=True, text=True, timeout=LOOK_PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return NvidiaDriver()
    gpus = tuple(re.findall(r"^\s+Product Name\s+: (.+)$", done.stdout, re.MULTILINE))
    version = re.search(r"^CUDA Version\s+: (\d+\.\d+)", done.stdout, re.MULTILINE)
    return NvidiaDriver(gpus, version[1] if version else None)


def _installed_rows(seen: Mapping[str, Any]) -> list[Finding]:
    install = f"{explain_install()}, or `pip install -r requirements.txt` of the node pack in ComfyUI's Python."
    rows = [
        row(name, version is not None, version or "not installed", install)
        for name, version in seen["packages"].items()
        if name not in ATTENTION_PACKAGES
    ]
    if seen["trouble"]:
        return [*rows, row("torch works", False, seen["trouble"], "Install torch anew in ComfyUI's Python.")]
    gpu = gpu_row(seen, ask_nvidia_driver(), has_amd=AMD_DRIVER.exists())
    system = seen["torch"] | {"pytorch_version": seen["torch"]["version"]}
    machine = read_machine({"system": system, "devices": seen["devices"] if gpu["ok"] else []})
    return [
        *rows,
        gpu,
        *([attention_row(seen)] if seen["torch"]["cuda"] and seen["devices"] else []),
        ram_row(machine),
        *preset_rows(machine, _find_lacking, _models_disk_free()),
    ]


def gpu_row(seen: Mapping[str, Any], nvidia: NvidiaDriver, *, has_amd: bool) -> Finding:
    """Return whether torch, as `look` saw it, can compute on the GPUs that are there."""
    build, devices = seen["torch"], seen["devices"]
    if not devices and nvidia.gpus:
        return row("GPU", False, *_diagnose_unused_gpu(build, nvidia))
    for device in devices:
        if trouble := _diagnose_unknown_gpu(build, device):
            return row("GPU", False, *trouble)
    if build.get("failure"):
        return row("GPU", False, f"{devices[0]['name']}, but torch fails on it: {build['failure']}", FREE_GPU)
    if not devices and has_amd and not build["hip"]:
        return row("GPU", None, f"an AMD GPU, for which torch {build['version']} isn't built; {ON_ROCM}")
    if not devices:
        return row("GPU", None, f"torch {build['version']} finds none; drafts need none")
    names = ", ".join(f"{device['name']} ({device['vram_total'] / 10**9:.0f} GB)" for device in devices)
    if build["hip"]:
        return row("GPU", True, f"{names}, torch for ROCm {build['hip']}; {ON_ROCM}")
    return row("GPU", True, f"{names}, torch for CUDA {build['cuda']}" if build["cuda"] else names)


def attention_row(seen: Mapping[str, Any]) -> Finding:
    """Return what ComfyUI computes attention with on the GPUs that `look` saw, half of a video's time."""
    sage, xformers = (seen["packages"].get(name) for name in ATTENTION_PACKAGES)
    try:
        is_asked_for = choose_attention() == "sage"
    except UnreachableError as error:
        return row("attention", False, str(error), "unset TALKINGSHORTS_ATTENTION")
    if is_asked_for:
        remedy = f"{home.comfyui_python()} -m pip install {SAGE}; or unset TALKINGSHORTS_ATTENTION."
        return row("attention", bool(sage), f"SageAttention, {sage or 'which is not installed'}", remedy)
    own = "PyTorch's"
    if xformers and seen["torch"].get("has_xformers"):
        own = f"xformers {xformers}, since it is installed"
    elif xformers:
        own += f"; xformers {xformers} is installed, but isn't built for torch {seen['torch']['version']}"
    if sage:
        own += f". SageAttention {sage} is used where TALKINGSHORTS_ATTENTION=sage is set, by all qualities"
    return row("attention", None, own)


def _diagnose_unused_gpu(build: Mapping[str, Any], nvidia: NvidiaDriver) -> tuple[str, str]:
    """Return what keeps torch from the NVIDIA GPUs that are there, and the remedy."""
    gpus, known = ", ".join(nvidia.gpus), nvidia.cuda_version
    if not build["cuda"]:
        return f"{gpus}, but torch {build['version']} is built without CUDA", (
            f"Install a torch built for CUDA {ANOTHER_TORCH}."
        )
    # A driver that knows any CUDA of a major version serves a torch that is built for any other of it.
    if known and _read_major(known) < _read_major(build["cuda"]):
        return f"{gpus}, but the driver knows CUDA up to {known}, and torch is built for {build['cuda']}", (
            f"Update the NVIDIA driver{_format_driver(build['cuda'])}, "
            f"or install a torch built for CUDA {_read_major(known)} {ANOTHER_TORCH}."
        )
    return f"{gpus}, but torch for CUDA {build['cuda']} finds none of them", (
        "Look at CUDA_VISIBLE_DEVICES, and restart the machine if the driver was updated since its start."
    )


def _format_driver(cuda_version: str) -> str:
    driver = DRIVERS.get(_read_major(cuda_version))
    return f" to {driver} or newer" if driver else ""


def _diagnose_unknown_gpu(build: Mapping[str, Any], device: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return that torch has no code for the GPU, and the remedy; None when it has some."""
    capability = device.get("capability")
    if not capability or _has_code_for(build["architectures"], tuple(capability)):
        return None
    name = f"sm_{capability[0]}{capability[1]}"
    if tuple(capability) >= NEW_GPU_CAPABILITY:
        remedy = f"Install a torch built for CUDA {NEW_GPU_CUDA} or newer {ANOTHER_TORCH}."
    else:
        remedy = f"Install a torch built for CUDA {OLD_GPU_CUDA}, an older CUDA with code for it, {ANOTHER_TORCH}."
    known = ", ".join(build["architectures"])
    return f"{device['name']} is {name}, and torch {build['version']} is built for {known}", remedy


def _has_code_for(architectures: list[str], capability: tuple[int, int]) -> bool:
    """Tell whether torch runs on a GPU: compiled code serves later minor versions, PTX (compute_) any later GPU."""
    for name in architectures:
        match = re.fullmatch(r"(sm|compute)_(\d+)(\d)[a-z]?", name)
        if match is None:
            continue
        built = int(match[2]), int(match[3])
        if built <= capability and (match[1] == "compute" or built[0] == capability[0]):
            return True
    return False


def _read_major(version: str) -> int:
    return int(version.partition(".")[0])


def ram_row(machine: Machine) -> Finding:
    """Return how much RAM there is; drafts need little of it."""
    return row("RAM", True if machine.ram_bytes else None, f"{machine.ram_bytes / 10**9:.0f} GB")


def preset_rows(
    machine: Machine, find_lacking: Callable[[list[ModelFile]], Mapping[str, int]], disk_free: int | None
) -> list[Finding]:
    """Return which quality a cloned short gets, and for each preset of models whether it fits, and what is missing.

    `find_lacking` tells how many bytes are still to be got of each model that isn't here, by its loader's name;
    `disk_free` is None where that isn't known.
    """
    try:
        presets = list_presets(load_model_list())
    except ModelListError as error:
        return [row("models", None, str(error))]
    lacking = {preset: find_lacking(files) for preset, files in presets.items()}
    ready = (name for name in ("best", "fast") if not lacking[name] and not explain_unfit(name, machine))
    quality = row("quality", True, f"a short with a cloned voice is made as: {next(ready, 'draft')}")
    return [quality, *(preset_row(name, machine, lacking[name], disk_free) for name in presets)]


def preset_row(preset: str, machine: Machine, lacking: Mapping[str, int], disk_free: int | None) -> Finding:
    """Return whether a preset of models can be used here. What is missing is no failure: drafts need none of it."""
    unfit = explain_unfit(preset, machine)
    fit = unfit or f"fits {machine}"
    if not lacking:
        return row(f"models {preset}", None if unfit else True, f"all files are here; {fit}")
    missing = format_missing(lacking, preset)
    if disk_free is not None and disk_free < sum(lacking.values()):
        missing += f"; the disk has only {format_size(disk_free)} free"
    return row(f"models {preset}", None, f"{missing}; {fit}", f"talkingshorts models download {preset}")


def _find_lacking(files: list[ModelFile]) -> Mapping[str, int]:
    lacking = Counter[str]()
    for model in (find_model(file, model_roots()) for file in files):
        if model.status != "present":
            lacking[model.file.loader_name] += model.file.bytes - (model.bytes if model.status == "partial" else 0)
    return lacking


def _find_unlisted(files: list[ModelFile], listed: set[str]) -> Mapping[str, int]:
    lacking = Counter[str]()
    for file in files:
        if file.loader_name not in listed:
            lacking[file.loader_name] += file.bytes
    return lacking


def _models_disk_free() -> int:
    return shutil.disk_usage(nearest_folder(model_roots()[0])).free


def _managed_server_row() -> Finding:
    url = server.find_server()
    if url is None:
        return row("managed server", None, "not running; it starts when it is needed")
    jobs = keeper.jobs_waiting(urlsplit(url).port or 80)
    return row("managed server", True, f"{url}, {'busy' if jobs else 'idle'}")


def _named_server_rows(client: ComfyClient) -> list[Finding]:
    try:
        stats = client.system_stats()
        listed, has_pack = _list_server_models(client), client.node_info(PACK_NODE) is not None
    except UnreachableError as error:
        return [row("server", False, str(error), "Start it, or check its address and the token.")]
    machine = read_machine(stats)
    torch = stats["system"].get("pytorch_version", "of unknown version")
    return [
        row("server", True, f"{client.url}, ComfyUI {stats['system']['comfyui_version']}, torch {torch}"),
        row(
            "node pack",
            has_pack,
            "loaded" if has_pack else "not loaded",
            f"Copy {pack_dir()} into its custom_nodes, install its requirements, and restart it.",
        ),
        row("GPU", True if machine.gpu else None, f"{machine}{'' if machine.gpu else '; drafts need none'}"),
        ram_row(machine),
        *preset_rows(machine, lambda files: _find_unlisted(files, listed), None),
    ]


def _list_server_models(client: ComfyClient) -> set[str]:
    """Return every model that the server's loaders list, those that the shipped workflows use."""
    graphs = [load_workflow(workflow.path).graph for workflow in list_workflows()]
    fields = {
        (graph[node_id]["class_type"], field) for graph in graphs for node_id, field, _ in find_model_fields(graph)
    }
    listed: set[str] = set()
    for class_type, field in fields:
        info = client.node_info(class_type)
        known = info.inputs({}).get(field) if info else None
        listed.update((known.options if known else None) or ())
    return listed
