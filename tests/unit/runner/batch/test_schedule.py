import _thread
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from support.fakes.faulty_proxy import wait_until
from support.fakes.slots import FakeSlot, make_jobs, make_record
from talkingshorts.batch import connections, outcome, schedule
from talkingshorts.batch.connections import Connection, FindSlots
from talkingshorts.batch.outcome import MAX_ATTEMPTS, MAX_LOSSES
from talkingshorts.batch.plan import RowJob, Warmth
from talkingshorts.batch.rows import RowRun
from talkingshorts.batch.schedule import Scheduler
from talkingshorts.batch.state import BatchState, RowStore
from talkingshorts.display.batch_events import (
    BatchEvent,
    BatchProgress,
    RowDone,
    RowEvent,
    RowFailed,
    RowPutBack,
    ServerLost,
)
from talkingshorts.display.events import Started
from talkingshorts.errors import (
    CancelledError,
    LostJobError,
    NodeFailedError,
    OutOfMemoryError,
    RunnerError,
    UnreachableError,
    UsageError,
    ValidationError,
)
from talkingshorts.jobs.follow import Show
from talkingshorts.jobs.records import JobRecord
from talkingshorts.workflow.file import Workflow


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(connections, "PROBE_PAUSES_SECONDS", (0.005,))
    monkeypatch.setattr(schedule, "LOOK_AGAIN_SECONDS", 0.005)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[BatchState]:
    with BatchState(tmp_path / "state") as state:
        yield state


Told = TypeVar("Told", bound=BatchEvent)


class Batch:
    """A batch that runs in a thread of its own, or at once."""

    def __init__(
        self,
        state: BatchState,
        *slots: FakeSlot,
        jobs: list[RowJob],
        keep_going: bool = False,
        find_slots: FindSlots | None = None,
        kept: Sequence[RowJob] = (),
    ) -> None:
        self._state = state
        self.events: list[BatchEvent] = []
        self.failures: list[RowFailed] = []
        self._rows = RowRun(slots, state, jobs, self.events.append, keep_going, find_slots)
        self._rows.connect()
        state.adopt([*jobs, *kept])

    def run(self) -> list[RowFailed]:
        self._rows.run(0.1)
        self.failures = sorted(self.told(RowFailed), key=lambda failure: failure.row)
        assert self._state.list_failures() == [(failure.row, failure.reason) for failure in self.failures]
        return self.failures

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.run)
        thread.start()
        return thread

    @property
    def is_stopping(self) -> bool:
        return self._rows.scheduler._queue.ending == "stopped"

    def told(self, kind: type[Told]) -> list[Told]:
        return [event for event in self.events if isinstance(event, kind)]


def failing(rows: dict[int, RunnerError], times: int = 1000) -> Callable[[RowJob], RunnerError | None]:
    """Return how a slot behaves on which these rows fail so many times."""
    left = dict.fromkeys(rows, times)

    def behave(job: RowJob) -> RunnerError | None:
        if left.get(job.row, 0) == 0:
            return None
        left[job.row] -= 1
        return rows[job.row]

    return behave


