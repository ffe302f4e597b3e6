from collections.abc import Sequence

from support.fakes.slots import FakeSlot, make_jobs
from talkingshorts.batch.choice import choose, rank_warmth
from talkingshorts.batch.connections import Connection
from talkingshorts.batch.descriptions import Descriptions
from talkingshorts.batch.plan import Warmth
from talkingshorts.batch.work import Work

A, B = (Connection(FakeSlot(name), Descriptions()) for name in "ab")


def waiting(count: int, speakers: str = "x") -> list[Work]:
    return [Work(job) for job in make_jobs(count, speakers)]


def row_for(
    own: Connection, works: Sequence[Work], present: Sequence[Connection] = (A, B), is_busy: bool = False
) -> int | None:
    work = choose(works, own, present, is_busy, now=10.0)
    return None if work is None else work.job.row


def warm(slot: str, *speaker: str) -> Connection:
    connection = Connection(FakeSlot(slot), Descriptions())
    connection.warmth = Warmth((), speaker)
    return connection


def test_the_first_row_goes_first_and_none_is_no_row() -> None:
    assert row_for(A, waiting(3)) == 1
    assert row_for(A, []) is None


def test_a_job_that_pauses_is_passed_over_until_its_time() -> None:
    works = waiting(2)
    works[0].not_before = 10.5
    assert row_for(A, works) == 2
    works[0].not_before = 10.0
    assert row_for(A, works) == 1


def test_a_job_goes_where_it_may_be_already_and_to_no_other_while_that_is_there() -> None:
    works = waiting(4)
    works[2].holder = B.slot.url

    assert row_for(B, works) == 3
    assert row_for(A, works[2:3]) is None
    assert row_for(A, works[2:3], present=[A]) == 3


def test_a_job_goes_back_to_a_slot_that_it_avoids_only_when_there_is_no_other() -> None:
    (work,) = waiting(1)
    work.avoided = {"a"}

    assert row_for(A, [work]) is None
    assert row_for(B, [work]) == 1
    assert row_for(A, [work], present=[A]) == 1


def test_a_slot_that_refuses_a_job_is_never_given_it_until_it_was_connected_anew() -> None:
    slot, (work,) = Connection(FakeSlot("a"), Descriptions()), waiting(1)
    work.refusals = {slot.mark}
    assert row_for(slot, [work], present=[slot]) is None

    slot.losses += 1
    assert row_for(slot, [work], present=[slot]) == 1


def test_a_busy_slot_leaves_the_last_rows_to_those_that_are_idle() -> None:
    assert row_for(A, waiting(1), is_busy=True) is None
    assert row_for(A, waiting(2), is_busy=True) == 1
    assert row_for(A, waiting(1), is_busy=False) == 1


def test_a_busy_slot_leaves_a_speaker_to_the_slot_that_is_warm_for_it_and_an_idle_one_doesnt() -> None:
    own, other = warm("a", "x"), warm("b", "y")
    works = waiting(4, speakers="y")

    assert row_for(own, works, [own, other], is_busy=True) is None
    assert row_for(own, works, [own, other], is_busy=False) == 1


def test_a_row_that_the_slot_is_warm_for_goes_before_earlier_ones() -> None:
    own = warm("a", "y")

    assert row_for(own, waiting(4, speakers="xy"), [own, B]) == 2


def test_warmth_counts_first_for_the_same_speaker_then_for_the_same_models_then_for_nobody() -> None:
    own = Warmth(("m",), ("x",))
    others: set[Warmth | None] = {Warmth(("m",), ("z",)), None}
    ranks = [
        rank_warmth(warmth, own, others)
        for warmth in (own, Warmth(("m",), ("y",)), Warmth(("n",), ("y",)), Warmth(("m",), ("z",)))
    ]

    assert ranks == [0, 1, 2, 3]
