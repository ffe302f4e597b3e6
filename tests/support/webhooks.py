"""Webhooks that are due, as tests of their messages and of their delivery need them."""

from __future__ import annotations

from talkingshorts.webhooks.message import Webhook, mark_key

JOB_ID = "0a0b0c0d-0000-4000-8000-000000000000"
KEY = b"sixteen or more!"


def webhook_to(url: str = "https://example.com/x", key: bytes | None = KEY) -> Webhook:
    """Return the webhook of the job JOB_ID, which has ended."""
    return Webhook(JOB_ID, url, mark_key(key, JOB_ID) if key else None, event={"type": "job.completed"})
