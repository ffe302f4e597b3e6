import pytest
from talkingshorts.batch import retry
from talkingshorts.batch.retry import MAX_ATTEMPTS, MAX_LOSSES, Outcome, Tries, explain_failure, judge
from talkingshorts.batch.slot import RefusedError, UnfitSlotError
from talkingshorts.errors import (
    CancelledError,
    JobTimeoutError,
    LostJobError,
    NodeFailedError,
    OutOfMemoryError,
    RunnerError,
    UnreachableError,
    UsageError,
    ValidationError,
)


def judge_first(error: RunnerError, is_called_off: bool = False, may_go_elsewhere: bool = True) -> Outcome:
    return judge(error, Tries().after(error, has_started=True), is_called_off, may_go_elsewhere)


@pytest.mark.parametrize(
    "kind", [NodeFailedError, ValidationError, UsageError, JobTimeoutError, CancelledError, RunnerError]
)
def test_what_would_end_so_again_failed_for_good(kind: type[RunnerError]) -> None:
    assert judge_first(kind("bad")) == Outcome("failed")


def test_the_job_of_a_lost_slot_is_tried_again_and_may_still_be_there() -> None:
    assert judge_first(UnreachableError("away")) == Outcome("again", may_be_there=True, pause_seconds=0.5)


def test_a_job_that_its_server_forgot_is_tried_again_anywhere() -> None:
    assert judge_first(LostJobError("gone")) == Outcome("again", pause_seconds=0.5)


@pytest.mark.parametrize("kind", [OutOfMemoryError, UnfitSlotError])
def test_what_another_slot_may_manage_is_left_to_another_one(kind: type[RunnerError]) -> None:
    assert judge_first(kind("no")) == Outcome("again", avoids_slot=True, pause_seconds=0.5)


def test_a_job_that_one_slot_refuses_waits_for_another_one_and_has_failed_when_there_is_none() -> None:
    assert judge_first(RefusedError("no such class")).kind == "again"
    assert judge_first(RefusedError("no such class"), may_go_elsewhere=False).kind == "failed"


def test_a_job_that_was_called_off_failed_only_if_it_ended_by_itself() -> None:
    assert judge_first(CancelledError("cancelled"), is_called_off=True) == Outcome("called_off")
    assert judge_first(NodeFailedError("bad"), is_called_off=True) == Outcome("failed")
    assert judge_first(UnreachableError("away"), is_called_off=True).kind == "again"


def test_attempts_and_losses_have_an_end() -> None:
    lost, full = LostJobError("gone"), OutOfMemoryError("full")

    assert judge(full, Tries(attempts=MAX_ATTEMPTS - 1), False, True).kind == "again"
    assert judge(full, Tries(attempts=MAX_ATTEMPTS), False, True).kind == "failed"
    assert judge(lost, Tries(losses=MAX_LOSSES - 1), False, True).kind == "again"
    assert judge(lost, Tries(losses=MAX_LOSSES), False, True).kind == "failed"


def test_the_pause_grows_with_the_attempts_and_never_beyond_the_last() -> None:
    pauses = [judge(LostJobError("gone"), Tries(attempts=attempts), False, True).pause_seconds for attempts in range(4)]

    assert pauses == [0.5, 0.5, 2.0, 5.0]
    assert len(retry.ROW_RETRY_PAUSES_SECONDS) == MAX_ATTEMPTS - 1


@pytest.mark.parametrize(
    ("error", "has_started", "tries"),
    [
        (UnreachableError("away"), True, Tries(attempts=1, losses=1)),
        (UnreachableError("away"), False, Tries(attempts=0, losses=1)),
        (LostJobError("gone"), False, Tries(attempts=0, losses=1)),
        (OutOfMemoryError("full"), False, Tries(attempts=1, losses=0)),
        (RefusedError("no such class"), False, Tries()),
    ],
)
def test_a_job_that_only_waited_isnt_to_blame_for_the_loss(error: RunnerError, has_started: bool, tries: Tries) -> None:
    assert Tries().after(error, has_started) == tries


def test_the_reason_tells_how_often_it_was_tried_when_that_was_more_than_once() -> None:
    assert explain_failure(NodeFailedError("bad"), Tries(attempts=1)) == "bad"
    assert explain_failure(LostJobError("gone"), Tries(attempts=2, losses=5)) == "gone (5 attempts)"
