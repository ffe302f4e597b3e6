"""`python -m benchmarks.gpu`: what the engines do on a real GPU, a line of JSON for each check.

It needs no network and no model files: weights are random, in the real models' shapes. What ComfyUI needs that the
machine lacks may lie in .gpu (`python -m benchmarks.gpu.pack .gpu`).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import torch

from ..ratio import ROOT
from .report import Check, Findings, Report

_CARRIED = ROOT / ".gpu"


def main(arguments: list[str] | None = None) -> int:
    """Run the checks; return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="tiny models on the CPU, to try the checks themselves")
    parser.add_argument("--seconds", type=float, default=400, help="start no check that doesn't fit (default: 400)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the lines into a file too")
    parser.add_argument("--only", default="", metavar="WORDS", help="checks with one of these in their names: a,b")
    parser.add_argument(
        "--memory",
        choices=["legacy", "dynamic"],
        default="legacy",
        help="how ComfyUI manages the GPU's memory: as with --disable-dynamic-vram (default), or as by itself",
    )
    options = parser.parse_args(arguments)
    set_up(options.tiny, options.memory == "dynamic")
    words = options.only.split(",")
    with contextlib.ExitStack() as files:
        outputs = [sys.stdout]
        if options.out is not None:
            outputs.append(files.enter_context(options.out.open("w")))
        report = Report(options.seconds, outputs)
        for check in list_checks(options.tiny):
            if any(word in check.name for word in words):
                report.run(check)
    return 0 if report.is_good else 1


def list_checks(is_tiny: bool) -> list[Check]:
    """Return all checks, those of most value first."""
    from . import compile, video, voice

    parts = (voice, video, compile)
    return [Check("machine", _describe_machine, 0), *(check for part in parts for check in part.list_checks(is_tiny))]


def set_up(is_tiny: bool, is_dynamic: bool) -> None:
    """Put what is imported on the path, and start ComfyUI's memory management as its main.py does."""
    sys.path[:0] = [str(path) for path in (ROOT / "custom_nodes", ROOT / "tests") if str(path) not in sys.path]
    # Last: their names (server, nodes, utils) hide nothing, and what the machine has itself counts.
    sys.path += [str(_CARRIED / "site"), str(_CARRIED / "ComfyUI"), str(ROOT / ".comfyui" / "ComfyUI")]
    if find_spec("av") is None:
        # Imported by much of ComfyUI, and used for files alone, of which there are none here.
        sys.meta_path.append(_StandIn("av"))
    import comfy.cli_args

    comfy.cli_args.args.cpu = is_tiny
    if is_dynamic:
        _start_dynamic_memory()


class _StandIn(MetaPathFinder, Loader):
    """Finds a package and all its modules, of which nothing is but the names."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] == self._package else None

    def create_module(self, spec: ModuleSpec) -> Any:
        return MagicMock()

    def exec_module(self, module: Any) -> None: ...


def _start_dynamic_memory() -> None:
    import comfy_aimdo.control

    comfy_aimdo.control.init()
    import comfy.memory_management
    import comfy.model_management
    import comfy.model_patcher

    devices: Any = comfy.model_management.get_all_torch_devices()
    if not comfy_aimdo.control.init_devices((device.index, 0) for device in devices):
        raise SystemExit("comfy_aimdo can't manage this GPU's memory.")
    comfy.model_patcher.CoreModelPatcher = comfy.model_patcher.ModelPatcherDynamic
    comfy.memory_management.aimdo_enabled = True


def _describe_machine(findings: Findings) -> None:
    import comfy.memory_management
    import comfy.model_management
    import transformers

    device = comfy.model_management.get_torch_device()
    findings.note(
        python=sys.version.split()[0],
        torch=torch.__version__,
        transformers=transformers.__version__,
        device=str(device),
        is_memory_dynamic=comfy.memory_management.aimdo_enabled,
        cpu_count=os.cpu_count(),
    )
    if device.type == "cuda":
        free_bytes, total_bytes = torch.cuda.mem_get_info()
        findings.note(gpu=torch.cuda.get_device_name(), free_gb=free_bytes / 1e9, total_gb=total_bytes / 1e9)


if __name__ == "__main__":
    # transformers asks no network that may not be there.
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.exit(main())
