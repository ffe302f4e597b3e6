from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from talkingshorts.comfyui.client import BusyServerError, Job
from talkingshorts.display.events import Cached, Ended, Event, NodeStarted, Notice, Progress, Queued, Started
from talkingshorts.errors import JobTimeoutError, LostJobError, UnreachableError
from talkingshorts.jobs.follow import BUSY_PATIENCE_SECONDS, GONE_PATIENCE_SECONDS, Limits, ProgressTracker, follow
from talkingshorts.workflow.file import Workflow

JOB_ID = "7a7b79e3-f361-484a-8ec2-ee73f8e03b77"
WORKFLOW = Workflow(
    "w",
    {
        "3": {"class_type": "KSampler", "inputs": {}, "_meta": {"title": "Main"}},
        "4": {"class_type": "PrimitiveInt", "inputs": {}, "_meta": {"title": "seed"}},
    },
)

Answer = str | Exception | None


class ScriptedServer:
    """Answers and messages in the order given; time passes only while the follower listens."""

    def __init__(self, answers: Sequence[Answer], messages: Sequence[tuple[float, dict[str, Any] | None]] = ()) -> None:
        self.now = 0.0
        self.asked_at: list[float] = []
        self.ahead: Iterator[int] = iter(range(9, 0, -1))
        self._answers = iter(answers)
        self._last: Answer = None
        self._messages = list(messages)

    def receive(self, timeout_seconds: float) -> dict[str, Any] | None:
        until = self.now + timeout_seconds
        if self._messages and self._messages[0][0] <= until:
            at, message = self._messages.pop(0)
            self.now = max(self.now, at)
            return message
        self.now = until
        return None

    def job(self) -> Job | None:
        self.asked_at.append(self.now)
        self._last = next(self._answers, self._last)
        if isinstance(self._last, Exception):
            raise self._last
        return Job(JOB_ID, self._last) if self._last else None

    def jobs_ahead(self) -> int:
        return next(self.ahead)


def message(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": {"prompt_id": JOB_ID, **data}}


def steps(value: float, total: float, state: str = "running") -> dict[str, Any]:
    return message("progress_state", nodes={"3": {"value": value, "max": total, "state": state}})


def run(server: ScriptedServer, limits: Limits | None = None) -> tuple[Job, list[Event]]:
    events: list[Event] = []
    tracker = ProgressTracker(WORKFLOW, JOB_ID, clock=lambda: server.now)
    job = follow(server, tracker, events.append, limits, clock=lambda: server.now)
    return job, events


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_a_job_that_ended_is_returned_as_it_ended(status: str) -> None:
    job, events = run(ScriptedServer(["in_progress", status]))

    assert job.status == status
    assert [type(event) for event in events] == [Started, Ended]


def test_the_server_is_asked_at_once_when_the_socket_announces_the_end() -> None:
    server = ScriptedServer(["in_progress", "completed"], [(0.25, message("executing", node=None))])

    run(server)

    assert server.asked_at == [0.0, 0.25]


def test_a_job_ends_without_any_message_from_the_socket() -> None:
    server = ScriptedServer(["in_progress", "in_progress", "completed"])

    run(server)

    assert server.asked_at == [0.0, 1.5, 3.0]


def test_an_announced_end_is_not_believed_before_the_server_confirms_it() -> None:
    server = ScriptedServer(
        ["in_progress", "in_progress", "completed"],
        [(0.2, message("execution_success")), (1.0, message("executing", node=None))],
    )

    job, _ = run(server)

    assert job.status == "completed"
    assert server.asked_at == [0.0, pytest.approx(0.25), 1.0]


def test_messages_about_other_jobs_are_ignored() -> None:
    other = {"type": "executing", "data": {"prompt_id": "other", "node": None}}
    server = ScriptedServer(["in_progress", "completed"], [(0.2, other)])

    run(server)

    assert server.asked_at == [0.0, 1.5]


def test_steps_of_a_job_that_ended_at_once_are_still_shown() -> None:
    messages = [(0.0, message("execution_cached", nodes=["3"])), (0.0, message("executing", node="3"))]

    _, events = run(ScriptedServer(["completed"], messages))

    assert events[:2] == [Cached(("Main",)), NodeStarted("3", "Main")]


def test_value_nodes_are_not_worth_a_line() -> None:
    messages = [
        (0.0, message("execution_cached", nodes=["4"])),
        (0.0, message("executing", node="4")),
        (0.0, message("execution_cached", nodes=["3", "4"])),
    ]

    _, events = run(ScriptedServer(["completed"], messages))

    assert events[:-1] == [Cached(("Main",))]


@pytest.mark.parametrize(("source", "titles"), [("", ()), ("me.wav", ("Voice",)), (["2", 0], ())])
def test_a_node_that_fetches_what_nobody_asked_for_is_not_worth_a_line(source: Any, titles: tuple[str, ...]) -> None:
    workflow = Workflow(
        "w",
        {
            "1": {
                "class_type": "TalkingShortsYouTubeVoice",
                "inputs": {"source": source},
                "_meta": {"title": "Voice"},
            },
            "2": {"class_type": "PrimitiveString", "inputs": {"value": ""}},
        },
    )
    tracker = ProgressTracker(workflow, JOB_ID)

    assert tracker.read(message("execution_cached", nodes=["1"])) == ([Cached(titles)] if titles else [])
    assert tracker.read(message("executing", node="1")) == [NodeStarted("1", title) for title in titles]


def test_progress_carries_title_step_total_and_the_time_left_at_the_pace_so_far() -> None:
    messages = [
        (0.1, message("executing", node="3", display_node="3")),
        (1.0, steps(1, 5)),
        (1.2, steps(1, 5)),
        (3.0, steps(2, 5)),
        (4.0, steps(5, 5, "finished")),
    ]

    _, events = run(ScriptedServer(["in_progress", "in_progress", "in_progress", "completed"], messages))

    assert [event for event in events if isinstance(event, NodeStarted | Progress)] == [
        NodeStarted("3", "Main"),
        Progress("3", "Main", 1, 5, None),
        Progress("3", "Main", 2, 5, 6.0),
    ]


def test_the_place_in_the_queue_is_told_when_it_changes() -> None:
    server = ScriptedServer(["pending", "pending", "pending", "completed"])
    server.ahead = iter([2, 2, 0])

    _, events = run(server)

    assert [event for event in events if isinstance(event, Queued)] == [Queued(2), Queued(0)]


def test_a_job_that_the_server_no_longer_knows_is_lost() -> None:
    with pytest.raises(LostJobError, match="is lost"):
        run(ScriptedServer(["in_progress", None]))


def test_a_server_that_comes_back_in_time_is_waited_for() -> None:
    away = UnreachableError("The server can't be reached.")

    job, events = run(ScriptedServer(["in_progress", away, away, away, "completed"]))

    assert job.status == "completed"
    assert len([event for event in events if isinstance(event, Notice)]) == 1


def test_a_server_that_stays_away_is_given_up() -> None:
    server = ScriptedServer([UnreachableError("gone")])

    with pytest.raises(UnreachableError, match="gone"):
        run(server)

    assert GONE_PATIENCE_SECONDS <= server.now < GONE_PATIENCE_SECONDS + 2


def test_a_busy_server_is_given_more_time_than_a_missing_one() -> None:
    server = ScriptedServer([BusyServerError("busy")])

    with pytest.raises(BusyServerError):
        run(server)

    assert server.now >= BUSY_PATIENCE_SECONDS > GONE_PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("error", "limits"),
    [
        (UnreachableError("gone"), Limits(gone_seconds=5, busy_seconds=999)),
        (BusyServerError("frozen"), Limits(gone_seconds=999, busy_seconds=5)),
    ],
)
def test_how_long_a_server_may_stay_away_can_be_set(error: UnreachableError, limits: Limits) -> None:
    server = ScriptedServer(["in_progress", error])

    with pytest.raises(UnreachableError):
        run(server, limits)

    assert 5 <= server.now < 9


