"""`talkingshorts estimate`: what a workflow will cost on a GPU, before anything is computed."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..home import expand_home
from .answers import print_json, print_note
from .options import WORKFLOW_HELP, AddCommand, add_settings, read_limit, read_settings, read_workflow
from .values import ValueReader

if TYPE_CHECKING:
    from ..estimate.cost import Factor
    from ..estimate.gpus import Gpu
    from ..estimate.plan import Plan

DEFAULT_WORKFLOW = "talking_short"
_KNOWN_BY = {"usual": "", "given": "", "measured": ", as measured on an H200", "own": ", as your own videos took"}


def add_commands(add: AddCommand) -> None:
    """Add `estimate`."""
    parser = add(
        "estimate",
        "say what a workflow will cost on a GPU: estimated, not measured",
        estimate,
    )
    parser.add_argument(
        "workflow",
        type=expand_home,
        metavar="WORKFLOW",
        nargs="?",
        default=DEFAULT_WORKFLOW,
        help=f"{WORKFLOW_HELP} (default: {DEFAULT_WORKFLOW})",
    )
    add_settings(parser)
    parser.add_argument(
        "--seconds", type=read_limit, metavar="S", help="how long the speech is (default: its target_seconds, else 8)"
    )
    parser.add_argument("--gpu", metavar="GPU", help="one GPU, such as 4090 or H100 (default: all that are known)")
    parser.add_argument(
        "--factor",
        type=read_limit,
        metavar="F",
        help="how many times the roofline your runs take, the time that no run can beat (default: as your own videos "
        "took on such a GPU, else as measured on its architecture, else 1.5)",
    )


def estimate(options: Namespace) -> int:
    """Print what a workflow will cost."""
    from ..estimate.cost import choose_factor
    from ..estimate.gpus import GPUS, find_gpu
    from ..estimate.graph import set_values
    from ..estimate.own import find_own_factors
    from ..estimate.plan import plan_work
    from ..jobs.records import open_jobs
    from ..workflow.file import load_workflow

    gpus = [find_gpu(options.gpu)] if options.gpu else GPUS
    own = find_own_factors((record.ending or {}).get("outputs") or {} for record in open_jobs().list_all())
    factors = {gpu.name: choose_factor(gpu, options.factor, own) for gpu in gpus}
    settings = read_settings(options, ValueReader())
    workflow = set_values(load_workflow(read_workflow(options)), settings)
    plan = plan_work(workflow, options.seconds)
    if options.json:
        print_json(list_costs(workflow.stem, plan, gpus, factors))
        return 0
    speech = "" if plan.speech_seconds is None else f", {plan.speech_seconds:g} s of speech"
    print(f"{workflow.stem}{speech}: an estimate, not a measurement", "", sep="\n")
    print(format_stages(plan), "", format_gpus(plan, gpus, factors), sep="\n", flush=True)
    print_note(explain_estimate(plan, factors))
    return 0


def list_costs(name: str, plan: Plan, gpus: Sequence[Gpu], factors: Mapping[str, Factor]) -> dict[str, Any]:
    """Return the estimate as JSON has it: bytes, FLOP and seconds."""
    from ..estimate.cost import USUAL_FACTOR, estimate_seconds, estimate_total

    given = next((factor.value for factor in factors.values() if factor.source == "given"), USUAL_FACTOR)

    stages = [
        {
            "name": stage.name,
            "windows": stage.windows,
            "forwards": stage.forwards,
            "flops": stage.operations.flops,
            "bytes": stage.operations.bytes,
            "gpu_bytes": stage.gpu_bytes,
        }
        for stage in plan.stages
    ]
    times = [
        {
            "name": gpu.name,
            "factor": factors[gpu.name].value,
            "factor_source": factors[gpu.name].source,
            "seconds": estimate_total(plan, gpu, factors[gpu.name]),
            "stage_seconds": [estimate_seconds(stage, gpu, factors[gpu.name]) for stage in plan.stages],
        }
        for gpu in gpus
    ]
    return {
        "workflow": name,
        "speech_seconds": plan.speech_seconds,
        "factor": given,
        "ram_bytes": plan.ram_bytes,
        "gpu_bytes": plan.gpu_bytes,
        "model_bytes": plan.model_bytes,
        "stages": stages,
        "gpus": times,
    }


def format_stages(plan: Plan) -> str:
    """Return a line a stage, below a heading: windows, forwards, PFLOP, TB through the GPU's memory, and GPU memory."""
    width = max(len(stage.name) for stage in plan.stages)
    lines = [f"{'stage':{width}}  windows  forwards    PFLOP       TB  GPU memory"]
    for stage in plan.stages:
        done = stage.operations
        lines.append(
            f"{stage.name:{width}}  {stage.windows or '-':>7}  {stage.forwards or '-':>8}  {done.flops / 1e15:7.3f}  "
            f"{done.bytes / 1e12:7.2f}  {stage.gpu_bytes / 1e9:7.1f} GB"
        )
    return "\n".join(lines)


def format_gpus(plan: Plan, gpus: Sequence[Gpu], factors: Mapping[str, Factor]) -> str:
    """Return a line a GPU, below a heading: how long it takes, and where weights wait in RAM."""
    from ..estimate.cost import estimate_total

    lines = ["GPU   memory      time"]
    for gpu in gpus:
        lacking = plan.gpu_bytes / 1e9 - gpu.gigabytes
        streamed = f"  {lacking:.0f} GB of weights stream in from RAM" if lacking >= 0.5 else ""
        time = format_span(estimate_total(plan, gpu, factors[gpu.name]))
        lines.append(f"{gpu.name:4}  {gpu.gigabytes:3g} GB  {time:>8}{streamed}")
    return "\n".join(lines)


def explain_estimate(plan: Plan, factors: Mapping[str, Factor]) -> str:
    """Return what the times mean, and what the machine needs beside the GPU."""
    return (
        f"\nTime: {format_factors(factors)}.\n"
        f"Before that, {plan.model_bytes / 1e9:.1f} GB of models are read from the disk.\n"
        f"RAM: about {plan.ram_bytes / 1e9:.0f} GB. With {plan.gpu_bytes / 1e9:.0f} GB of GPU memory no weight has to "
        "wait there."
    )


def format_factors(factors: Mapping[str, Factor]) -> str:
    """Return how many times the roofline is taken, and for which GPUs it is known better than usual."""
    names: dict[Factor, list[str]] = {}
    for name, factor in factors.items():
        names.setdefault(factor, []).append(name)
    # What is usual comes first, so that the GPUs have to be named of all else alone.
    (first, _), *others = sorted(names.items(), key=lambda group: group[0].source not in ("usual", "given"))
    texts = [f"{first.value:g} times the roofline, which is what no run can beat{_KNOWN_BY[first.source]}"]
    texts += [f"for {', '.join(gpus)} {factor.value:g} times{_KNOWN_BY[factor.source]}" for factor, gpus in others]
    return "; ".join(texts)


def format_span(seconds: float) -> str:
    """Return a time as people say it: 39 s, 4 min, 1.7 h."""
    if seconds < 99.5:
        return f"{seconds:.0f} s" if seconds >= 0.95 else "under 1 s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 99.5 else f"{minutes / 60:.1f} h"
