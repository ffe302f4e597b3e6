"""The checks for a GPU machine, tried on tiny models, so that they are sound when there is one."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.checkout import ROOT
from support.pretended_cuda import pretend_cuda

from benchmarks.gpu import __main__ as program
from benchmarks.gpu import talking
from benchmarks.gpu.measure import count_kernels
from benchmarks.gpu.record import Record
from benchmarks.gpu.report import Check, Findings, Report


def run(*checks: Check, seconds: float = 60) -> tuple[list[dict[str, object]], Report]:
    output = io.StringIO()
    report = Report(seconds, output)
    for check in checks:
        report.run(check)
    return [json.loads(line) for line in output.getvalue().splitlines()], report


def test_every_check_passes_on_tiny_models() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", "--tiny"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )

    told = [json.loads(line) for line in done.stdout.splitlines()]
    lines = {line["check"]: line for line in told}
    assert [line for line in told if line["ok"] is not True] == []
    kinds = {"machine", "voice", "talking", "speech", "compile", "attention"}
    assert {name.split()[0] for name in lines} >= kinds
    assert {"talking window", "talking windows, little memory"} <= set(lines)
    assert lines["speech video step"]["quantized_layers"] > 0
    assert 0 < lines["speech video step"]["fp8_error"] < 0.1
    assert done.returncode == 0


@pytest.mark.parametrize(
    "check", [*talking.list_checks(True), *talking.list_dynamic_checks(True)], ids=lambda check: check.name
)
def test_no_two_devices_or_dtypes_meet_in_a_check(check: Check) -> None:
    findings = Findings()

    with pretend_cuda(10**11):
        check.run(findings)

    assert findings.failed == []


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


def test_what_comfyui_cannot_pin_is_counted() -> None:
    def fail_to_pin(findings: Findings) -> None:
        logging.warning("Pin error.")
        logging.warning("Something else.")

    (line,), _ = run(Check("pins", fail_to_pin, 0))

    assert line["pin_errors"] == 1


def test_a_launch_is_a_kernel_on_the_gpu() -> None:
    names = ["ampere_sgemm_64x64", "Memcpy HtoD (Pinned -> Device)", "Memset (Device)"]
    events = [SimpleNamespace(device_type=SimpleNamespace(name="CUDA"), name=name) for name in names]

    assert count_kernels([*events, SimpleNamespace(device_type=SimpleNamespace(name="CPU"), name="aten::mm")]) == 1


def test_results_are_kept_under_the_name_of_the_gpu(tmp_path: Path) -> None:
    record = Record(folder=tmp_path)
    record.add('{"check": "machine", "gpu": "NVIDIA GeForce RTX 4090"}')
    record.add('{"check": "attention"}')

    lines = (tmp_path / "nvidia-geforce-rtx-4090.jsonl").read_text().splitlines()
    assert [json.loads(line)["check"] for line in lines] == ["machine", "attention"]


def test_a_machine_without_a_gpu_leaves_no_record(tmp_path: Path) -> None:
    record = Record(folder=tmp_path)
    record.add('{"check": "machine", "device": "cpu"}')

    assert record.path is None
    assert list(tmp_path.iterdir()) == []


def make_python(folder: Path, script: str) -> str:
    """Return a program that stands in for the processes of the checks."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return str(python)


def test_a_process_that_dies_has_a_line_and_the_next_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = make_python(tmp_path, """echo '{"check": "'$3'", "ok": true}'; [ $3 = dynamic ] || kill -9 $$""")
    monkeypatch.setattr(program.sys, "executable", python)

    lines = [json.loads(line) for line in program.run_checks(["legacy", "dynamic"], 400, "")]

    assert [(line["check"], line["ok"]) for line in lines] == [
        ("legacy", True),
        ("all with legacy memory", False),
        ("dynamic", True),
    ]


def test_time_is_kept_for_the_last_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = make_python(tmp_path, """echo '{"seconds": '$4'}'""")
    monkeypatch.setattr(program.sys, "executable", python)

    first, last = (json.loads(line)["seconds"] for line in program.run_checks(["legacy", "dynamic"], 400, ""))

    assert first == pytest.approx(400 - program.DYNAMIC_SECONDS, abs=5)
    assert last == pytest.approx(400, abs=5)


def test_some_checks_alone_replace_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = '{"check": "machine", "ok": true, "gpu": "X"}'
    monkeypatch.setattr(program.sys, "executable", make_python(tmp_path, f"echo '{line}'"))
    monkeypatch.setattr(program, "Record", lambda *paths: Record(*paths, folder=tmp_path / "recorded"))

    assert program.main(["--only", "attention"]) == 0
    assert not (tmp_path / "recorded").exists()
    assert program.main([]) == 0
    assert (tmp_path / "recorded" / "x.jsonl").read_text().splitlines() == [line, line]


def test_pack_gathers_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "pack", lambda folder: 37_000_000)

    assert program.main(["--pack", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path} holds 37 MB.\n"
