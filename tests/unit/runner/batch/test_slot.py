from collections.abc import Iterator

import pytest
from support.fakes.comfyui import GRAPH, FakeComfyUI, serve_fake_comfyui
from talkingshorts.batch.slot import ServerSlot
from talkingshorts.comfyui.client import ComfyClient
from talkingshorts.errors import UnreachableError, ValidationError
from talkingshorts.jobs.follow import Limits
from talkingshorts.jobs.reach import reach_named_server
from talkingshorts.workflow.file import Workflow

PICTURE = Workflow("picture.api.json", GRAPH)
TEXT = Workflow("text.api.json", {**GRAPH, "4": {"class_type": "PrimitiveString", "inputs": {"value": ""}}})


@pytest.fixture
def fake() -> Iterator[FakeComfyUI]:
    with serve_fake_comfyui() as comfyui:
        yield comfyui


@pytest.fixture
def slot(fake: FakeComfyUI) -> ServerSlot:
    return ServerSlot("a", lambda: reach_named_server(ComfyClient(fake.url)), Limits())


def test_a_server_is_asked_about_each_class_once_as_long_as_it_stays_connected(
    fake: FakeComfyUI, slot: ServerSlot
) -> None:
    asked: list[str] = []
    fake.on_ask = asked.append
    slot.connect()
    assert slot.describe(PICTURE).keys() == {"PrimitiveInt", "EmptyImage", "SaveImage"}
    del asked[:]

    assert slot.describe(TEXT).keys() == {"PrimitiveInt", "PrimitiveString", "EmptyImage", "SaveImage"}
    assert slot.describe(PICTURE).keys() == {"PrimitiveInt", "EmptyImage", "SaveImage"}
    assert asked == ["/object_info/PrimitiveString"]

    slot.connect()
    slot.describe(PICTURE)
    assert sum(path.startswith("/object_info/") for path in asked) == 4


def test_a_class_that_the_server_lacks_is_told_with_those_near_it(fake: FakeComfyUI, slot: ServerSlot) -> None:
    slot.connect()
    strange = Workflow("w.api.json", {"1": {"class_type": "EmptyImag", "inputs": {}}})

    with pytest.raises(ValidationError, match=r"no node class 'EmptyImag': did you mean EmptyImage\?"):
        slot.describe(strange)


def test_a_slot_that_was_never_connected_is_away() -> None:
    slot = ServerSlot("a", lambda: reach_named_server(ComfyClient("127.0.0.1:9")), Limits())

    with pytest.raises(UnreachableError, match="a isn't connected"):
        slot.describe(PICTURE)
    assert slot.url == ""
