import threading
import time

import pytest
from support.fakes.slots import FakeSlot, make_jobs, make_record
from talkingshorts.batch.connections import Connection
from talkingshorts.batch.descriptions import Descriptions
from talkingshorts.batch.queue import Ending, JobQueue
from talkingshorts.batch.state import BatchState, RowStore


class Changed(threading.Condition):
    """Counts how often those that wait are told."""

    times_told = 0

    def notify_all(self) -> None:
        self.times_told += 1
        super().notify_all()


@pytest.fixture
def slot() -> Connection:
    return Connection(FakeSlot("a"), Descriptions())


def make_queue(state: BatchState, count: int) -> tuple[JobQueue, Changed]:
    jobs, changed = make_jobs(count), Changed()
    state.adopt(jobs)
    queue = JobQueue(state, changed)
    changed.acquire()
    queue.add(jobs)
    return queue, changed


@pytest.mark.parametrize(
    ("ending", "begins_more_with", "is_over_with"),
    [
        (None, ("waiting", "running", "nothing"), ()),
        ("closed", ("waiting", "running"), ("nothing",)),
        ("drained", (), ("waiting", "nothing")),
        ("stopped", (), ("waiting", "nothing")),
    ],
)
def test_what_is_left_decides_whether_it_is_over(
    state: BatchState,
    slot: Connection,
    ending: Ending | None,
    begins_more_with: tuple[str, ...],
    is_over_with: tuple[str, ...],
) -> None:
    queue, _ = make_queue(state, 1)
    begins, over = [], []

    def look(left: str) -> None:
        begins.extend([left] if queue.begins_more else [])
        over.extend([left] if queue.is_over else [])

    if ending is not None:
        queue.end(ending)
    look("waiting")
    work = queue.take(slot, [slot])
    assert work is not None
    look("running")
    queue.release(work, waits_again=False)
    look("nothing")

    assert (tuple(begins), tuple(over)) == (begins_more_with, is_over_with)


def test_an_ending_is_never_taken_back_and_calls_off_once(state: BatchState, slot: Connection) -> None:
    queue, _ = make_queue(state, 2)
    work = queue.take(slot, [slot])

    assert queue.end("drained", lambda work: True) == [(work, slot)]
    assert queue.end("drained", lambda work: True) == []
    assert queue.end("closed") == []
    assert queue.ending == "drained"
    assert queue.end("stopped", lambda work: True) == [(work, slot)]


def test_trouble_ends_it_at_once_and_the_first_one_counts(state: BatchState, slot: Connection) -> None:
    queue, _ = make_queue(state, 2)
    queue.take(slot, [slot])
    first = OSError("first")
    queue.fail(first)
    queue.fail(OSError("second"))

    assert (queue.is_over, queue.begins_more, queue.trouble) == (True, False, first)


def test_whoever_waits_is_told_of_a_job_that_is_taken_since_it_warms_the_slot(
    state: BatchState, slot: Connection
) -> None:
    queue, changed = make_queue(state, 1)
    told = changed.times_told

    assert queue.take(slot, [slot])
    assert changed.times_told == told + 1
    assert queue.take(slot, [slot]) is None
    assert changed.times_told == told + 1


def test_a_job_waits_in_its_rows_place_again_and_for_the_server_that_may_have_it(
    state: BatchState, slot: Connection
) -> None:
    queue, _ = make_queue(state, 3)
    work = queue.take(slot, [slot])
    assert work is not None
    RowStore(state, work.job.key).save(make_record("http://b"))

    assert not queue.release(work, waits_again=True)
    assert [waiting.job.row for waiting in queue._waiting] == [1, 2, 3]
    assert work.holder == "http://b"


def test_a_job_whose_row_was_dropped_meanwhile_doesnt_wait_again(state: BatchState, slot: Connection) -> None:
    queue, _ = make_queue(state, 1)
    work = queue.take(slot, [slot])
    assert work is not None
    state.drop(work.job.key)

    assert queue.release(work, waits_again=True)
    assert queue._waiting == []


def test_only_a_job_that_pauses_is_waited_for_by_time(state: BatchState, slot: Connection) -> None:
    queue, _ = make_queue(state, 2)
    assert queue.seconds_until_next() is None

    work = queue.take(slot, [slot])
    assert work is not None
    work.not_before = time.monotonic() + 100.0
    queue.release(work, waits_again=True)
    seconds = queue.seconds_until_next()
    assert seconds is not None
    assert 0.0 < seconds <= 100.0
