import hashlib
import json
import wave
from pathlib import Path

import pytest
from support.command_line import run
from support.fakes.comfyui import GRAPH, FakeComfyUI
from talkingshorts.jobs.report import read_notes
from talkingshorts.workflow.file import Workflow


def test_the_report_tells_what_ran_and_what_came_out(fake: FakeComfyUI, tmp_path: Path) -> None:
    fake.outputs["3"]["text"] = [json.dumps({"file": "x_00001_.png", "pack_version": "1.2"})]
    run("run", "w.api.json", "-s", "width=32", "-s", "Blank.color=7", "-o", "x.png")

    report = json.loads((tmp_path / "x.json").read_text())
    assert report["prompt_id"] == fake.posted[0]["prompt_id"]
    assert report["workflow"] == "w.api.json"
    assert report["inputs"] == {"width": 32, "Blank.color": 7}
    assert (report["server_version"], report["pack_version"]) == ("0.30.0", "1.2")
    assert (report["started"], report["ended"]) == ("1970-01-01T00:00:01+00:00", "1970-01-01T00:00:03.500000+00:00")
    assert report["files"] == [
        {"path": str(tmp_path / "x.png"), "sha256": hashlib.sha256(b"picture").hexdigest(), "bytes": 7}
    ]


def test_an_ending_that_promises_another_kind_of_file_is_pointed_out(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "w.api.json", "-o", "x.wav") == 0
    assert "x.wav holds a .png file" in capsys.readouterr().err
    assert (tmp_path / "x.wav").read_bytes() == b"picture"

    assert run("run", "w.api.json", "-o", "x.PNG") == 0
    assert "holds" not in capsys.readouterr().err


def test_a_sound_is_reported_with_its_length_and_sampling(fake: FakeComfyUI, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "made.wav"), "wb") as file:
        file.setparams((2, 2, 24000, 0, "NONE", ""))
        file.writeframes(bytes(4 * 36000))
    fake.files = {"x_00001_.png": (tmp_path / "made.wav").read_bytes()}
    run("run", "w.api.json", "-o", "x.wav")

    sound = json.loads((tmp_path / "x.json").read_text())["files"][0]
    assert (sound["seconds"], sound["sample_rate_hz"], sound["channels"]) == (1.5, 24000, 2)


def test_what_a_node_says_beside_its_result_is_told_and_a_report_is_not() -> None:
    report = json.dumps({"file": "a.png"})
    outputs = {"2": {"text": ["No face was found."]}, "3": {"text": [report]}}
    workflow = Workflow("w.api.json", GRAPH)

    assert list(read_notes(workflow, outputs)) == [f"{workflow.title('2')}: No face was found."]
