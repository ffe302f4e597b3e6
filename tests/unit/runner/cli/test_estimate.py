import json
from pathlib import Path

import pytest
from talkingshorts.cli.estimate import format_span
from talkingshorts.cli.main import main
from talkingshorts.jobs.records import JobRecord, new_job_id, open_jobs


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no job of this machine's own count."""
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path))


def test_stages_and_gpus_are_listed_and_it_is_called_an_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate"]) == 0

    shown = capsys.readouterr()
    assert shown.out.startswith("talking_short, 8 s of speech: an estimate, not a measurement\n")
    assert [line.split()[0] for line in shown.out.splitlines()[-8:]] == [
        "3060",
        "3090",
        "4090",
        "5090",
        "L40S",
        "A100",
        "H100",
        "H200",
    ]
    assert "13 GB of weights stream in from RAM" in shown.out
    assert "1.5 times the roofline, which is what no run can beat; for H100, H200 2.3 times, as measured" in shown.err


def test_one_gpu_is_named_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "talking_short_fast", "--gpu", "l40s", "--seconds", "3"]) == 0

    assert capsys.readouterr().out.splitlines()[-1].split()[0] == "L40S"


def test_as_json_it_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "talking_short_fast", "-s", "steps=8", "--gpu", "4090", "--factor", "2", "--json"]) == 0

    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert shown.err == ""
    assert (answer["workflow"], answer["speech_seconds"], answer["factor"]) == ("talking_short_fast", 8, 2)
    assert [gpu["name"] for gpu in answer["gpus"]] == ["4090"]
    assert (answer["gpus"][0]["factor"], answer["gpus"][0]["factor_source"]) == (2, "given")
    assert answer["gpus"][0]["seconds"] == pytest.approx(sum(answer["gpus"][0]["stage_seconds"]))
    assert {stage["name"]: stage["forwards"] for stage in answer["stages"]}["Talking Video"] == 3 * 8


def test_what_own_videos_took_counts_for_their_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    work = {"seconds": 180.0, "roofline_seconds": 100.0, "gpu": "NVIDIA GeForce RTX 4090", "ended": 1}
    job_id = new_job_id()
    made = JobRecord(job_id, "http://127.0.0.1:8188", False, "short", {}, {}, 1, "out.mp4", "0.30.0", state="completed")
    made.ending = {"id": job_id, "status": "completed", "outputs": {"7": {"talkingshorts_work": [json.dumps(work)]}}}
    open_jobs().save(made)

    assert main(["estimate", "talking_short_fast", "--json"]) == 0
    gpus = {gpu["name"]: (gpu["factor"], gpu["factor_source"]) for gpu in json.loads(capsys.readouterr().out)["gpus"]}
    assert (gpus["3090"], gpus["4090"], gpus["H200"]) == ((1.5, "usual"), (1.8, "own"), (2.3, "measured"))
    assert main(["estimate", "talking_short_fast"]) == 0
    assert "for 4090 1.8 times, as your own videos took" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--gpu", "9999"], 2, "No GPU is called '9999'"),
        (["no_such"], 2, "No workflow is called 'no_such'"),
        (["-s", "steps"], 2, "isn't of the form ADDRESS=VALUE"),
        (["-s", "stepps=4"], 3, "has no input 'stepps': did you mean steps?"),
        (["-s", "steps=four"], 3, "'four' is not a number"),
        (["draft"], 3, "A draft needs no GPU"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", *words]) == code

    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("words", [["--seconds", "0"], ["--seconds", "long"], ["--factor", "-1"]])
def test_a_time_or_factor_is_above_0(words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["estimate", *words])

    assert end.value.code == 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "under 1 s"), (39.2, "39 s"), (99.4, "99 s"), (99.6, "2 min"), (5940, "99 min"), (6012, "1.7 h")],
)
def test_a_time_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert format_span(seconds) == text
