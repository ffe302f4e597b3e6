import json
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from support.full_disk import LIMIT_BYTES
from talkingshorts.errors import UsageError
from talkingshorts.jobs.records import JobRecord, JobStore, new_job_id


def record() -> JobRecord:
    return JobRecord(
        id=new_job_id(),
        server="http://127.0.0.1:8188",
        is_managed=False,
        workflow_name="draft.api.json",
        graph={"1": {"class_type": "A", "inputs": {}}},
        inputs={"script": "Grüße"},
        seed=42,
        output="out/a.mp4",
        server_version="0.30.0",
    )


def test_an_id_is_a_lowercase_uuid_in_canonical_form() -> None:
    job_id = new_job_id()

    assert str(uuid.UUID(job_id)) == job_id
    assert job_id == job_id.lower()


def test_a_record_is_found_again_as_it_was_saved(tmp_path: Path) -> None:
    saved = record()
    JobStore(tmp_path / "jobs").save(saved)

    assert JobStore(tmp_path / "jobs").load(saved.id) == saved
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == [f"{saved.id}.json"]


def test_a_later_state_replaces_the_earlier_one(tmp_path: Path) -> None:
    store, saved = JobStore(tmp_path), record()
    store.save(saved)
    store.save(replace(saved, state="submitted"))

    loaded = store.load(saved.id)
    assert loaded is not None
    assert loaded.state == "submitted"


def test_a_forgotten_record_is_gone(tmp_path: Path) -> None:
    store, saved = JobStore(tmp_path), record()
    store.save(saved)
    store.forget(saved)

    assert store.load(saved.id) is None


@pytest.mark.parametrize("job_id", ["", "abc", "../../etc/passwd", "3f2b8c1e-5d4a-4f6b-9c7d-0e1f2a3b4c5d"])
def test_an_unknown_id_has_no_record(tmp_path: Path, job_id: str) -> None:
    assert JobStore(tmp_path).load(job_id) is None


def test_an_id_may_be_given_in_capitals(tmp_path: Path) -> None:
    store, saved = JobStore(tmp_path), record()
    store.save(saved)

    assert store.load(saved.id.upper()) == saved


def test_a_folder_that_can_not_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="TALKINGSHORTS_HOME"):
        JobStore(tmp_path / "file" / "jobs").save(record())


def test_no_token_is_written(tmp_path: Path) -> None:
    store, saved = JobStore(tmp_path), record()
    store.save(saved)

    assert "token" not in json.loads((tmp_path / f"{saved.id}.json").read_text())


def test_a_record_of_another_version_counts_as_unknown(tmp_path: Path) -> None:
    saved = record()
    (tmp_path / f"{saved.id}.json").write_text(json.dumps({"id": saved.id, "shape": "new"}))

    assert JobStore(tmp_path).load(saved.id) is None


def test_a_folder_that_can_not_be_read_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("in the way")

    with pytest.raises(UsageError, match="jobs"):
        JobStore(tmp_path / "jobs").load(new_job_id())


def test_a_job_that_can_not_be_noted_is_an_error_and_leaves_no_file(full_disk: Path) -> None:
    with pytest.raises(UsageError, match="TALKINGSHORTS_HOME"):
        JobStore(full_disk).save(replace(record(), inputs={"script": "x" * 2 * LIMIT_BYTES}))

    assert list(full_disk.iterdir()) == []
