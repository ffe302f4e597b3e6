from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes.making_slot import MakingSlot, serving
from support.fakes.webhook_receiver import WebhookReceiver, serve_webhook_receiver
from support.waiting import wait_until
from talkingshorts.service import announcing
from talkingshorts.service.bodies import JobBody
from talkingshorts.service.errors import ServiceError
from talkingshorts.service.orders import Order
from talkingshorts.service.service import Service
from talkingshorts.webhooks import message
from talkingshorts.webhooks.message import Webhook

KEY = b"sixteen or more!"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebhookReceiver]:
    monkeypatch.setattr(announcing, "DUE_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(message, "PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "1")
    with serve_webhook_receiver() as receiver:
        yield receiver


def place(service: Service, url: str) -> Order:
    short = {"script": "Hello there.", "quality": "draft"}
    body = JobBody.model_validate({"short": short, "webhook": url, "metadata": {"n": 1}})
    return service.place(body, "ann", None)[0]


def webhook_of(service: Service, order: Order) -> Webhook:
    found = service.state.find_order(order.id)
    assert found is not None
    assert found.webhook is not None
    return found.webhook


def test_a_webhook_is_told_how_the_order_ended(tmp_path: Path, slot: MakingSlot, receiver: WebhookReceiver) -> None:
    with serving(tmp_path / "data", slot, key=KEY) as service:
        wait_until(lambda: service.is_ready)
        order = place(service, receiver.url)
        wait_until(lambda: webhook_of(service, order).state == "delivered")

    (told,) = receiver.messages
    data = told.event["data"]
    assert told.is_signed_with(KEY)
    assert told.event["type"] == "job.succeeded"
    assert (data["id"], data["state"], data["metadata"]) == (order.id, "succeeded", {"n": 1})
    assert data["result"]["files"][0]["url"] == f"/v1/jobs/{order.id}/result"
    assert str(tmp_path) not in str(told.event)
    assert slot.url not in str(told.event)


def test_one_that_doesnt_answer_well_is_told_again(tmp_path: Path, slot: MakingSlot, receiver: WebhookReceiver) -> None:
    receiver.statuses = [500, 503, 200]
    with serving(tmp_path / "data", slot) as service:
        wait_until(lambda: service.is_ready)
        order = place(service, receiver.url)
        wait_until(lambda: webhook_of(service, order).state == "delivered")

    assert len({told.headers["webhook-id"] for told in receiver.messages}) == 1
    assert len(receiver.messages) == 3


def test_what_one_service_owes_the_next_one_tells(
    tmp_path: Path, slot: MakingSlot, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.statuses = [503, 200]
    monkeypatch.setattr(message, "PAUSE_SECONDS", 1.0)
    with serving(tmp_path / "data", slot) as service:
        wait_until(lambda: service.is_ready)
        order = place(service, receiver.url)
        wait_until(lambda: webhook_of(service, order).attempts == 1)
    with serving(tmp_path / "data", slot) as service:
        wait_until(lambda: webhook_of(service, order).state == "delivered")

    assert len(receiver.messages) == 2


@pytest.mark.usefixtures("receiver")
@pytest.mark.parametrize("url", ["http://[::1", "ftp://example.com/x", "not an address", "https://me:pw@example.com"])
def test_a_webhook_that_is_no_address_is_refused(service: Service, url: str) -> None:
    with pytest.raises(ServiceError) as refused:
        place(service, url)

    assert refused.value.details[0].field == "webhook"


def test_no_webhook_reaches_into_the_private_network(
    tmp_path: Path, slot: MakingSlot, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot.gate.clear()
    with serving(tmp_path / "data", slot) as service:
        wait_until(lambda: service.is_ready)
        order = place(service, receiver.url)
        monkeypatch.delenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS")
        slot.gate.set()
        wait_until(lambda: webhook_of(service, order).attempts > 0)

        assert webhook_of(service, order).last_status is None
    assert receiver.messages == []
