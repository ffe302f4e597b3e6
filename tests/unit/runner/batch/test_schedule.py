import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.fakes.batches import Batch, OpenEnd, failing
from support.fakes.slots import NODES, FakeSlot, make_jobs, make_record
from support.waiting import wait_until
from talkingshorts.batch import connections, plan, retry
from talkingshorts.batch.lanes import LANES
from talkingshorts.batch.plan import RowJob, Warmth
from talkingshorts.batch.retry import MAX_ATTEMPTS, MAX_LOSSES
from talkingshorts.batch.schedule import Scheduler
from talkingshorts.batch.state import BatchState, Counts, RowStore
from talkingshorts.display.batch_events import (
    BatchProgress,
    RowDone,
    RowEvent,
    RowFailed,
    RowPutBack,
    RowWithdrawn,
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
from talkingshorts.jobs.request import Request, bind
from talkingshorts.workflow.file import Workflow
from talkingshorts.workflow.node_info import parse_node_info
from talkingshorts.workflow.validation import NodeInfos

pytestmark = pytest.mark.usefixtures("no_pauses")


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


def test_each_run_counts_a_rows_attempts_anew(state: BatchState) -> None:
    a = FakeSlot("a", failing({1: LostJobError("gone")}, times=2 * MAX_ATTEMPTS - 1))
    Batch(state, a, jobs=make_jobs(1)).run()

    assert Batch(state, a, jobs=make_jobs(1)).run() == []
    assert a.ran == [1] * 2 * MAX_ATTEMPTS


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


@pytest.mark.parametrize("kind", [ValidationError, NodeFailedError, UsageError, CancelledError])
def test_what_would_fail_again_is_tried_once(state: BatchState, kind: type[RunnerError]) -> None:
    a = FakeSlot("a", failing({1: kind("bad")}))

    assert Batch(state, a, jobs=make_jobs(1)).run() == [RowFailed(1, "a", "bad")]
    assert a.ran == [1]


def test_jobs_that_are_added_while_it_runs_are_run(state: BatchState) -> None:
    a, jobs = FakeSlot("a"), make_jobs(5)
    with OpenEnd(state, a) as run:
        run.add(*jobs[:2])
        wait_until(lambda: len(run.told(RowDone)) == 2)
        run.add(jobs[2])
        wait_until(lambda: len(run.told(RowDone)) == 3)
        run.add(*jobs[3:])

    assert sorted(a.ran) == [1, 2, 3, 4, 5]
    assert state.count() == Counts(done=5, failed=0, left=0)


def test_a_job_is_noted_before_it_waits(state: BatchState, monkeypatch: pytest.MonkeyPatch) -> None:
    run, jobs = OpenEnd(state, FakeSlot("a")), make_jobs(2)
    noted: list[set[str]] = []
    monkeypatch.setattr(run.scheduler._queue, "add", lambda _: noted.append(state.list_left()))

    run.add(*jobs)

    assert noted == [{"key-1", "key-2"}]


def test_jobs_that_can_not_be_noted_are_not_run(tmp_path: Path) -> None:
    with BatchState(tmp_path / "s") as state:
        run = OpenEnd(state, slot := FakeSlot("a"))
    with pytest.raises(UsageError, match="state"):
        run.add(*make_jobs(1))

    run.scheduler.close()
    run.scheduler.start()
    run.scheduler.wait()
    assert slot.ran == []


def test_it_waits_for_a_server_as_long_as_it_takes(state: BatchState) -> None:
    a = FakeSlot("a", is_away=True)
    with OpenEnd(state, a) as run:
        run.add(*make_jobs(1))
        wait_until(lambda: run.told(ServerLost))
        a.is_away = False

    assert a.ran == [1]


def test_it_idles_without_waking_when_there_is_nothing_to_do(state: BatchState) -> None:
    a, away = FakeSlot("a"), threading.Event()
    with OpenEnd(state, a, FakeSlot("b")) as run:
        run.add(*make_jobs(3))
        wait_until(lambda: len(run.told(RowDone)) == 3)
        changed, waits = run.scheduler._changed, []
        wait_until(lambda: len(changed._waiters) == 2 * (LANES + 1))  # type: ignore[attr-defined]
        wait = changed.wait
        changed.wait = lambda timeout=None: waits.append(timeout) or wait(timeout)  # type: ignore[method-assign]
        away.wait(0.05)
        assert waits == []

        run.add(*make_jobs(4)[3:])
        wait_until(lambda: len(run.told(RowDone)) == 4)
    assert set(waits) == {None}


def test_a_job_that_pauses_is_waited_for_exactly(state: BatchState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "ROW_RETRY_PAUSES_SECONDS", (0.05,))
    a = FakeSlot("a", failing({1: LostJobError("gone")}, times=1))
    with OpenEnd(state, a) as run:
        changed, waits = run.scheduler._changed, []
        wait = changed.wait
        changed.wait = lambda timeout=None: waits.append(timeout) or wait(timeout)  # type: ignore[method-assign]
        run.add(*make_jobs(1))
        wait_until(lambda: run.told(RowDone))

    pauses = [timeout for timeout in waits if timeout is not None]
    assert a.ran == [1, 1]
    assert 1 <= len(pauses) <= 4 * LANES
    assert all(0 < pause <= 0.05 for pause in pauses)


def test_a_job_that_is_withdrawn_while_it_waits_is_never_run(state: BatchState) -> None:
    a = FakeSlot("a", held={1, 2})
    with OpenEnd(state, a) as run:
        run.add(*make_jobs(4))
        wait_until(lambda: a.at_once == 2)

        assert run.scheduler.withdraw("key-3")
        assert run.told(RowWithdrawn) == [RowWithdrawn(3, "")]
        a.held.clear()

    assert sorted(a.ran) == [1, 2, 4]
    assert a.cancelled == []
    assert state.count() == Counts(done=3, failed=0, left=0)
    assert not run.scheduler.withdraw("key-3")


def test_a_job_that_is_withdrawn_while_it_runs_is_cancelled_on_its_server(state: BatchState) -> None:
    a = FakeSlot("a", held={1, 2})
    with OpenEnd(state, a) as run:
        run.add(*make_jobs(3))
        wait_until(lambda: len(a.posted) == 2)
        record = state.record_of("key-1")
        assert record is not None

        assert run.scheduler.withdraw("key-1")
        wait_until(lambda: run.told(RowWithdrawn))
        a.held.clear()

    assert a.cancelled == [record.id]
    assert run.told(RowWithdrawn) == [RowWithdrawn(1, "a")]
    assert run.told(RowFailed) + run.told(RowPutBack) == []
    assert (sorted(a.ran), state.list_strays(a.url)) == ([1, 2, 3], [])
    assert (state.is_dropped("key-1"), state.count()) == (True, Counts(done=2, failed=0, left=0))


def test_a_job_that_is_withdrawn_before_it_is_posted_is_never_posted(state: BatchState) -> None:
    a = FakeSlot("a")
    with OpenEnd(state, a) as run:
        a.before_posting = lambda: run.scheduler.withdraw("key-1")
        run.add(*make_jobs(1))
        wait_until(lambda: run.told(RowWithdrawn))

    assert (a.ran, a.posted) == ([1], [])
    assert state.is_dropped("key-1")


def test_a_job_that_is_withdrawn_while_its_server_is_away_is_cancelled_there_later(state: BatchState) -> None:
    a = FakeSlot("a", held={1})
    with OpenEnd(state, a) as run:
        run.add(*make_jobs(1))
        wait_until(lambda: a.posted == [1])
        record = state.record_of("key-1")
        assert record is not None
        a.is_away = True
        wait_until(lambda: run.told(RowPutBack))

        assert run.scheduler.withdraw("key-1")
        assert (state.list_strays(a.url), a.cancelled) == ([record], [])
        a.is_away = False
        wait_until(lambda: not state.list_strays(a.url))

    assert (a.cancelled, a.ran) == ([record.id], [1])
    assert run.told(RowWithdrawn) == [RowWithdrawn(1, "")]


def test_a_withdrawn_job_that_ends_well_before_it_is_cancelled_is_done(state: BatchState) -> None:
    class Late(FakeSlot):
        def cancel(self, record: JobRecord) -> None:
            self.held.clear()

    a = Late("a", held={1})
    with OpenEnd(state, a) as run:
        run.add(*make_jobs(1))
        wait_until(lambda: a.posted == [1])
        run.scheduler.withdraw("key-1")

    assert run.told(RowDone) == [RowDone(1, "a", ("out/x-1.png",))]
    assert (run.told(RowWithdrawn), state.count().done) == ([], 1)


def test_closed_it_runs_what_waits_drained_it_ends_what_runs_and_stopped_it_cancels_that(state: BatchState) -> None:
    def end(name: str, ending: Callable[[Scheduler], None], cancels: int) -> tuple[list[int], int, Counts]:
        jobs = [replace(job, key=f"{name}-{job.key}") for job in make_jobs(5)]
        slot = FakeSlot(name, held={1, 2}, queued={2})
        run = OpenEnd(state, slot)
        run.scheduler.start()
        state.adopt(jobs)
        run.scheduler.add(jobs)
        wait_until(lambda: len(slot.posted) == 2 and len(run.told(RowEvent)) == 3)
        ending(run.scheduler)
        # Who is cancelled has left the slot before the others are let go.
        wait_until(lambda: len(slot.cancelled) == cancels and slot.at_once <= 2 - cancels)
        slot.queued.clear()
        slot.held.clear()
        wait_until(lambda: run.scheduler._queue.is_over)
        run.scheduler.wait()
        return sorted(slot.ran), len(slot.cancelled), state.count()

    assert end("a", Scheduler.close, cancels=0) == ([1, 2, 3, 4, 5], 0, Counts(done=5, failed=0, left=0))
    assert end("b", Scheduler.drain, cancels=1) == ([1, 2], 1, Counts(done=1, failed=0, left=4))
    assert end("c", Scheduler.stop, cancels=2) == ([1, 2], 2, Counts(done=0, failed=0, left=5))


def test_two_workflows_run_side_by_side_each_where_its_classes_are(state: BatchState) -> None:
    sound = Workflow("s.api.json", {"1": {"class_type": "SaveSound", "inputs": {}}})
    save_sound = parse_node_info("SaveSound", {"output_node": True, "input": {}})
    a, b = FakeSlot("a"), FakeSlot("b", nodes={"SaveSound": save_sound})
    jobs = make_jobs(6)
    sounds = [replace(job, request=Request(sound, job.request.output)) for job in jobs[::2]]
    with OpenEnd(state, a, b) as run:
        run.add(*sounds, *jobs[1::2])

    assert (sorted(set(b.ran)), sorted(a.ran)) == ([1, 3, 5], [2, 4, 6])
    assert state.count() == Counts(done=6, failed=0, left=0)


def test_a_job_that_no_server_takes_has_failed_with_the_reason(state: BatchState) -> None:
    strange = Workflow("s.api.json", {"1": {"class_type": "Strange", "inputs": {}}})
    (job,) = make_jobs(1)
    with OpenEnd(state, FakeSlot("a")) as run:
        run.add(replace(job, request=Request(strange, "out/x")))
        wait_until(lambda: run.told(RowFailed))

    assert run.told(RowFailed) == [RowFailed(1, "a", "a has no Strange.")]


def test_a_row_is_bound_once_for_all_servers_that_say_the_same(
    state: BatchState, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound: list[str] = []

    def count(request: Request, nodes: NodeInfos) -> Workflow:
        bound.append(request.output)
        return bind(request, nodes)

    monkeypatch.setattr(plan, "bind", count)
    lost = failing({1: LostJobError("gone"), 3: OutOfMemoryError("full")}, times=1)
    a, b = FakeSlot("a", lost, nodes=dict(NODES)), FakeSlot("b", lost, nodes=dict(NODES))
    assert Batch(state, a, b, jobs=make_jobs(8)).run() == []

    assert len(a.ran + b.ran) == 10
    assert sorted(bound) == [f"out/x-{row}" for row in range(1, 9)]


def test_a_row_is_bound_anew_to_a_server_that_says_something_else(
    state: BatchState, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptions: list[NodeInfos] = []

    def note(request: Request, nodes: NodeInfos) -> Workflow:
        descriptions.append(nodes)
        return bind(request, nodes)

    monkeypatch.setattr(plan, "bind", note)
    other = {**NODES, "PrimitiveString": NODES["PrimitiveInt"]}
    Batch(state, FakeSlot("a"), FakeSlot("b", nodes=other), jobs=make_jobs(2)).run()

    assert [nodes == NODES for nodes in descriptions].count(True) == 2
    assert [nodes == other for nodes in descriptions].count(True) == 2
