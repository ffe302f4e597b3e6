"""Deliver webhooks: what is still to be delivered is noted on disk, and one process at a time sees to a job's."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import home
from ..files import try_lock
from ..http import ANSWER_SECONDS, RETRY_AFTER_LIMIT_SECONDS
from ..jobs.records import canonical_id, write_record
from .message import PAUSE_LIMIT_SECONDS, Answer, Webhook, mark_key, send

JITTER = (0.8, 1.2)
LEAST_ANSWER_SECONDS = 1.0

Send = Callable[[Webhook, bytes | None, float], Answer]


@dataclass(frozen=True)
class Clock:
    """What delivering needs of time and chance."""

    now: Callable[[], float] = time.time
    """Seconds since the epoch."""
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = lambda: random.uniform(*JITTER)


@dataclass(frozen=True)
class Claim:
    """A webhook that this process alone sees to, and the descriptor that keeps the others away."""

    webhook: Webhook
    lock: int


class WebhookStore:
    """Keeps the webhooks in one folder: ID.json, and ID.pending as long as it isn't delivered or given up.

    ID.pending is the lock, too, of the process that delivers it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, webhook: Webhook) -> None:
        """Note the webhook. Raises UsageError when the folder can't be written."""
        write_record(self._path(webhook.job_id), json.dumps(asdict(webhook), indent=1))
        pending = self._pending_path(webhook.job_id)
        if webhook.state == "pending":
            pending.touch()
        else:
            pending.unlink(missing_ok=True)

    def load(self, job_id: str) -> Webhook | None:
        """Return the job's webhook, or None when it has none that this version can read."""
        try:
            return Webhook(**json.loads(self._path(canonical_id(job_id) or "").read_text("utf-8")))
        except (ValueError, TypeError, OSError):
            return None

    def forget(self, job_id: str) -> None:
        """Remove the webhook of a job that never came to be."""
        self._path(job_id).unlink(missing_ok=True)
        self._pending_path(job_id).unlink(missing_ok=True)

    def list_pending(self) -> list[str]:
        """Return the ids of the jobs whose webhooks are to be delivered yet."""
        return sorted(path.stem for path in self._folder.glob("*.pending"))

    @contextlib.contextmanager
    def claim(self, job_id: str) -> Iterator[Claim | None]:
        """Give the job's webhook for the length of the block, if it is pending and no other process has it.

        A follower that is started in the block has it from then on.
        """
        with contextlib.ExitStack() as stack:
            try:
                lock = stack.enter_context(self._pending_path(job_id).open("r+"))
            except FileNotFoundError:
                yield None
                return
            webhook = self.load(job_id) if try_lock(lock) else None
            yield Claim(webhook, lock.fileno()) if webhook and webhook.state == "pending" else None

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.json"

    def _pending_path(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.pending"

    def log_path(self, job_id: str) -> Path:
        """Return where the follower of this job logs."""
        return self._folder / f"{job_id}.log"


def open_store() -> WebhookStore:
    """Return the webhooks of this home."""
    return WebhookStore(home.home_dir() / "webhooks")


def can_sign(webhook: Webhook, key: bytes | None) -> bool:
    """Tell whether `key` is the one that the webhook was noted with, or it was noted with none."""
    return webhook.key_mark is None or (key is not None and mark_key(key, webhook.job_id) == webhook.key_mark)


def deliver(
    webhook: Webhook,
    key: bytes | None,
    save: Callable[[Webhook], None],
    patience_seconds: float = float("inf"),
    clock: Clock | None = None,
    send: Send = send,
) -> None:
    """Post the webhook's event until that is done, final, or due again only after `patience_seconds`.

    Each attempt is noted with `save`. What is noted as unsigned isn't signed, whatever the key.
    """
    clock = clock or Clock()
    deadline = clock.now() + patience_seconds
    while webhook.state == "pending":
        pause = min(max(webhook.next_attempt - clock.now(), 0.0), max(PAUSE_LIMIT_SECONDS, RETRY_AFTER_LIMIT_SECONDS))
        if clock.now() + pause > deadline:
            return
        clock.sleep(pause)
        timeout = min(ANSWER_SECONDS, max(deadline - clock.now(), LEAST_ANSWER_SECONDS))
        answer = send(webhook, key if webhook.key_mark else None, timeout)
        webhook.note(answer, clock.now(), clock.jitter())
        save(webhook)


def start_follower(claim: Claim, secrets: dict[str, str | None]) -> None:
    """Leave a process behind that follows the job to its end and delivers the webhook. Raises OSError.

    `secrets` are environment variables, None for one that the process isn't to see; a secret is never an argument.
    """
    variables = secrets | {"TALKINGSHORTS_HOME": str(home.home_dir())}
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.getenv("PYTHONPATH")]))
    log = open_store().log_path(claim.webhook.job_id)
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
        subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.follower", claim.webhook.job_id],
            env={name: value for name, value in (os.environ | variables).items() if value is not None},
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            pass_fds=[claim.lock],
        )
