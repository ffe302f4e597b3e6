import _thread
import threading
from dataclasses import replace

import pytest
from support.fakes.batches import Batch, failing
from support.fakes.slots import NODES, FakeSlot, make_jobs
from support.waiting import wait_until
from talkingshorts.batch.connections import Connection
from talkingshorts.batch.schedule import Scheduler
from talkingshorts.batch.state import BatchState
from talkingshorts.display.batch_events import (
    BatchProgress,
    RowDone,
    RowEvent,
    RowFailed,
    ServerLost,
    ServerReady,
)
from talkingshorts.display.events import Started
from talkingshorts.errors import (
    CancelledError,
    NodeFailedError,
    UnreachableError,
    UsageError,
    ValidationError,
)

pytestmark = pytest.mark.usefixtures("no_pauses")


def test_a_batch_whose_servers_all_stay_away_ends_and_keeps_its_rows(state: BatchState) -> None:
    a = FakeSlot("a")
    a.gate.clear()
    batch = Batch(state, a, jobs=make_jobs(2))
    a.is_away = True

    with pytest.raises(UnreachableError, match=r"a (is|went) away\. No server is left: run the same command later"):
        batch.run()
    assert batch.told(RowFailed) == []


def test_a_server_that_comes_back_without_a_class_runs_nothing(state: BatchState) -> None:
    class Lacking(FakeSlot):
        def connect(self) -> None:
            if self.is_away:
                self.is_away = False
                raise UnreachableError("away")
            raise ValidationError("no such class")

    a, b = FakeSlot("a"), Lacking("b", is_away=True)
    batch = Batch(state, a, b, jobs=make_jobs(4))

    batch.run()

    assert (b.ran, sorted(a.ran)) == ([], [1, 2, 3, 4])
    assert all(event == ServerLost("b", "no such class") for event in batch.told(ServerLost))


def test_a_batch_whose_rows_are_done_doesnt_wait_for_a_slot_that_connects(state: BatchState) -> None:
    is_over = threading.Event()

    class Slow(FakeSlot):
        def connect(self) -> None:
            if self.is_away:
                self.is_away = False
                raise UnreachableError("away")
            is_over.wait()

    slow = Slow("b", is_away=True)
    assert Batch(state, FakeSlot("a"), slow, jobs=make_jobs(3)).run() == []
    is_over.set()


def test_after_a_failure_nothing_new_is_started_and_what_runs_is_finished(state: BatchState) -> None:
    a = FakeSlot("a", failing({1: NodeFailedError("bad")}), held={1, 2})
    batch = Batch(state, a, jobs=make_jobs(20))
    thread = batch.start()

    wait_until(lambda: sum(event.event == Started() for event in batch.told(RowEvent)) == 2)
    a.held = {2}
    wait_until(lambda: batch.told(RowFailed))
    a.held = set()
    thread.join()

    assert (sorted(a.ran), a.cancelled) == ([1, 2], [])
    assert batch.failures == [RowFailed(1, "a", "bad")]
    assert batch.told(RowDone) == [RowDone(2, "a", ("out/x-2.png",))]


def test_a_row_that_only_waited_behind_the_failed_one_is_taken_back(state: BatchState) -> None:
    a = FakeSlot("a", failing({1: NodeFailedError("bad")}), held={1}, queued={2})
    batch = Batch(state, a, jobs=make_jobs(3))
    thread = batch.start()
    wait_until(lambda: a.at_once == 2 and state.record_of("key-2"))
    a.held = set()
    thread.join()

    assert (sorted(a.ran), len(a.cancelled)) == ([1, 2], 1)
    assert batch.failures == [RowFailed(1, "a", "bad")]
    assert state.record_of("key-2") is None


def test_a_batch_that_keeps_going_runs_every_other_row(state: BatchState) -> None:
    a = FakeSlot("a", failing({2: NodeFailedError("bad"), 5: ValidationError("worse")}))
    batch = Batch(state, a, jobs=make_jobs(6), keep_going=True)

    assert batch.run() == [RowFailed(2, "a", "bad"), RowFailed(5, "a", "worse")]
    assert sorted(a.ran) == [1, 2, 3, 4, 5, 6]
    last = batch.told(BatchProgress)[-1]
    assert last == BatchProgress(4, 2, 0, 0.0)