def test_each_row_runs_once_and_two_at_most_are_on_a_server(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b")
    batch = Batch(state, a, b, jobs=make_jobs(40))

    assert batch.run() == []
    assert sorted(a.ran + b.ran) == list(range(1, 41))
    assert max(a.most_at_once, b.most_at_once) <= 2
    assert batch.told(BatchProgress)[-1] == BatchProgress(40, 0, 0, 0.0)


def test_the_next_row_waits_on_the_server_while_one_runs(state: BatchState) -> None:
    a = FakeSlot("a")
    a.gate.clear()
    thread = Batch(state, a, jobs=make_jobs(3)).start()

    wait_until(lambda: a.at_once == 2)
    a.gate.set()
    thread.join()

    assert (a.most_at_once, sorted(a.ran)) == (2, [1, 2, 3])


def test_the_last_rows_are_left_to_a_server_that_has_nothing_to_do(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b")
    a.gate.clear()
    b.gate.clear()
    thread = Batch(state, a, b, jobs=make_jobs(2)).start()

    wait_until(lambda: a.at_once + b.at_once == 2)
    for slot in (a, b):
        slot.gate.set()
    thread.join()

    assert len(a.ran) == len(b.ran) == 1


def test_rows_of_a_speaker_go_where_the_speaker_was_last(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b")
    a.gate.clear()
    b.gate.clear()
    jobs = make_jobs(6, speakers="xy")
    thread = Batch(state, a, b, jobs=jobs).start()
    wait_until(lambda: a.at_once == b.at_once == 2)

    speakers = [{jobs[row - 1].warmth.speaker for row in slot.ran} for slot in (a, b)]
    for slot in (a, b):
        slot.gate.set()
    thread.join()

    assert sorted(speakers, key=str) == [{("x",)}, {("y",)}]


def test_no_server_stands_idle_for_the_sake_of_a_speaker(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b")
    a.gate.clear()
    b.gate.clear()
    thread = Batch(state, a, b, jobs=make_jobs(6, speakers="x")).start()

    wait_until(lambda: a.at_once >= 1 and b.at_once >= 1)
    for slot in (a, b):
        slot.gate.set()
    thread.join()


def test_models_count_before_the_order_of_the_rows(state: BatchState) -> None:
    a = FakeSlot("a")
    models = ("m", "n", "m", "n", "m")
    jobs = [replace(job, warmth=Warmth((model,), ())) for job, model in zip(make_jobs(5), models, strict=True)]

    Batch(state, a, jobs=jobs).run()

    assert [models[row - 1] for row in a.ran] == ["m", "m", "m", "n", "n"]


def test_the_jobs_of_a_lost_server_move_to_the_others(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b")
    a.gate.clear()
    b.gate.clear()
    batch = Batch(state, a, b, jobs=make_jobs(8))
    thread = batch.start()
    wait_until(lambda: a.at_once == 2 and b.at_once == 2)
    on_a = set(a.ran)

    a.is_away = True
    wait_until(lambda: len(batch.told(RowPutBack)) == 2)
    b.gate.set()
    thread.join()

    assert batch.failures == []
    assert on_a <= set(b.ran)
    assert sorted(b.ran + a.ran) == sorted([*range(1, 9), *on_a])
    assert batch.told(ServerLost) == [ServerLost("a", "a went away.")]


def test_what_still_runs_on_a_server_that_comes_back_is_cancelled_there(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b")
    a.gate.clear()
    b.gate.clear()
    batch = Batch(state, a, b, jobs=make_jobs(8))
    thread = batch.start()
    wait_until(lambda: a.at_once == 2 and b.at_once == 2)
    b.held = set(a.ran)
    a.is_away = True
    wait_until(lambda: len(batch.told(RowPutBack)) == 2)
    b.gate.set()
    wait_until(lambda: b.held <= set(b.ran))

    a.is_away = False
    wait_until(lambda: len(a.cancelled) == 2)
    a.gate.set()
    b.held = set()
    thread.join()

    assert batch.failures == []
    assert len(a.cancelled) == 2
    assert (state.list_strays(a.url), a.resumed) == ([], [])


def test_the_only_servers_jobs_are_found_again_when_it_comes_back(state: BatchState) -> None:
    a = FakeSlot("a")
    a.gate.clear()
    batch = Batch(state, a, jobs=make_jobs(2))
    thread = batch.start()
    wait_until(lambda: a.at_once == 2)
    noted = {row: record.id for row in (1, 2) if (record := state.record_of(f"key-{row}"))}

    a.is_away = True
    wait_until(lambda: len(batch.told(RowPutBack)) == 2)
    a.is_away = False
    a.gate.set()
    thread.join()

    assert dict(a.resumed) == noted
    assert batch.failures == []


def test_a_job_that_an_earlier_run_left_on_a_server_is_followed_there(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b")
    jobs = make_jobs(4)
    state.adopt(jobs)
    record = make_record(b.url)
    RowStore(state, "key-1").save(record)

    Batch(state, a, b, jobs=jobs).run()

    assert b.resumed == [(1, record.id)]
    assert 1 not in a.ran


def test_a_job_left_on_a_server_that_is_away_runs_elsewhere_and_is_cancelled_there_later(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b", is_away=True)
    jobs = make_jobs(4)
    state.adopt(jobs)
    record = make_record(b.url)
    RowStore(state, "key-1").save(record)

    Batch(state, a, b, jobs=jobs).run()
    assert (sorted(a.ran), a.resumed) == ([1, 2, 3, 4], [])
    assert state.list_strays(b.url) == [record]

    b.is_away = False
    more = make_jobs(6)
    a.gate.clear()
    b.gate.clear()
    thread = Batch(state, a, b, jobs=more).start()
    wait_until(lambda: b.cancelled)
    a.gate.set()
    b.gate.set()
    thread.join()
    assert (b.cancelled, state.list_strays(b.url)) == ([record.id], [])


def test_a_server_that_was_away_at_first_joins_in(state: BatchState) -> None:
    a, b = FakeSlot("a"), FakeSlot("b", is_away=True)
    a.gate.clear()
    batch = Batch(state, a, b, jobs=make_jobs(6))
    thread = batch.start()

    wait_until(lambda: batch.told(ServerLost))
    b.is_away = False
    wait_until(lambda: b.ran)
    a.gate.set()
    thread.join()

    assert sorted(a.ran + b.ran) == [1, 2, 3, 4, 5, 6]


def test_a_batch_whose_servers_all_stay_away_ends_and_keeps_its_rows(state: BatchState) -> None:
    a = FakeSlot("a")
    a.gate.clear()
    batch = Batch(state, a, jobs=make_jobs(2))
    a.is_away = True

    with pytest.raises(UnreachableError, match=r"a (is|went) away\. No server is left: the same command goes on"):
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


def test_a_job_that_ran_out_of_memory_is_tried_on_another_server(state: BatchState) -> None:
    a = FakeSlot("a", failing({row: OutOfMemoryError("CUDA out of memory") for row in range(1, 9)}))
    b = FakeSlot("b")
    batch = Batch(state, a, b, jobs=make_jobs(8))

    assert batch.run() == []
    assert sorted(b.ran) == list(range(1, 9))
    assert len(a.ran) == len(set(a.ran)) == len(batch.told(RowPutBack)) > 0


@pytest.mark.parametrize("error", [OutOfMemoryError("no memory"), LostJobError("gone")])
def test_what_may_pass_is_tried_again_on_the_only_server(state: BatchState, error: RunnerError) -> None:
    a = FakeSlot("a", failing({1: error}, times=MAX_ATTEMPTS - 1))

    assert Batch(state, a, jobs=make_jobs(1)).run() == []
    assert a.ran == [1] * MAX_ATTEMPTS


def test_a_row_is_given_up_after_some_attempts(state: BatchState) -> None:
    a = FakeSlot("a", failing({1: LostJobError("gone")}))

    assert Batch(state, a, jobs=make_jobs(1)).run() == [RowFailed(1, "a", f"gone ({MAX_ATTEMPTS} attempts)")]
    assert a.ran == [1] * MAX_ATTEMPTS


def test_a_row_that_takes_each_server_down_is_given_up_and_those_behind_it_arent(state: BatchState) -> None:
    class Down(FakeSlot):
        def run(
            self, job: RowJob, workflow: Workflow, noted: JobRecord | None, store: RowStore, show: Show
        ) -> list[str]:
            self.ran.append(job.row)
            if job.row == 1:
                show(Started())
            if job.row == 1 or self.ran.count(2) <= MAX_ATTEMPTS + 1:
                raise UnreachableError("It was killed.")
            return []

    down = Down("a")
    failures = Batch(state, down, jobs=make_jobs(2), keep_going=True).run()

    assert failures == [RowFailed(1, "a", f"It was killed. ({MAX_ATTEMPTS} attempts)")]


def test_a_row_that_never_starts_on_servers_that_go_down_is_given_up_later(state: BatchState) -> None:
    class Down(FakeSlot):
        def run(
            self, job: RowJob, workflow: Workflow, noted: JobRecord | None, store: RowStore, show: Show
        ) -> list[str]:
            raise UnreachableError("It was killed.")

    failures = Batch(state, Down("a"), jobs=make_jobs(1)).run()

    assert failures == [RowFailed(1, "a", f"It was killed. ({MAX_LOSSES} attempts)")]


def test_a_slot_that_comes_while_the_batch_runs_takes_rows(state: BatchState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "GROWTH_SECONDS", 0.005)
    a, b = FakeSlot("a", held={1, 2}), FakeSlot("b")
    coming = [[b], []]
    batch = Batch(state, a, jobs=make_jobs(8), find_slots=lambda: coming.pop(0) if coming else [])
    thread = batch.start()
    wait_until(lambda: len(b.ran) == 6)
    a.held.clear()
    thread.join()

    assert sorted(a.ran) == [1, 2]
    assert batch.failures == []


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


@pytest.mark.parametrize("kind", [ValidationError, NodeFailedError, UsageError, CancelledError])
def test_what_would_fail_again_is_tried_once(state: BatchState, kind: type[RunnerError]) -> None:
    a = FakeSlot("a", failing({1: kind("bad")}))

    assert Batch(state, a, jobs=make_jobs(1)).run() == [RowFailed(1, "a", "bad")]
    assert a.ran == [1]


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
    with pytest.raises(CancelledError, match="0 rows are done, 5 are left: the same command goes on"):
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
