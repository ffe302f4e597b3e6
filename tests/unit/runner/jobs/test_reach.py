import pytest
from support.fakes.comfyui import FakeComfyUI
from talkingshorts.comfyui.client import ComfyClient
from talkingshorts.errors import UnreachableError
from talkingshorts.jobs import reach
from talkingshorts.jobs.reach import ManagedServer, Server, ServerChoice, reach_server, server_of
from talkingshorts.jobs.records import JobRecord, new_job_id


def make_record(is_managed: bool) -> JobRecord:
    return JobRecord(new_job_id(), "http://x", is_managed, "w", {}, {}, None, "x", "0.30.0")


def be_silent(text: str) -> None:
    """Nobody reads it."""


def test_a_named_server_is_reached_and_tells_its_version(fake: FakeComfyUI) -> None:
    reached = reach_server(ServerChoice(fake.url), be_silent)

    assert (reached.client.url, reached.version, reached.is_managed) == (fake.url, "0.30.0", False)


def test_a_named_server_needs_its_token(fake: FakeComfyUI) -> None:
    fake.token = "t"

    assert reach_server(ServerChoice(fake.url, "t"), be_silent).version == "0.30.0"
    with pytest.raises(UnreachableError):
        reach_server(ServerChoice(fake.url), be_silent)


def test_the_managed_server_is_started_where_none_is_named(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "ensure_server", lambda say: say("Starting") or fake.url)
    told: list[str] = []

    reached = reach_server(ServerChoice(), told.append)

    assert (reached.client.url, reached.is_managed, told) == (fake.url, True, ["Starting"])


def test_the_managed_server_has_ended_when_it_is_gone_or_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:1"
    managed = ManagedServer(ComfyClient(url), "0.30.0")

    ended = {}
    for found in (url, "http://127.0.0.1:2", None):
        monkeypatch.setattr(reach, "find_server", lambda found=found: found)
        ended[found] = managed.has_ended()

    assert ended == {url: False, "http://127.0.0.1:2": True, None: True}


def test_nobody_can_tell_that_a_named_server_has_ended() -> None:
    assert not Server(ComfyClient("http://127.0.0.1:1"), "0.30.0").has_ended()


def test_a_named_server_is_waited_for_until_it_answers_again(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come_back(seconds: float) -> None:
        fake.fails_every = 0

    named = Server(ComfyClient(fake.url), "0.30.0")
    fake.fails_every = 1
    monkeypatch.setattr(reach.time, "sleep", come_back)

    assert named.recover(be_silent) is named
    assert fake.fails_every == 0


def test_a_named_server_that_stays_away_is_given_up(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "RESTART_PATIENCE_SECONDS", 0.0)
    fake.fails_every = 1

    with pytest.raises(UnreachableError):
        Server(ComfyClient(fake.url), "0.30.0").recover(be_silent)


def test_the_managed_server_is_started_again(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "ensure_server", lambda say: fake.url)

    recovered = ManagedServer(ComfyClient("http://127.0.0.1:1"), "0.29.0").recover(be_silent)

    assert (recovered.client.url, recovered.version, recovered.is_managed) == (fake.url, "0.30.0", True)


@pytest.mark.parametrize("is_managed", [True, False])
def test_a_jobs_server_is_known_by_its_record_without_asking(is_managed: bool) -> None:
    found = server_of(make_record(is_managed), ComfyClient("http://127.0.0.1:1"))

    assert (found.is_managed, found.version) == (is_managed, "0.30.0")


def test_a_token_is_shown_nowhere() -> None:
    assert "secret" not in repr(ServerChoice("http://x", "secret"))
