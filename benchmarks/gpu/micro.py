"""Single operations on a GPU: each attention that PyTorch has, and the codec's depthwise convolution."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from .measure import relative_error, time_often, time_run
from .report import Check, Findings


def list_checks(is_tiny: bool) -> list[Check]:
    """Return the checks of single operations."""
    return [
        Check("attention", partial(_check_attention, is_tiny=is_tiny), 5),
        Check("attention, others", partial(_check_others, is_tiny=is_tiny), 5),
        Check("depthwise convolution", partial(_check_depthwise, is_tiny=is_tiny), 5),
    ]


def _choose_size(is_tiny: bool) -> tuple[tuple[int, int, int, int], str]:
    """Return the shape of queries, [batch, heads, tokens, width], and the device that they are on."""
    return ((1, 2, 64, 8), "cpu") if is_tiny else ((1, 40, 32760, 128), "cuda")


def _check_attention(findings: Findings, is_tiny: bool) -> None:
    """Time each of PyTorch's attentions on what one block of the video model attends to."""
    shape, device = _choose_size(is_tiny)
    tflop = 4 * prod(shape) * shape[2] / 1e12
    backends = {"math": SDPBackend.MATH} if is_tiny else _FAST_BACKENDS
    for dtype in (torch.float16, torch.bfloat16):
        query, key, value = (torch.randn(shape, device=device, dtype=dtype) for _ in range(3))
        attend = partial(torch.nn.functional.scaled_dot_product_attention, query, key, value)
        for name, backend in {"chosen": None, **backends}.items():
            try:
                seconds = time_often(partial(_attend_by, backend, attend))
            except RuntimeError as error:  # not every GPU has each
                findings.note(**{f"{dtype}_{name}": str(error).splitlines()[0]})
            else:
                findings.note(
                    **{f"{dtype}_{name}_ms": 1000 * seconds, f"{dtype}_{name}_tflop_a_second": tflop / seconds}
                )


_FAST_BACKENDS = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
}


def _attend_by(backend: SDPBackend | None, attend: Callable[[], torch.Tensor]) -> None:
    if backend is None:
        attend()
        return
    with sdpa_kernel(backend):
        attend()


def _check_others(findings: Findings, is_tiny: bool) -> None:
    """Time the attentions that are installed beside PyTorch's, as ComfyUI calls them, and how far they are from it."""
    from comfy.ldm.modules import attention

    shape, device = _choose_size(is_tiny)
    query, key, value = (torch.randn(shape, device=device, dtype=torch.float16) for _ in range(3))
    tflop = 4 * prod(shape) * shape[2] / 1e12
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value)
    for name in ("sage", "sage3", "flash", "xformers"):
        attend = attention.get_attention_function(name, None)
        if attend is None:
            findings.note(**{name: "not installed"})
            continue
        whole = partial(attend, query, key, value, shape[1], skip_reshape=True, skip_output_reshape=True)
        findings.note(**{f"{name}_error": relative_error(whole(), expected)})
        seconds = time_often(whole)
        findings.note(**{f"{name}_ms": 1000 * seconds, f"{name}_tflop_a_second": tflop / seconds})


def _check_depthwise(findings: Findings, is_tiny: bool) -> None:
    """Time the codec's depthwise convolution as a picture in channels-last order, and as a sequence."""
    device = "cpu" if is_tiny else "cuda"
    for channels, length in ((2048, 8), (512, 160), (32, 3200)):
        past = torch.randn(1, length + 6, channels, device=device, dtype=torch.bfloat16)
        weight = torch.randn(channels, 1, 7, device=device, dtype=torch.bfloat16)
        row = past.transpose(1, 2).unsqueeze(2)
        as_picture = partial(torch.nn.functional.conv2d, row, weight.unsqueeze(2), groups=channels)
        as_sequence = partial(torch.nn.functional.conv1d, past.transpose(1, 2), weight, groups=channels)
        size = f"{channels}x{length}"
        findings.note(**{f"{size}_first_ms": 1000 * time_run(as_picture)})
        findings.note(**{f"{size}_conv2d_us": 1e6 * time_often(as_picture)})
        findings.note(**{f"{size}_conv1d_us": 1e6 * time_often(as_sequence)})
        error = relative_error(as_picture()[:, :, 0], as_sequence())
        findings.require(f"{size}: the same as a sequence", error < 1e-2)
