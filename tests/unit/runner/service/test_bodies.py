"""Bodies of requests take what callers mean."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from talkingshorts.service.bodies import ShortBody


@pytest.mark.parametrize("start", [90, 90.0, "90", "1:30", "1m30s"])
def test_a_start_may_be_written_as_a_time(start: object) -> None:
    assert ShortBody.model_validate({"script": "Hi", "start": start, "duration": "30s"}).start == 90


@pytest.mark.parametrize("start", ["soon", "1:75", -1, "-1"])
def test_what_is_no_time_is_refused(start: object) -> None:
    with pytest.raises(ValidationError):
        ShortBody.model_validate({"script": "Hi", "start": start})


def test_a_start_may_be_left_out() -> None:
    assert ShortBody.model_validate({"script": "Hi"}).start is None
