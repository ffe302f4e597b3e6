"""`python -m benchmarks.gpu.checks`: run checks in this process, and print a line of JSON for each."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import Any
from unittest.mock import MagicMock

import torch

from ..ratio import ROOT
from .report import Check, Findings, Report

CARRIED = ROOT / ".gpu"
"""Where what ComfyUI needs may lie that the machine lacks."""


def main() -> int:
    """Run the checks; return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.checks")
    parser.add_argument("memory", choices=["legacy", "dynamic", "tiny"])
    parser.add_argument("seconds", type=float)
    parser.add_argument("only")
    options = parser.parse_args()
    set_up(options.memory == "tiny", options.memory == "dynamic")
    report = Report(options.seconds, sys.stdout)
    report.run(Check("machine", _describe_machine, 0))
    for check in list_checks(options.memory):
        if any(word in check.name for word in options.only.split(",")):
            report.run(check)
    return 0 if report.is_good else 1


def list_checks(memory: str) -> list[Check]:
    """Return the checks for a way of managing the GPU's memory, those of most value first; tiny: all of both."""
    from . import compile, micro, speech_video, talking, voice

    is_tiny = memory == "tiny"
    legacy = [
        *voice.list_checks(is_tiny),
        *talking.list_checks(is_tiny),
        *speech_video.list_checks(is_tiny),
        *micro.list_checks(is_tiny),
        *compile.list_checks(is_tiny),
    ]
    dynamic = talking.list_dynamic_checks(is_tiny)
    return {"legacy": legacy, "dynamic": dynamic, "tiny": legacy + dynamic}[memory]


def set_up(is_tiny: bool, is_dynamic: bool) -> None:
    """Put what is imported on the path, and start ComfyUI's memory management as its main.py does."""
    sys.path[:0] = [str(path) for path in (ROOT / "custom_nodes", ROOT / "tests") if str(path) not in sys.path]
    # Last: their names (server, nodes, utils) hide nothing, and what the machine has itself counts.
    sys.path += [str(CARRIED / "site"), str(CARRIED / "ComfyUI"), str(ROOT / ".comfyui" / "ComfyUI")]
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
