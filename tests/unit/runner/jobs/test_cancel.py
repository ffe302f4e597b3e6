import pytest
from talkingshorts.comfyui.client import BusyServerError, ComfyClient
from talkingshorts.errors import UnreachableError
from talkingshorts.jobs import cancel
from talkingshorts.jobs.cancel import cancel_and_wait
from talkingshorts.jobs.records import JobRecord

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def test_a_frozen_server_keeps_a_cancelling_user_waiting_no_longer_than_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class FrozenClient(ComfyClient):
        def cancel(self, job_id: str, timeout: float = 0) -> bool:
            clock.now += timeout
            raise BusyServerError("frozen")

    class Clock:
        now = 100.0

        def monotonic(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(cancel, "time", clock)
    record = JobRecord(UNKNOWN_ID, "", False, "w", {}, {}, None, "x", "", state="submitted")

    with pytest.raises(UnreachableError):
        cancel_and_wait(FrozenClient("http://127.0.0.1:1"), record)

    promised = 100.0 + cancel.CANCEL_PATIENCE_SECONDS
    assert promised <= clock.now <= promised + cancel.CANCEL_LOOK_SECONDS
