import json

import pytest
from support.command_line import run
from support.fakes.comfyui import FakeComfyUI, describe_nodes
from talkingshorts.shipped.workflows import find_workflow
from talkingshorts.workflow.file import load_workflow


def test_inputs_are_listed_with_type_and_default_and_no_server(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("inputs", "w.api.json", "--server", "http://127.0.0.1:1") == 0
    assert run("inputs", "w.api.json", "--json") == 0

    plain, as_json = capsys.readouterr().out.splitlines()
    assert plain.split("\t") == ["width", "int", "64"]
    assert json.loads(as_json) == {"name": "width", "type": "int", "default": 64}


def test_inputs_that_must_not_be_empty_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inputs", "talking_short") == 0
    assert capsys.readouterr().err == "Must not be empty: script, voice_source.\n"

    assert run("inputs", "draft", "--json") == 0
    entries = map(json.loads, capsys.readouterr().out.splitlines())
    assert [entry["name"] for entry in entries if entry.get("required")] == ["script"]


def test_a_valid_workflow_is_said_to_be_valid_and_not_run(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("validate", "w.api.json", "--json") == 0

    assert json.loads(capsys.readouterr().out) == {"valid": True, "problems": []}
    assert fake.posted == []


def test_a_workflow_is_valid_before_all_that_a_run_needs_is_set(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.nodes = describe_nodes(load_workflow(find_workflow("voice_clone")).graph)

    assert run("validate", "voice_clone") == 0
    assert capsys.readouterr().err.endswith("To run it, set voice_source.\n")

    assert run("validate", "voice_clone", "-s", "voice_source=https://youtu.be/x") == 0
    assert "To run it" not in capsys.readouterr().err

    assert run("validate", "voice_clone", "-s", "voice_source=") == 3
    assert run("run", "voice_clone") == 3
    assert "voice_source is empty" in capsys.readouterr().err