def test_the_time_limit_holds_to_the_moment() -> None:
    server = ScriptedServer(["pending"])
    server.ahead = iter([1] * 99)

    with pytest.raises(JobTimeoutError, match="longer than 4 s"):
        run(server, Limits(timeout_seconds=4))

    assert server.now == 4.0


def test_a_server_without_a_sign_of_life_passes_the_idle_limit() -> None:
    server = ScriptedServer(["in_progress", BusyServerError("frozen")])

    with pytest.raises(JobTimeoutError, match="Nothing was heard from the server for 4 s"):
        run(server, Limits(idle_seconds=4))

    assert server.now == 4.0


def test_a_frozen_server_is_idle_also_while_the_job_waits() -> None:
    server = ScriptedServer(["pending", BusyServerError("frozen")])

    with pytest.raises(JobTimeoutError, match="Nothing was heard"):
        run(server, Limits(idle_seconds=4))


def test_the_idle_limit_takes_the_place_of_the_patience_with_a_busy_server() -> None:
    server = ScriptedServer(["in_progress", BusyServerError("frozen")])

    with pytest.raises(JobTimeoutError, match="Nothing was heard"):
        run(server, Limits(idle_seconds=2 * BUSY_PATIENCE_SECONDS))


def test_a_node_that_works_in_silence_is_not_idle() -> None:
    server = ScriptedServer(["in_progress"] * 20 + ["completed"])

    job, events = run(server, Limits(idle_seconds=1))

    assert job.status == "completed"
    assert not any(isinstance(event, Progress) for event in events)


def test_a_limit_shorter_than_the_time_between_two_questions_is_not_passed_between_them() -> None:
    server = ScriptedServer(["in_progress", "in_progress", "completed"], [(1.2, None), (2.7, None)])

    job, _ = run(server, Limits(idle_seconds=1))

    assert job.status == "completed"


def test_progress_is_a_sign_of_life_while_the_answers_fail() -> None:
    busy = BusyServerError("busy")
    server = ScriptedServer(["in_progress", busy, busy, busy, busy, "completed"], [(4.0, steps(1, 5))])

    job, _ = run(server, Limits(idle_seconds=5))

    assert job.status == "completed"
