"""The checks for a GPU machine, tried on tiny models, so that they are sound when there is one."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from support.checkout import ROOT

from benchmarks.gpu.report import Check, Findings, Report


def run(*checks: Check, seconds: float = 60) -> tuple[list[dict[str, object]], Report]:
    output = io.StringIO()
    report = Report(seconds, [output])
    for check in checks:
        report.run(check)
    return [json.loads(line) for line in output.getvalue().splitlines()], report


def test_every_check_passes_on_tiny_models() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", "--tiny"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line in lines if line["ok"] is not True] == []
    assert {line["check"].split()[0] for line in lines} >= {"machine", "voice", "talking", "compile", "attention"}
    assert done.returncode == 0


def test_a_check_that_fails_is_told_with_what_it_found_and_the_next_goes_on() -> None:
    def fail(findings: Findings) -> None:
        findings.note(figure=1.23456)
        findings.require("two are three", False)
        raise ValueError("no such thing")

    (first, second), report = run(Check("bad", fail, 0), Check("good", lambda findings: None, 0))

    assert first["ok"] is False
    assert first["figure"] == pytest.approx(1.235)
    assert first["failed"] == ["two are three"]
    assert first["error"] == "ValueError: no such thing"
    assert second["ok"] is True
    assert not report.is_good


def test_a_check_that_no_longer_fits_is_left_out() -> None:
    (line,), report = run(Check("long", lambda findings: pytest.fail("it ran"), 100), seconds=10)

    assert line["ok"] is None
    assert "100 s" in str(line["skipped"])
    assert report.is_good
