"""When a webhook's message is sent again, and who sees to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from support.webhooks import JOB_ID, KEY, webhook_to
from talkingshorts.webhooks.delivery import Clock, WebhookStore, can_sign, deliver
from talkingshorts.webhooks.message import ATTEMPTS, Answer, Webhook


@dataclass
class FakeTime:
    """A clock that only sleeping moves on."""

    seconds: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep, lambda: 1.0)


@dataclass
class ScriptedReceiver:
    """Answers one attempt after the other, the last answer for ever."""

    answers: list[Answer]
    keys: list[bytes | None] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def send(self, webhook: Webhook, key: bytes | None, timeout_seconds: float) -> Answer:
        self.keys.append(key)
        self.timeouts.append(timeout_seconds)
        return self.answers[min(len(self.keys), len(self.answers)) - 1]


# When it is tried again


def test_it_is_tried_ten_times_over_some_hours_and_then_given_up() -> None:
    time, receiver, webhook = FakeTime(), ScriptedReceiver([Answer(503, "Service Unavailable")]), webhook_to()
    saved: list[tuple[str, int]] = []

    deliver(
        webhook, KEY, lambda noted: saved.append((noted.state, noted.attempts)), clock=time.clock, send=receiver.send
    )

    assert time.slept == [0, 5, 15, 45, 135, 405, 1215, 3600, 3600, 3600]
    assert saved == [*(("pending", number) for number in range(1, ATTEMPTS)), ("given_up", ATTEMPTS)]
    assert (webhook.last_status, webhook.last_error) == (503, "Service Unavailable")


def test_it_ends_with_the_first_success() -> None:
    time, receiver, webhook = FakeTime(), ScriptedReceiver([Answer(None, "refused"), Answer(409)]), webhook_to()

    deliver(webhook, KEY, lambda _: None, clock=time.clock, send=receiver.send)

    assert (webhook.state, webhook.attempts, webhook.last_error) == ("delivered", 2, None)


def test_bounded_patience_ends_before_a_pause_that_would_not_fit() -> None:
    time, receiver, webhook = FakeTime(), ScriptedReceiver([Answer(503)]), webhook_to()

    deliver(webhook, KEY, lambda _: None, 10.0, time.clock, receiver.send)

    assert (webhook.state, webhook.attempts) == ("pending", 2)
    assert time.slept == [0, 5]
    assert receiver.timeouts == [10.0, 5.0]


def test_whoever_goes_on_waits_for_the_rest_of_the_pause() -> None:
    time, receiver = FakeTime(), ScriptedReceiver([Answer(200)])
    webhook = replace(webhook_to(), attempts=3, next_attempt=time.seconds + 40.0)

    deliver(webhook, KEY, lambda _: None, clock=time.clock, send=receiver.send)

    assert time.slept == [40.0]


def test_what_was_noted_as_unsigned_stays_so() -> None:
    receiver = ScriptedReceiver([Answer(200)])

    deliver(webhook_to(key=None), KEY, lambda _: None, clock=FakeTime().clock, send=receiver.send)

    assert receiver.keys == [None]


def test_another_secret_is_noticed() -> None:
    assert can_sign(webhook_to(), KEY)
    assert not can_sign(webhook_to(), b"another")
    assert not can_sign(webhook_to(), None)
    assert can_sign(webhook_to(key=None), None)


# What is noted


def test_a_webhook_is_found_again_as_it_was_saved_and_only_its_user_can_read_it(tmp_path: Path) -> None:
    store = WebhookStore(tmp_path / "webhooks")
    store.save(webhook_to())

    assert store.load(JOB_ID.upper()) == webhook_to()
    assert store.list_pending() == [JOB_ID]
    assert (tmp_path / "webhooks" / f"{JOB_ID}.json").stat().st_mode & 0o777 == 0o600


def test_one_process_at_a_time_sees_to_a_webhook(tmp_path: Path) -> None:
    store = WebhookStore(tmp_path)
    store.save(webhook_to())

    with store.claim(JOB_ID) as claim, store.claim(JOB_ID) as second:
        assert claim is not None
        assert second is None
    with store.claim(JOB_ID) as claim:
        assert claim is not None


@pytest.mark.parametrize("state", ["delivered", "given_up"])
def test_a_settled_webhook_is_nobodys_task(tmp_path: Path, state: Any) -> None:
    store = WebhookStore(tmp_path)
    store.save(webhook_to())
    store.save(replace(webhook_to(), state=state))

    assert store.list_pending() == []
    with store.claim(JOB_ID) as claim:
        assert claim is None
