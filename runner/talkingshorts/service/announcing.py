"""Tell callers' webhooks how their orders ended, signed, and again for some hours where nobody answers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..http import ANSWER_SECONDS
from ..webhooks.delivery import JITTER, can_sign
from ..webhooks.message import Answer, send
from .fetching import open_guarded_session
from .orders import Order
from .state import ServiceState

DUE_LOOK_SECONDS = 1.0
AT_ONCE = 8
"""So many webhooks are told at once: one that is slow doesn't keep all others waiting."""


class OrderAnnouncer:
    """Delivers what is due. How far each delivery is stands in the state, so that the next service goes on with it."""

    def __init__(self, state: ServiceState, key: bytes | None, describe: Callable[[Order], dict[str, Any]]) -> None:
        self._state = state
        self._key = key
        self._describe = describe

    def run(self, is_over: threading.Event) -> None:
        """Deliver webhooks until it is over."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while not is_over.wait(DUE_LOOK_SECONDS):
                list(pool.map(self._tell, self._state.list_due_webhooks(time.time())))

    def _tell(self, order: Order) -> None:
        """Try once, and note when to try again."""
        webhook = order.webhook
        if webhook is None:
            return
        webhook.event = {"type": f"job.{order.state}", "timestamp": order.ended, "data": self._describe(order)}
        if can_sign(webhook, self._key):
            key = self._key if webhook.key_mark else None
            answer = send(webhook, key, ANSWER_SECONDS, open_guarded_session)
        else:
            answer = Answer(None, "the service has another secret now")
        webhook.note(answer, time.time(), random.uniform(*JITTER))
        self._state.save_webhook(webhook)
