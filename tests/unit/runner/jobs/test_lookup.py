from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.fakes.comfyui import FakeComfyUI
from talkingshorts.errors import LostJobError
from talkingshorts.jobs import lookup
from talkingshorts.jobs.lookup import find_job, find_record
from talkingshorts.jobs.reach import ServerChoice
from talkingshorts.jobs.records import JobRecord, JobStore, new_job_id

ELSEWHERE = "http://127.0.0.1:1"


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs")


@pytest.fixture(autouse=True)
def _no_managed_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "find_server", lambda: None)


def note(store: JobStore, url: str, is_managed: bool = False, ending: dict[str, Any] | None = None) -> str:
    record = JobRecord(new_job_id(), url, is_managed, "w", {}, {}, None, "x", "0.30.0", ending=ending)
    store.save(record)
    return record.id


def find_url(store: JobStore, job_id: str, choice: ServerChoice) -> str:
    return find_job(store, job_id, choice)[1].client.url


def test_a_job_is_looked_for_where_it_was_submitted(store: JobStore, fake: FakeComfyUI) -> None:
    job_id = note(store, fake.url)

    assert find_url(store, job_id, ServerChoice()) == fake.url
    assert find_url(store, job_id, ServerChoice(ELSEWHERE)) == fake.url


def test_a_server_that_is_named_for_the_job_is_asked_for_it(store: JobStore, fake: FakeComfyUI) -> None:
    assert find_url(store, note(store, fake.url), ServerChoice(ELSEWHERE, is_explicit=True)) == ELSEWHERE


def test_a_job_of_another_program_is_found_on_the_server_and_noted_only_on_demand(
    store: JobStore, fake: FakeComfyUI
) -> None:
    job_id = new_job_id()
    fake.posted.append({"prompt_id": job_id})

    record, server = find_job(store, job_id, ServerChoice(fake.url))
    assert (record.id, record.state, server.client.url) == (job_id, "submitted", fake.url)
    assert store.load(job_id) is None
    find_job(store, job_id, ServerChoice(fake.url), is_noted=True)
    noted = store.load(job_id)
    assert noted == replace(record, created=noted.created if noted else "")


def test_a_job_that_nobody_knows_is_lost(store: JobStore, fake: FakeComfyUI) -> None:
    with pytest.raises(LostJobError, match=r"Neither this machine nor the server .* knows the job"):
        find_job(store, new_job_id(), ServerChoice(fake.url))
    with pytest.raises(LostJobError, match="no server is running that might know it"):
        find_job(store, new_job_id(), ServerChoice())


def test_a_job_is_lost_with_the_managed_server_but_not_its_files(store: JobStore) -> None:
    with pytest.raises(LostJobError, match="has ended, and its queue with it"):
        find_job(store, note(store, ELSEWHERE, is_managed=True), ServerChoice())
    with pytest.raises(LostJobError, match="Its files are there still"):
        find_job(store, note(store, ELSEWHERE, is_managed=True, ending={"status": "completed"}), ServerChoice())


def test_a_job_that_ended_before_the_managed_server_did_is_known_to_have(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = note(store, ELSEWHERE, is_managed=True)
    told = {"id": job_id, "status": "completed", "outputs": {"9": {}}, "execution_error": None}
    monkeypatch.setattr(lookup, "read_ending", lambda asked: told if asked == job_id else None)

    record = find_record(store, job_id)

    assert record is not None
    assert (record.state, record.ending and record.ending["outputs"]) == ("completed", {"9": {}})
    assert store.load(job_id) == record
    with pytest.raises(LostJobError, match=r"before its server did: completed\. Its files are there still"):
        find_job(store, job_id, ServerChoice())


def test_a_job_on_another_server_is_not_looked_for_in_the_notes_of_the_managed_one(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "read_ending", lambda _: pytest.fail("it was"))

    find_record(store, note(store, ELSEWHERE))


def test_the_managed_server_is_started_for_its_job_only_on_demand(
    store: JobStore, fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "ensure_server", lambda say: fake.url)

    _, server = find_job(store, note(store, ELSEWHERE, is_managed=True), ServerChoice(), start=print)

    assert (server.client.url, server.is_managed) == (fake.url, True)
