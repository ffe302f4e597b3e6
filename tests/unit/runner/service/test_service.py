from pathlib import Path
from typing import Any

import pytest
from support.fakes.making_slot import CONTENT, MakingSlot, serving
from support.waiting import wait_until
from talkingshorts.errors import NodeFailedError, OutOfMemoryError, RunnerError, UsageError
from talkingshorts.service import announcing
from talkingshorts.service.bodies import JobBody
from talkingshorts.service.errors import ServiceError
from talkingshorts.service.log import open_log
from talkingshorts.service.orders import Order
from talkingshorts.service.service import Service
from talkingshorts.service.state import ServiceState


def body(seed: int = 42, priority: int = 0, **short: object) -> JobBody:
    return JobBody.model_validate(
        {"short": {"script": "Hello there.", "quality": "draft", "seed": seed, **short}, "priority": priority}
    )


def place(service: Service, seed: int = 42, key: str = "ann", priority: int = 0) -> Order:
    return service.place(body(seed, priority), key, None)[0]


def wait_for(service: Service, *orders: Order) -> list[str]:
    def states() -> list[str]:
        found = [service.state.find_order(order.id) for order in orders]
        return [order.state for order in found if order is not None and order.has_ended]

    wait_until(lambda: len(states()) == len(orders))
    return states()


def test_an_order_is_made_and_its_file_is_there(service: Service) -> None:
    order = place(service)

    assert order.state == "queued"
    assert wait_for(service, order) == ["succeeded"]
    ended = service.state.find_order(order.id)
    assert ended is not None
    assert ended.result is not None
    assert service.file_of(ended, 0).read_bytes() == CONTENT


def test_a_result_names_no_folder_and_no_server_of_this_machine(service: Service, tmp_path: Path) -> None:
    order = place(service)
    wait_for(service, order)

    ended = service.state.find_order(order.id)
    assert ended is not None
    assert ended.result == {
        "files": [{"name": "short.mp4", "sha256": "0" * 64, "bytes": len(CONTENT), "seconds": 2.0, "frames": 50}],
        "report": {"seed": 42},
    }


def test_orders_outlast_the_service(tmp_path: Path, slot: MakingSlot) -> None:
    slot.gate.clear()
    with serving(tmp_path / "data", slot) as service:
        wait_until(lambda: service.is_ready)
        orders = [place(service, seed) for seed in range(12)]
        wait_until(lambda: slot.at_once == 2)
    slot.gate.set()
    wait_until(lambda: slot.at_once == 0)

    with serving(tmp_path / "data", slot) as service:
        assert wait_for(service, *orders) == ["succeeded"] * 12


def test_a_second_service_on_the_same_data_is_refused(service: Service, tmp_path: Path, slot: MakingSlot) -> None:
    with pytest.raises(UsageError, match="in use by another service: end that one, or give another folder"):
        Service(tmp_path / "data", [slot], open_log(is_json=True), 60, 10)


@pytest.mark.parametrize(
    ("error", "code", "is_retryable"),
    [(NodeFailedError("broke"), "node_failed", False), (OutOfMemoryError("full"), "out_of_memory", True)],
)
def test_a_failure_is_told_with_its_code(
    service: Service, slot: MakingSlot, error: RunnerError, code: str, is_retryable: bool
) -> None:
    error.node_id, error.class_type = "7", "KSampler"
    slot.behave = lambda job: error
    order = place(service)

    assert wait_for(service, order) == ["failed"]
    failed = service.state.find_order(order.id)
    assert failed is not None
    assert failed.error is not None
    assert {name: failed.error[name] for name in ("code", "node_id", "class_type", "retryable")} == {
        "code": code,
        "node_id": "7",
        "class_type": "KSampler",
        "retryable": is_retryable,
    }


def test_the_same_request_again_is_the_same_order(service: Service, slot: MakingSlot) -> None:
    first, is_repeated = service.place(body(), "ann", "k1")
    again, is_repeated_again = service.place(body(), "ann", "k1")

    assert (again.id, is_repeated, is_repeated_again) == (first.id, False, True)
    assert service.place(body(), "bob", "k1")[0].id != first.id


def test_another_request_under_the_same_key_is_refused(service: Service) -> None:
    service.place(body(), "ann", "k1")

    with pytest.raises(ServiceError, match="another request") as refused:
        service.place(body(7), "ann", "k1")
    assert refused.value.code == "idempotency_key_reuse"


def place_many(service: Service, count: int) -> None:
    for seed in range(count):
        place(service, seed)


def test_a_full_queue_refuses_its_own_key_alone(tmp_path: Path, slot: MakingSlot) -> None:
    slot.gate.clear()
    with serving(tmp_path / "data", slot, max_queued=3) as service:
        wait_until(lambda: service.is_ready)
        with pytest.raises(ServiceError, match="3 of your jobs are waiting already") as refused:
            place_many(service, 20)
        place(service, key="bob")
        slot.gate.set()

    assert (refused.value.code, refused.value.status, refused.value.retry_after_seconds) == ("queue_full", 429, 30)


