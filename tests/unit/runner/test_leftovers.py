import os
import time
from pathlib import Path

import pytest
from talkingshorts import home, leftovers
from talkingshorts.errors import RunnerError
from talkingshorts.files import try_lock
from talkingshorts.jobs.records import JobRecord, JobState, new_job_id, open_jobs
from talkingshorts.leftovers import Leftovers, find_leftovers, remove_leftovers

MODEL = "models/vae/wan_2.1_vae.safetensors"
KEPT = {
    "output/.talkingshorts/sessions/key/0001.mp4": "unfinished videos",
    "user/talkingshorts/outputs/a.safetensors": "finished stages",
    "user/talkingshorts/voices/b.wav": "fetched voices",
    f"{MODEL}.part": "partial downloads",
}
"""Files below ComfyUI's base directory that may go."""

OWN = (MODEL, "output/talkingshorts/short_00001_.mp4", "input/me.wav", "models/vae/mine.safetensors.part")
"""Files there that are somebody's."""


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the base directory of an empty home."""
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path))
    monkeypatch.setattr(leftovers, "find_server", lambda: None)
    monkeypatch.setattr(leftovers, "model_roots", lambda: [tmp_path / "base" / "models"])
    return home.base_dir()


def write(path: Path, days_old: float = 8.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    for place in (path, path.parent):
        _age(place, days_old)
    return path


def _age(path: Path, days_old: float) -> None:
    then = time.time() - days_old * leftovers.SECONDS_A_DAY
    os.utime(path, (then, then))


def note(state: JobState) -> Path:
    """Return where a job is noted that ended a week ago or more."""
    record = JobRecord(new_job_id(), "http://x", False, "draft.api.json", {}, {}, 7, "out/", "0.30.0", state=state)
    open_jobs().save(record)
    _age(open_jobs().path(record.id), days_old=8.0)
    return open_jobs().path(record.id)


def paths(found: list[Leftovers]) -> list[Path]:
    return [path for leftovers in found for path in leftovers.paths]


def test_what_may_go_is_listed_by_kind_with_its_size(base: Path) -> None:
    for place in (*KEPT, *OWN):
        write(base / place)

    found = find_leftovers(unused_days=7)

    assert {leftovers.kind: leftovers.bytes for leftovers in found} == dict.fromkeys(KEPT.values(), 5)


def test_only_what_was_listed_is_removed(base: Path) -> None:
    kept, own = [[write(base / place) for place in places] for places in (KEPT, OWN)]

    remove_leftovers(find_leftovers(unused_days=7))

    assert not any(path.exists() for path in kept)
    assert all(path.exists() for path in own)


def test_what_was_used_lately_stays(base: Path) -> None:
    write(base / "user/talkingshorts/outputs/a.safetensors", days_old=6)

    assert find_leftovers(unused_days=7) == []
    assert len(paths(find_leftovers(unused_days=0))) == 1


def test_jobs_that_may_still_run_or_whose_webhook_is_due_stay() -> None:
    ended = {note("completed"), note("failed"), note("cancelled"), note("lost")}
    note("submitted")
    due = note("completed")
    write(home.home_dir() / "webhooks" / f"{due.stem}.pending")

    assert set(paths(find_leftovers(unused_days=7))) == ended


def test_how_old_jobs_ended_goes_with_them() -> None:
    running = note("submitted")
    gone = write(home.home_dir() / "server" / "jobs" / f"{new_job_id()}.json")
    write(home.home_dir() / "server" / "jobs" / running.name)

    assert paths(find_leftovers(unused_days=7)) == [gone]


def test_what_a_cluster_kept_is_found_too() -> None:
    write(home.home_dir() / "ray" / "1" / "user" / "talkingshorts" / "outputs" / "a.safetensors")

    assert [leftovers.kind for leftovers in find_leftovers(unused_days=7)] == ["finished stages"]


def test_a_download_that_goes_on_is_left_alone(base: Path) -> None:
    part = write(base / f"{MODEL}.part")
    with part.open("rb") as stream:
        assert try_lock(stream)
        remove_leftovers(find_leftovers(unused_days=7))
        assert part.exists()


def test_nothing_is_removed_while_comfyui_works(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = write(base / "user/talkingshorts/outputs/a.safetensors")
    monkeypatch.setattr(leftovers, "find_server", lambda: "http://127.0.0.1:21000")
    monkeypatch.setattr(leftovers, "jobs_waiting", lambda port: 1)

    with pytest.raises(RunnerError, match="ComfyUI is busy at http://127"):
        remove_leftovers(find_leftovers(unused_days=7))
    assert kept.exists()
