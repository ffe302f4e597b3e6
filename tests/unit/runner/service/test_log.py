import json

import pytest
from talkingshorts.service.log import open_log


def test_programs_get_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    open_log(is_json=True).info("job_ended", job="job_1", state="succeeded")
    line = json.loads(capsys.readouterr().err)

    assert {name: line[name] for name in ("event", "level", "job", "state")} == {
        "event": "job_ended",
        "level": "info",
        "job": "job_1",
        "state": "succeeded",
    }
    assert line["timestamp"].endswith("Z")


def test_people_get_a_line_that_they_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    open_log(is_json=False).warning("slot_lost", slot="a", reason="It is away.")

    assert "slot_lost" in capsys.readouterr().err
