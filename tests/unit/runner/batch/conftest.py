from collections.abc import Iterator
from pathlib import Path

import pytest
from talkingshorts.batch import connections, retry, schedule
from talkingshorts.batch.state import BatchState


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "ROW_RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(connections, "PROBE_PAUSES_SECONDS", (0.005,))
    monkeypatch.setattr(schedule, "LOOK_AGAIN_SECONDS", 0.005)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[BatchState]:
    with BatchState(tmp_path / "state") as state:
        yield state
