from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from support.fakes.making_slot import MakingSlot
from support.waiting import wait_until
from talkingshorts.service.keys import KeyFile
from talkingshorts.service.log import open_log
from talkingshorts.service.progress import ProgressBoard
from talkingshorts.service.service import Service
from talkingshorts.service.surfaces.app import Loop, build_app


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile | None:
    return None


@pytest.fixture
def client(tmp_path: Path, slot: MakingSlot, keys: KeyFile | None) -> Iterator[TestClient]:
    loop = Loop()
    service = Service(tmp_path / "data", [slot], open_log(is_json=True), 3600, 100, board=ProgressBoard(loop))
    with TestClient(build_app(service, keys, loop)) as client:
        wait_until(lambda: service.is_ready)
        yield client
