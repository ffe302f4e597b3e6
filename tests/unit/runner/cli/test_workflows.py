import json

import pytest
from support.checkout import ROOT
from talkingshorts.cli.main import main


def test_each_workflow_is_a_line_with_its_name_and_what_it_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workflows", "list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {
        path.name.removesuffix(".api.json") for path in (ROOT / "workflows").glob("*.api.json")
    }
    assert all(len(line.split()) > 3 for line in lines)


def test_as_json_it_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workflows", "list", "--json"]) == 0

    first, *_ = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["name"] == "draft"
    assert first["path"] == str(ROOT / "workflows" / "draft.api.json")
    assert first["purpose"]


def test_one_is_shown_as_its_file_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workflows", "show", "talking_video"]) == 0

    assert capsys.readouterr().out == (ROOT / "workflows" / "talking_video.api.json").read_text()


def test_an_unknown_name_ends_with_2_and_those_near_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workflows", "show", "draught"]) == 2

    assert "No workflow is called 'draught': did you mean draft?" in capsys.readouterr().err
