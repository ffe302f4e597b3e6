"""The talking video's engine under torch.compile: each branch must hear its own sound, as it does uncompiled."""

from __future__ import annotations

from functools import partial

import torch

from .measure import relative_error, time_run
from .random_models import FOUR_BLOCKS, TINY, Scale
from .report import Check, Findings
from .talking import load_talking_parts

_MOST_BY_ROUNDING = 0.05


def list_checks(is_tiny: bool) -> list[Check]:
    """Return the checks of compiled models."""
    if is_tiny:
        return [Check("compile tiny", partial(_check_compiled, scale=TINY, backend="eager"), 0)]
    return [
        Check("compile tiny", partial(_check_compiled, scale=TINY, backend="inductor"), 40),
        Check("compile four blocks", partial(_check_compiled, scale=FOUR_BLOCKS, backend="inductor"), 65),
    ]


def _check_compiled(findings: Findings, scale: Scale, backend: str) -> None:
    """Sample a window as ComfyUI's TorchCompileModel lets it be, which guards nothing of the transformer's options."""
    from comfy_extras.nodes_torch_compile import TorchCompileModel
    from torch._dynamo.utils import counters

    parts = load_talking_parts(scale)
    torch._dynamo.reset()
    counters.clear()
    compiled = TorchCompileModel.execute(parts.models.model, backend).args[0]
    for batch in ("sequential", "batched"):
        expected = parts.sample(batch)
        results: list[torch.Tensor] = []
        for turn in ("first", "second"):
            seconds = time_run(lambda: results.append(parts.sample(batch, compiled)))  # noqa: B023
            findings.note(**{f"{batch}_{turn}_seconds": seconds})
        findings.note(**{f"{batch}_eager_seconds": time_run(lambda: parts.sample(batch))})  # noqa: B023
        error = relative_error(results[-1], expected)
        findings.note(**{f"{batch}_error": error})
        findings.require(f"{batch}: as uncompiled", error < _MOST_BY_ROUNDING)
    findings.note(
        graphs=counters["stats"]["unique_graphs"], breaks=[reason.splitlines()[0] for reason in counters["graph_break"]]
    )
