"""WORKFLOW, as every command that takes one reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.checkout import ROOT
from talkingshorts.cli.batch import read_batch_options
from talkingshorts.cli.main import main
from talkingshorts.cli.options import read_run_options
from talkingshorts.cli.parser import build_parser

DRAFT = ROOT / "workflows" / "draft.api.json"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["run", "submit", "validate"])
def test_a_bare_name_is_that_of_a_shipped_workflow(command: str) -> None:
    assert read_run_options(build_parser().parse_args([command, "draft"]), None).workflow == DRAFT


def test_a_batch_takes_it_too() -> None:
    assert read_batch_options(build_parser().parse_args(["batch", "draft", "jobs.csv"])).workflow == DRAFT


def test_its_inputs_are_listed_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inputs", "talking_video"]) == 0
    by_name = capsys.readouterr().out

    assert main(["inputs", str(ROOT / "workflows" / "talking_video.api.json")]) == 0
    assert by_name == capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("inputs", "drft"), ("run", "drft"), ("submit", "drft"), ("validate", "drft"), ("batch", "drft", "x.csv")]
)
def test_an_unknown_name_ends_with_2_and_those_near_it(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2

    assert "No workflow is called 'drft': did you mean draft?" in capsys.readouterr().err
