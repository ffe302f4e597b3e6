"""What a public repository needs beside its code: hooks and a CI that run what `make test` runs, forms, the licence."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pre_commit.clientlib import load_config
from support.checkout import ROOT

PACK = ROOT / "custom_nodes" / "comfyui_talkingshorts"
MAKEFILE = (ROOT / "Makefile").read_text()
CI_FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"


def read_yaml(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def list_steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read_yaml(path)["jobs"].values() for step in job["steps"]]


def test_the_hooks_run_the_same_checks_as_make_test() -> None:
    (local,) = load_config(str(ROOT / ".pre-commit-config.yaml"))["repos"]
    entries = [hook["entry"] for hook in local["hooks"]]

    assert local["repo"] == "local"
    assert all(any(check in entry for entry in entries) for check in ("ruff check", "ruff format", "-m pyright"))
    assert all(check in MAKEFILE for check in ("ruff check", "ruff format", "-m pyright"))


@pytest.mark.parametrize("path", CI_FILES, ids=lambda path: path.name)
def test_the_ci_calls_targets_of_the_makefile(path: Path) -> None:
    called = {target for step in list_steps(path) for target in re.findall(r"\bmake ([\w-]+)", step.get("run", ""))}

    assert called
    assert called <= set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))


def test_the_ci_tries_every_python_that_is_supported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    matrix = read_yaml(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["test"]["strategy"]["matrix"]

    assert project["requires-python"] == ">=3.11,<3.14"
    assert matrix["python"] == ["3.11", "3.12", "3.13"]


@pytest.mark.parametrize("path", CI_FILES, ids=lambda path: path.name)
def test_the_ci_asks_for_no_more_rights_than_it_needs(path: Path) -> None:
    assert read_yaml(path)["permissions"] == {"contents": "read"}


def test_no_secret_is_written_into_the_release() -> None:
    secrets = set(re.findall(r"secrets\.(\w+)", (ROOT / ".github" / "workflows" / "release.yml").read_text()))

    assert secrets == {"REGISTRY_ACCESS_TOKEN"}


def test_a_bug_report_asks_for_what_the_doctor_says_and_for_the_report() -> None:
    form = read_yaml(FORMS / "bug.yml")
    labels = {field["id"]: field["attributes"]["label"] for field in form["body"] if "label" in field["attributes"]}

    assert "talkingshorts doctor --json" in labels["doctor"]
    assert "NAME.json" in labels["report"]


def test_the_licence_comes_with_its_text_and_the_pack_with_its_own_copy() -> None:
    text = (ROOT / "LICENSE").read_text()

    assert text.split()[:6] == ["GNU", "GENERAL", "PUBLIC", "LICENSE", "Version", "3,"]
    assert (PACK / "LICENSE").read_text() == text
