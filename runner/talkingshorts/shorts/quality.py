"""Choose the quality of a short: the one asked for, else the best that the server's machine and models can make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..comfyui.client import ComfyClient
from ..errors import ValidationError
from ..jobs.request import Request
from ..workflow.model_names import find_model_fields, list_models

BEST_GPU_BYTES = 22 * 10**9
"""What a card sold as 24 GB reports at the least: nearly all of the talking model's weights stay on it."""

STREAMING_RAM_BYTES = 30 * 10**9
"""What 32 GB of RAM report at the least: weights that don't fit a smaller GPU wait there."""

VOICE_GPU_GB, BETTER_VOICE_GPU_GB, STREAMING_GPU_GB = 6, 20, 12

VOICE_LOADER, BETTER_VOICE = "TalkingShortsLoadVibeVoice", "VibeVoice-7B"


@dataclass(frozen=True)
class Machine:
    """What ComfyUI computes on: the name and memory of its GPU ("" and 0 without one that CUDA knows), and the RAM."""

    gpu: str = ""
    gpu_bytes: int = 0
    ram_bytes: int = 0

    def __str__(self) -> str:
        return f"{self.gpu} ({self.gpu_bytes / 10**9:.0f} GB)" if self.gpu else "no CUDA GPU"


def read_machine(stats: Mapping[str, Any]) -> Machine:
    """Return the machine that /system_stats describes. ComfyUI computes on the first device that it names."""
    first = next(iter(stats.get("devices") or ()), {})
    ram_bytes = stats.get("system", {}).get("ram_total", 0)
    if first.get("type") != "cuda":
        return Machine(ram_bytes=ram_bytes)
    name = re.sub(r"^cuda:\d+ | : \S+$", "", first["name"])
    return Machine(name, first["vram_total"], ram_bytes)


def explain_unfit(preset: str, machine: Machine) -> str:
    """Return why the machine is too small for a quality, or a preset of models; "" when it isn't."""
    if preset == "draft" or machine.gpu_bytes >= BEST_GPU_BYTES:
        return ""
    if not machine.gpu:
        return f"{preset} needs a CUDA GPU, and ComfyUI has none"
    if preset == "best":
        return f"best needs a GPU with 24 GB, and {machine} is smaller"
    gigabytes = {"voice_clone": VOICE_GPU_GB, "vibevoice_7b": BETTER_VOICE_GPU_GB}.get(preset, STREAMING_GPU_GB)
    if machine.gpu_bytes < gigabytes * 10**9:
        return f"{preset} needs a GPU with {gigabytes} GB, and {machine} is smaller"
    if gigabytes == STREAMING_GPU_GB and machine.ram_bytes < STREAMING_RAM_BYTES:
        return f"{preset} needs 32 GB of RAM beside {machine}, and there are {machine.ram_bytes / 10**9:.0f} GB"
    return ""


def choose_request(client: ComfyClient, requests: Mapping[str, Request]) -> tuple[Request, str]:
    """Return the request to run, of one for each quality that may be, best first; and in one line why this one.

    A quality that stands alone is obeyed on any machine. Raises ValidationError when its models aren't on the server.
    """
    if list(requests) == ["draft"]:
        return requests["draft"], ""
    machine = read_machine(client.system_stats())
    if "best" in requests and machine.gpu_bytes >= BEST_GPU_BYTES:
        requests = {**requests, "best": _with_better_voice(client, requests["best"])}
    chosen, reason = (_obey if len(requests) == 1 else _find_best)(client, machine, requests)
    if BETTER_VOICE in list_models(requests[chosen].workflow.graph):
        reason += f" {BETTER_VOICE}, which is there too, clones the voice."
    return requests[chosen], reason


def _with_better_voice(client: ComfyClient, request: Request) -> Request:
    """Return the request with the larger voice model in place of its own, when the server has it."""
    loader = client.node_info(VOICE_LOADER)
    if loader is None or BETTER_VOICE not in (loader.inputs({})["model"].options or ()):
        return request
    workflow = request.workflow.copy()
    for node in workflow.graph.values():
        if node["class_type"] == VOICE_LOADER:
            node["inputs"]["model"] = BETTER_VOICE
    return replace(request, workflow=workflow)


def _obey(client: ComfyClient, machine: Machine, requests: Mapping[str, Request]) -> tuple[str, str]:
    (quality,) = requests
    if lack := _explain_lack(client, quality, requests[quality]):
        raise ValidationError(f"--quality {quality} can't be made: {lack}.")
    if not machine.gpu:
        return quality, f"{quality}, as asked for: without a CUDA GPU it will be slow."
    if machine.gpu_bytes < BEST_GPU_BYTES:
        return quality, f"{quality}, as asked for: on {machine}, weights that don't fit stream in from RAM: slower."
    return quality, f"{quality}, as asked for, on {machine}."


def _find_best(client: ComfyClient, machine: Machine, requests: Mapping[str, Request]) -> tuple[str, str]:
    """Return the best quality that fits the machine and whose models are there, and why."""
    lacks: dict[str, str] = {}
    for quality, request in requests.items():
        if quality == "draft" or explain_unfit(quality, machine):
            continue
        lacks[quality] = _explain_lack(client, quality, request)
        if not lacks[quality]:
            return quality, _praise(quality, machine)
    why_not = next((f"{quality} would fit {machine}, but {lack}" for quality, lack in lacks.items()), "")
    return "draft", f"draft: {why_not or explain_unfit('fast', machine)}."


def _praise(quality: str, machine: Machine) -> str:
    if quality == "best":
        return f"best: {machine} and all models are there. --quality fast takes less time."
    streaming = "" if machine.gpu_bytes >= BEST_GPU_BYTES else " Weights that don't fit stream in from RAM: slower."
    return f"fast: {machine} and all models are there.{streaming}"


def _explain_lack(client: ComfyClient, quality: str, request: Request) -> str:
    """Return in words which nodes or models of the request the server lacks; "" when it has them all."""
    graph = request.workflow.graph
    nodes = {name: client.node_info(name) for name in dict.fromkeys(node["class_type"] for node in graph.values())}
    if unknown := [name for name, info in nodes.items() if info is None]:
        return f"the server has no node {', '.join(unknown)}: update its ComfyUI and its TalkingShorts pack"
    missing = []
    for node_id, field, name in find_model_fields(graph):
        info = nodes[graph[node_id]["class_type"]]
        known = info.inputs(graph[node_id]["inputs"]).get(field) if info else None
        if known and known.options is not None and name not in known.options:
            missing.append(name)
    names = ", ".join(dict.fromkeys(missing))
    return f"these models aren't there: {names}. `talkingshorts models download {quality}` gets them" if names else ""