def test_the_rows_of_earlier_runs_count_as_done(state: BatchState) -> None:
    jobs = make_jobs(7)
    state.adopt(jobs)
    for job in jobs[2:]:
        state.finish(job.key, [f"s3://bucket/{job.row}.png"])
    batch = Batch(state, FakeSlot("a"), jobs=jobs[:2], kept=jobs[2:])
    batch.run()

    told = batch.told(BatchProgress)
    assert told[0] == BatchProgress(5, 0, 2, None)
    assert told[-1] == BatchProgress(7, 0, 0, 0.0)


def test_a_ctrl_c_cancels_what_runs_and_keeps_the_rest(state: BatchState) -> None:
    a = FakeSlot("a")
    a.gate.clear()
    batch = Batch(state, a, jobs=make_jobs(5))

    def interrupt() -> None:
        wait_until(lambda: len(a.posted) == 2)
        _thread.interrupt_main()

    threading.Thread(target=interrupt).start()
    with pytest.raises(CancelledError, match="0 rows are done, 5 are left: run the same command"):
        batch.run()

    assert len(a.cancelled) == len(a.ran) == 2
    assert batch.told(RowFailed) == []
    assert [state.record_of(f"key-{row}") for row in (1, 2)] == [None, None]


def test_a_ctrl_c_while_threads_start_cancels_what_runs_already(
    state: BatchState, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = FakeSlot("a"), FakeSlot("b")
    a.gate.clear()
    start = Scheduler._start

    def interrupt(scheduler: Scheduler, connection: Connection) -> None:
        if connection.slot is b:
            wait_until(lambda: len(a.posted) == 2)
            raise KeyboardInterrupt
        start(scheduler, connection)

    monkeypatch.setattr(Scheduler, "_start", interrupt)
    with pytest.raises(CancelledError):
        Batch(state, a, b, jobs=make_jobs(5)).run()

    assert len(a.cancelled) == len(a.ran) == 2
    assert [state.record_of(f"key-{row}") for row in (1, 2)] == [None, None]


def test_a_job_that_a_ctrl_c_meets_before_it_is_posted_is_never_posted(state: BatchState) -> None:
    a = FakeSlot("a")
    batch = Batch(state, a, jobs=make_jobs(2))
    uploading = threading.Semaphore(0)

    def upload() -> None:
        uploading.release()
        wait_until(lambda: batch.is_stopping)

    def interrupt() -> None:
        for _ in range(2):
            uploading.acquire()
        _thread.interrupt_main()

    a.before_posting = upload
    threading.Thread(target=interrupt).start()
    with pytest.raises(CancelledError):
        batch.run()

    assert (sorted(a.ran), a.posted) == ([1, 2], [])
    assert [state.record_of(f"key-{row}") for row in (1, 2)] == [None, None]


def test_trouble_with_the_state_ends_the_batch_with_the_reason(
    state: BatchState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(key: str, places: list[str]) -> None:
        raise UsageError("The disk is full.")

    monkeypatch.setattr(state, "finish", refuse)

    with pytest.raises(UsageError, match=r"The disk is full\."):
        Batch(state, FakeSlot("a"), jobs=make_jobs(3)).run()


def test_a_server_that_comes_back_and_would_refuse_a_row_runs_nothing(state: BatchState) -> None:
    image = replace(NODES["EmptyImage"], declared={"required": {"width": ["STRING", {}], "color": ["INT", {}]}})
    a, b = FakeSlot("a", held={1, 2}), FakeSlot("b", nodes={**NODES, "EmptyImage": image}, is_away=True)
    batch = Batch(state, a, b, jobs=make_jobs(4))
    thread = batch.start()
    wait_until(lambda: batch.told(ServerLost))
    b.is_away = False
    wait_until(lambda: b.connections)
    a.held.clear()
    thread.join()

    assert (b.ran, sorted(a.ran)) == ([], [1, 2, 3, 4])
    assert batch.told(ServerReady) == [ServerReady("a", a.url)]
