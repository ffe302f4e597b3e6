"""Choose the quality of a short: the one asked for, else the best that the server's machine and models can make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..errors import ValidationError
from ..jobs.request import Request
from ..shipped.models import explain_missing_models, is_listed
from ..wording import name_option
from ..workflow.model_names import find_model_fields, list_models
from ..workflow.node_info import NodeInfo

BEST_GPU_BYTES = 22 * 10**9
"""What a card sold as 24 GB reports at the least: nearly all of the talking model's weights stay on it."""

ROOMY_GPU_BYTES = 72 * 10**9
"""All models of a short with VibeVoice-7B (63 GB) stay on such a GPU, and it computes in the rest."""

WAITING_RAM_BYTES = 30 * 10**9
"""What 32 GB of RAM report at the least: models that have to leave the GPU for others wait there."""

GPU_GB = {"best": 24, "vibevoice_7b": 16, "voice_clone": 6}
STREAMING_GPU_GB = 12
"""What the presets need. VibeVoice-7B (16.4 GB) streams a tenth of its weights on 16 GB, and still outruns speech."""

VOICE_LOADER, BETTER_VOICE = "TalkingShortsLoadVibeVoice", "VibeVoice-7B"

WHY_NO_GPU = "An NVIDIA GPU needs driver 580 or newer; `talkingshorts doctor` on ComfyUI's machine says what is wrong."


class Describing(Protocol):
    """What tells of a ComfyUI: its client, or what one said before. Raises UnreachableError when it is away."""

    def system_stats(self) -> dict[str, Any]:
        """Return what it says of its machine."""
        ...

    def node_info(self, class_type: str) -> NodeInfo | None:
        """Return what it says of a node class; None when it has none of this name."""
        ...


@dataclass(frozen=True)
class Machine:
    """What ComfyUI computes on: the name and memory of its GPU ("" and 0 without one of NVIDIA or AMD), and the RAM."""

    gpu: str = ""
    gpu_bytes: int = 0
    ram_bytes: int = 0
    is_rocm: bool = False

    def __str__(self) -> str:
        return f"{self.gpu} ({self.gpu_bytes / 10**9:.0f} GB)" if self.gpu else "no CUDA GPU"


def read_machine(stats: Mapping[str, Any]) -> Machine:
    """Return the machine that /system_stats describes. ComfyUI computes on the first device that it names."""
    first = next(iter(stats.get("devices") or ()), {})
    system = stats.get("system", {})
    ram_bytes = system.get("ram_total", 0)
    if first.get("type") != "cuda":
        return Machine(ram_bytes=ram_bytes)
    name = re.sub(r"^cuda:\d+ | : \S+$", "", first["name"])
    # torch calls AMD's GPUs "cuda", too; its version tells, but for builds of some distributions.
    is_rocm = "rocm" in system.get("pytorch_version", "") or bool(re.match("AMD|Radeon", name))
    return Machine(name, first["vram_total"], ram_bytes, is_rocm)


def explain_unfit(preset: str, machine: Machine) -> str:
    """Return why the machine isn't fit for a quality, or a preset of models; "" when it is."""
    if preset == "draft":
        return ""
    if not machine.gpu:
        return f"{preset} needs a CUDA GPU, and ComfyUI has none"
    if machine.is_rocm:
        return f"{preset} isn't tried out on ROCm, which {machine} computes with"
    gigabytes = GPU_GB.get(preset, STREAMING_GPU_GB)
    if machine.gpu_bytes < (BEST_GPU_BYTES if preset == "best" else gigabytes * 10**9):
        return f"{preset} needs a GPU with {gigabytes} GB, and {machine} is smaller"
    has_room = machine.gpu_bytes >= ROOMY_GPU_BYTES or machine.ram_bytes >= WAITING_RAM_BYTES
    if preset != "voice_clone" and not has_room:
        return f"{preset} needs 32 GB of RAM beside {machine}, and there are {machine.ram_bytes / 10**9:.0f} GB"
    return ""


