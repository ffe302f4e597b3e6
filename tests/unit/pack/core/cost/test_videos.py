"""The nodes say what the runner's estimate says."""

from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.cost.videos import (
    measure_s2v_peak_bytes,
    measure_s2v_window,
    measure_talking_peak_bytes,
    measure_talking_window,
)
from comfyui_talkingshorts.core.cost.work import Work, measure_vae
from comfyui_talkingshorts.core.infinitetalk.windows import plan_windows
from comfyui_talkingshorts.core.wan_s2v.windows import plan_s2v_windows
from talkingshorts.estimate.plan import Stage, plan_work
from talkingshorts.shipped.workflows import get_workflow
from talkingshorts.workflow.file import load_workflow

SECONDS = 10


def plan_by_the_runner(graph: str) -> Stage:
    plan = plan_work(load_workflow(get_workflow(graph).path), SECONDS)
    return max(plan.stages, key=lambda stage: stage.operations.flops)


def require_same(work: Work, stage: Stage) -> None:
    assert work.forwards == stage.forwards
    assert work.fp16_flops == pytest.approx(stage.operations.fp16_flops)
    assert work.fp8_flops == pytest.approx(stage.operations.fp8_flops)
    assert work.bytes == pytest.approx(stage.operations.bytes)


def test_a_talking_video_costs_what_the_runner_estimates() -> None:
    pixels, forwards = 480 * 832, 3 * 40
    windows = plan_windows(25 * SECONDS)

    work = sum(
        (measure_talking_window(window.frames, window.motion_frames, pixels, forwards) for window in windows), Work()
    )

    stage = plan_by_the_runner("talking_short")
    # Before its first window it encodes the portrait, with as many frames as a window.
    require_same(work + measure_vae("encode", 81, pixels), stage)
    assert measure_talking_peak_bytes(81, pixels) == stage.peak_bytes


def test_a_speech_video_costs_what_the_runner_estimates() -> None:
    pixels, forwards = 512 * 832, 2 * 20
    windows = plan_s2v_windows(16 * SECONDS)
    last = len(windows) - 1

    work = sum(
        (
            measure_s2v_window(window.latents, pixels, forwards, is_first=index == 0, is_last=index == last)
            for index, window in enumerate(windows)
        ),
        Work(),
    )

    plan = load_workflow(get_workflow("s2v").path)
    for node in plan.graph.values():
        if node["_meta"]["title"] == "width":
            node["inputs"]["value"] = 512
    stage = max(plan_work(plan, SECONDS).stages, key=lambda stage: stage.operations.flops)
    require_same(work + measure_vae("encode", 1, pixels), stage)
    assert measure_s2v_peak_bytes(windows[0].latents, pixels) == stage.peak_bytes
