"""The costs on the pages are those that `talkingshorts estimate` says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.pages import README, list_rows
from talkingshorts.cli.estimate import format_span
from talkingshorts.estimate.cost import MEASURED_FACTORS, USUAL_FACTOR, choose_factor, estimate_total
from talkingshorts.estimate.gpus import GPUS, Gpu, find_gpu
from talkingshorts.estimate.plan import plan_work
from talkingshorts.shipped.workflows import get_workflow
from talkingshorts.workflow.file import load_workflow

COSTS = ROOT / "docs" / "costs.md"
HEADING = "## On eight GPUs"
GRAPHS = ["voice_clone", "portrait", "talking_short_fast", "talking_short", "s2v", "i2v_fast"]
QUALITIES = {"fast": "talking_short_fast", "best": "talking_short"}


def find_span(graph: str, gpu: Gpu) -> str:
    return format_span(estimate_total(plan_work(load_workflow(get_workflow(graph).path)), gpu, choose_factor(gpu)))


def test_the_table_has_the_graphs_as_columns() -> None:
    heads = re.search(r"^\| GPU \|.*$", COSTS.read_text(), re.MULTILINE)

    assert heads is not None
    assert re.findall(r"`(\w+)`", heads[0]) == GRAPHS


def test_the_table_has_every_gpu() -> None:
    assert [row[0] for row in list_rows(COSTS, HEADING)] == [gpu.name for gpu in GPUS]


@pytest.mark.parametrize("gpu", GPUS, ids=lambda gpu: gpu.name)
def test_a_row_says_what_the_command_says(gpu: Gpu) -> None:
    row = next(row for row in list_rows(COSTS, HEADING) if row[0] == gpu.name)

    sheet = [f"{number:g}" for number in (gpu.fp16_tflops, gpu.gigabytes_per_second, gpu.gigabytes)]
    assert row[1:] == sheet + [find_span(graph, gpu) for graph in GRAPHS]


def test_the_page_names_the_factor() -> None:
    assert f"**The factor** is {USUAL_FACTOR:g}:" in COSTS.read_text()
    assert [f"{factor:g} for an H100 or H200" in COSTS.read_text() for factor in MEASURED_FACTORS.values()] == [True]


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("page", [README, ROOT / "docs" / "shorts.md"], ids=lambda page: page.name)
def test_the_qualities_times_are_estimates_of_the_command(page: Path, quality: str) -> None:
    row = re.search(rf"^\| `?{quality}`? \|.* on a 4090 \|$", page.read_text(), re.MULTILINE)

    assert row is not None
    assert re.search(rf"estimated.*: {find_span(QUALITIES[quality], find_gpu('4090'))} on a 4090 \|$", row[0])
