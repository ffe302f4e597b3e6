import _thread
import threading

import pytest
from support.fakes.slots import FakeSlot
from talkingshorts.batch.schedule import Scheduler
from talkingshorts.batch.state import BatchState
from talkingshorts.errors import (
    UnreachableError,
)

pytestmark = pytest.mark.usefixtures("no_pauses")


def test_a_ctrl_c_while_servers_connect_doesnt_wait_for_them(state: BatchState) -> None:
    is_over = threading.Event()

    class Slow(FakeSlot):
        def connect(self) -> None:
            if self.name == "b":
                _thread.interrupt_main()
            is_over.wait()

    with pytest.raises(KeyboardInterrupt):
        Scheduler([Slow("a"), Slow("b")], state, print).connect()
    is_over.set()


def test_all_servers_are_connected_before_anything_runs(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b", is_away=True)

    Scheduler([a, b], state, print).connect()
    assert (a.connections, b.connections) == (1, 0)
    with pytest.raises(UnreachableError, match="b is away"):
        Scheduler([b], state, print).connect()
