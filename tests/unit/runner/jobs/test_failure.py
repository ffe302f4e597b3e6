"""A node's failure is told in the words of the workflow that it is in."""

from __future__ import annotations

from pathlib import Path

from talkingshorts.comfyui.client import name_upload
from talkingshorts.errors import NodeFailedError
from talkingshorts.jobs.failure import read_failure
from talkingshorts.workflow.file import Workflow

LATE = "The source is 12.00 s long, and the piece starts at 41 s. Set start_seconds below the length."


def make_workflow(start: object) -> Workflow:
    return Workflow(
        "voice.api.json",
        {
            "1": {
                "class_type": "PrimitiveFloat",
                "inputs": {"value": 41.0},
                "_meta": {"title": "voice_start_seconds"},
            },
            "2": {"class_type": "TalkingShortsYouTubeVoice", "inputs": {"source": "x", "start_seconds": start}},
        },
    )


def read(workflow: Workflow, message: str) -> str:
    error = {"node_id": "2", "exception_message": message, "exception_type": "core.errors.SourceError"}
    failure = read_failure(workflow, error)
    assert isinstance(failure, NodeFailedError)
    return str(failure)


def test_an_input_is_told_by_the_name_that_the_workflow_gives_it() -> None:
    assert read(make_workflow(["1", 0]), LATE).endswith("Set voice_start_seconds below the length.")


def test_an_input_that_is_set_in_the_node_keeps_its_name() -> None:
    assert read(make_workflow(41.0), LATE).endswith("Set start_seconds below the length.")


def test_a_file_is_told_by_the_name_that_it_had_before_it_was_uploaded() -> None:
    uploaded = name_upload(Path("half.heic"), "0123456789abcdef" * 4)
    workflow = make_workflow(41.0)
    workflow.graph["2"]["inputs"]["source"] = uploaded

    assert read(workflow, f"The picture {uploaded} can't be read.").endswith("The picture half.heic can't be read.")
    assert read(workflow, "x-0123456789abcdef.wav").endswith("x-0123456789abcdef.wav")