def choose_request(client: Describing, requests: Mapping[str, Request]) -> tuple[Request, str]:
    """Return the request to run, of one for each quality that may be, best first; and in one line why this one.

    A quality that stands alone is obeyed on any machine. Raises ValidationError when its models aren't on the server.
    """
    if list(requests) == ["draft"]:
        return requests["draft"], ""
    machine = read_machine(client.system_stats())
    if "best" in requests and not explain_unfit("best", machine):
        requests = {**requests, "best": _with_better_voice(client, requests["best"])}
    chosen, reason = (_obey if len(requests) == 1 else _find_best)(client, machine, requests)
    if BETTER_VOICE in list_models(requests[chosen].workflow.graph):
        reason += f" {BETTER_VOICE} is there, too, and clones the voice."
    return requests[chosen], reason


def _with_better_voice(client: Describing, request: Request) -> Request:
    """Return the request with the larger voice model in place of its own, when the server has it."""
    loader = client.node_info(VOICE_LOADER)
    if loader is None or BETTER_VOICE not in (loader.inputs({})["model"].options or ()):
        return request
    workflow = request.workflow.copy()
    for node in workflow.graph.values():
        if node["class_type"] == VOICE_LOADER:
            node["inputs"]["model"] = BETTER_VOICE
    return replace(request, workflow=workflow)


def _obey(client: Describing, machine: Machine, requests: Mapping[str, Request]) -> tuple[str, str]:
    (quality,) = requests
    if lack := _explain_lack(client, requests[quality]):
        raise ValidationError(f"{name_option('quality', quality)} can't be made: {lack}")
    return quality, f"{quality.capitalize()}, as asked for{_explain_expected(machine)}"


def _explain_expected(machine: Machine) -> str:
    """Return where a quality that was asked for is made, and what is to be expected there."""
    if not machine.gpu:
        return f": without a CUDA GPU it will be slow, and take days on a CPU. {WHY_NO_GPU}"
    if machine.is_rocm:
        return f", on {machine}: it isn't tried out on ROCm."
    return f", on {machine}.{_explain_streaming(machine)}"


def _find_best(client: Describing, machine: Machine, requests: Mapping[str, Request]) -> tuple[str, str]:
    """Return the best quality that fits the machine and whose models are there, and why."""
    lacks: dict[str, str] = {}
    for quality, request in requests.items():
        if quality == "draft" or explain_unfit(quality, machine):
            continue
        lacks[quality] = _explain_lack(client, request)
        if not lacks[quality]:
            return quality, _praise(quality, machine)
    why_not = next((f"{quality} would fit {machine}, but {lack}" for quality, lack in lacks.items()), "")
    reason = f"Draft: {why_not or explain_unfit('fast', machine)}"
    return "draft", reason if why_not else f"{reason}." if machine.gpu else f"{reason}. {WHY_NO_GPU}"


def _praise(quality: str, machine: Machine) -> str:
    if quality == "best":
        return f"Best: {machine} and all models are there. {name_option('quality', 'fast')} takes less time."
    return f"Fast: {machine} and all models are there.{_explain_streaming(machine)}"


def _explain_streaming(machine: Machine) -> str:
    is_large = machine.gpu_bytes >= BEST_GPU_BYTES
    return "" if is_large else " Weights that don't fit stream in from RAM: a little slower."


def _explain_lack(client: Describing, request: Request) -> str:
    """Return in words which nodes or models of the request the server lacks; "" when it has them all."""
    graph = request.workflow.graph
    nodes = {name: client.node_info(name) for name in dict.fromkeys(node["class_type"] for node in graph.values())}
    if unknown := [name for name, info in nodes.items() if info is None]:
        return f"the server has no node {', '.join(unknown)}: update its ComfyUI and its TalkingShorts pack"
    missing: dict[str, None] = {}
    for node_id, field, name in find_model_fields(graph):
        info = nodes[graph[node_id]["class_type"]]
        known = info.inputs(graph[node_id]["inputs"]).get(field) if info else None
        if known and known.options is not None and name not in known.options:
            missing[name] = None
    if not missing:
        return ""
    if unlisted := [name for name in missing if not is_listed(name)]:
        return f"the server has no model {', '.join(unlisted)}: put the file into its models folder"
    return explain_missing_models(missing, list_models(graph))