def test_a_caller_with_many_orders_starves_nobody(service: Service, slot: MakingSlot) -> None:
    slot.gate.clear()
    many = [place(service, seed) for seed in range(30)]
    wait_until(lambda: slot.at_once == 2)
    few = [place(service, 100 + seed, key="bob") for seed in range(2)]
    slot.gate.set()
    wait_for(service, *many, *few)

    order = [job.key for job in slot.jobs]
    assert max(order.index(one.id) for one in few) < 10


def test_of_one_key_the_most_urgent_order_comes_first(service: Service, slot: MakingSlot) -> None:
    slot.gate.clear()
    first = [place(service, seed) for seed in range(8)]
    wait_until(lambda: slot.at_once == 2)
    urgent = place(service, 99, priority=5)
    slot.gate.set()
    wait_for(service, *first, urgent)

    order = [job.key for job in slot.jobs]
    assert order.index(urgent.id) < order.index(first[-1].id)


def test_an_order_that_waits_for_its_turn_is_cancelled_at_once(service: Service, slot: MakingSlot) -> None:
    slot.gate.clear()
    orders = [place(service, seed) for seed in range(10)]
    service.cancel(orders[-1])

    assert wait_for(service, orders[-1]) == ["canceled"]
    slot.gate.set()
    wait_for(service, *orders)
    assert orders[-1].id not in {job.key for job in slot.jobs}


def test_an_order_that_runs_is_cancelled_on_its_server(service: Service, slot: MakingSlot) -> None:
    slot.gate.clear()
    order = place(service)
    wait_until(lambda: slot.at_once == 1)
    service.cancel(order)

    assert wait_for(service, order) == ["canceled"]
    assert len(slot.cancelled) == 1


def test_an_order_that_has_ended_stays_as_it_ended(service: Service) -> None:
    order = place(service)
    wait_for(service, order)
    service.cancel(order)

    assert wait_for(service, order) == ["succeeded"]


@pytest.mark.parametrize("method", ["next_order", "expire", "list_due_webhooks"])
def test_a_disk_that_is_full_for_a_while_stops_nothing(
    tmp_path: Path, slot: MakingSlot, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    works, failures = getattr(ServiceState, method), iter(range(3))
    seen: list[bool] = []

    def fail_at_first(*arguments: Any) -> Any:
        if next(failures, None) is not None:
            raise UsageError("The data can't be written: No space left on device.")
        seen.append(True)
        return works(*arguments)

    monkeypatch.setattr(ServiceState, method, fail_at_first)
    monkeypatch.setattr(announcing, "DUE_LOOK_SECONDS", 0.01)
    with serving(tmp_path / "data", slot) as service:
        wait_until(lambda: service.is_ready and bool(seen))

        assert wait_for(service, place(service)) == ["succeeded"]


def test_files_are_kept_as_long_as_was_said(tmp_path: Path, slot: MakingSlot) -> None:
    with serving(tmp_path / "data", slot, retain_seconds=0) as service:
        wait_until(lambda: service.is_ready)
        order = place(service)
        wait_for(service, order)
        service.expire()

        expired = service.state.find_order(order.id)
        assert expired is not None
        assert expired.state == "expired"
        assert not list((tmp_path / "data" / "results").iterdir())
        with pytest.raises(ServiceError) as refused:
            service.file_of(expired, 0)
    assert refused.value.code == "expired"


def test_what_failed_stays_so(tmp_path: Path, slot: MakingSlot) -> None:
    slot.behave = lambda job: NodeFailedError("broke")
    with serving(tmp_path / "data", slot, retain_seconds=0) as service:
        wait_until(lambda: service.is_ready)
        failed = place(service)
        wait_for(service, failed)
        service.expire()

        assert wait_for(service, failed) == ["failed"]


def test_an_order_is_forgotten_only_when_it_has_ended(service: Service, slot: MakingSlot, tmp_path: Path) -> None:
    slot.gate.clear()
    order = place(service)
    with pytest.raises(ServiceError, match="hasn't ended"):
        service.forget(order)
    slot.gate.set()
    wait_for(service, order)
    ended = service.state.find_order(order.id)
    assert ended is not None
    service.forget(ended)

    assert service.state.find_order(order.id) is None
    assert not list((tmp_path / "data" / "results").iterdir())


def test_the_time_left_is_learned_from_what_such_orders_took(service: Service, slot: MakingSlot) -> None:
    slot.gate.clear()
    first = place(service)
    assert service.estimate_seconds(first) is None
    slot.gate.set()
    wait_for(service, first)
    slot.gate.clear()
    waiting = [place(service, seed) for seed in range(8)][-1]

    assert service.estimate_seconds(waiting) is not None
    slot.gate.set()
