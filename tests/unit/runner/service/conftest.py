from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes.comfyui import FakeComfyUI
from support.fakes.making_slot import MakingSlot, make_slot, serving
from support.waiting import wait_until
from talkingshorts.batch import connections, retry, schedule
from talkingshorts.service import service as service_module
from talkingshorts.service.service import Service


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "ROW_RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(connections, "PROBE_PAUSES_SECONDS", (0.005,))
    monkeypatch.setattr(schedule, "LOOK_AGAIN_SECONDS", 0.005)
    monkeypatch.setattr(service_module, "LOOK_FOR_ORDERS_SECONDS", 0.01)
    monkeypatch.setattr(service_module, "INTERRUPTION_SECONDS", 0.01)


@pytest.fixture
def slot(fake: FakeComfyUI) -> MakingSlot:
    return make_slot(fake)


@pytest.fixture
def service(tmp_path: Path, slot: MakingSlot) -> Iterator[Service]:
    with serving(tmp_path / "data", slot) as service:
        wait_until(lambda: service.is_ready)
        yield service
