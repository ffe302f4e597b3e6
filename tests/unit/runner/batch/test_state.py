import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.fakes.slots import make_jobs, make_record
from talkingshorts.batch.state import INDEX, BatchState, Changes, Counts, RowStore
from talkingshorts.errors import NodeFailedError, UsageError


def made(folder: Path, name: str, content: bytes = b"x") -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def test_a_row_that_was_done_is_still_done_in_the_next_run(tmp_path: Path) -> None:
    jobs = make_jobs(2)
    with BatchState(tmp_path / "s") as state:
        state.adopt(jobs)
        state.finish("key-1", [made(tmp_path, "1.png")])

    with BatchState(tmp_path / "s") as state:
        assert state.adopt(jobs) == Changes(added=0, dropped=0)
        assert state.list_finished() == {"key-1": [str(tmp_path / "1.png")]}


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"half")])
def test_a_row_whose_file_is_gone_or_has_another_size_is_done_no_more(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    with BatchState(tmp_path / "s") as state:
        state.adopt(make_jobs(1))
        path = made(tmp_path, "1.png", b"whole thing")
        state.finish("key-1", [path])
        damage(Path(path))

        assert state.list_finished() == {}


def test_a_file_behind_a_url_is_taken_to_be_there(tmp_path: Path) -> None:
    with BatchState(tmp_path / "s") as state:
        state.adopt(make_jobs(1))
        state.finish("key-1", ["s3://bucket/1.png"])

        assert state.list_finished() == {"key-1": ["s3://bucket/1.png"]}


def test_what_is_noted_of_a_job_survives_the_process_at_any_moment(tmp_path: Path) -> None:
    record = make_record("http://a")
    state = BatchState(tmp_path / "s")
    state.adopt(make_jobs(1))
    RowStore(state, "key-1").save(record)
    snapshot = tmp_path / "later"
    snapshot.write_bytes((tmp_path / "s").read_bytes())
    (tmp_path / "later-wal").write_bytes((tmp_path / "s-wal").read_bytes())

    with BatchState(snapshot) as later:
        assert later.record_of("key-1") == record
    state.__exit__()


def test_a_second_run_on_the_same_state_is_refused_in_words(tmp_path: Path) -> None:
    with BatchState(tmp_path / "s"), pytest.raises(UsageError, match="in use by another run"):
        BatchState(tmp_path / "s")

    BatchState(tmp_path / "s").__exit__()


def test_rows_that_came_and_went_are_counted_and_the_others_kept(tmp_path: Path) -> None:
    one, two, three = make_jobs(3)
    with BatchState(tmp_path / "s") as state:
        state.adopt([one, two])
        for job in (one, two):
            state.finish(job.key, [made(tmp_path, f"{job.row}.png")])

        assert state.adopt([two, three]) == Changes(added=1, dropped=1)
        assert list(state.list_finished()) == ["key-2"]


def test_a_row_that_comes_back_is_made_anew(tmp_path: Path) -> None:
    one, two = make_jobs(2)
    with BatchState(tmp_path / "s") as state:
        state.adopt([one, two])
        state.finish("key-1", [made(tmp_path, "1.png")])
        state.adopt([two])

        assert state.adopt([one, two]) == Changes(added=1, dropped=0)
        assert state.list_finished() == {}
        assert state.adopt([one, two]) == Changes(added=0, dropped=0)


def test_what_a_batch_has_made_stays_known_as_its_own_when_the_row_is_dropped(tmp_path: Path) -> None:
    one, two = make_jobs(2)
    with BatchState(tmp_path / "s") as state:
        state.adopt([one, two])
        state.finish("key-1", [made(tmp_path, "1.png")])
        state.adopt([two])

        assert state.list_own_files() == {str(tmp_path / "1.png"), str(tmp_path / "1.json")}


def test_a_row_that_was_ever_on_a_server_owns_what_stands_at_its_place(tmp_path: Path) -> None:
    with BatchState(tmp_path / "s") as state:
        state.adopt(make_jobs(2))
        RowStore(state, "key-2").save(make_record("http://a"))
        state.put_back("key-2", is_stray=False)

        assert state.list_started() == {"key-2"}


def test_the_job_of_a_dropped_row_is_a_stray_where_it_was(tmp_path: Path) -> None:
    one, two = make_jobs(2)
    record = make_record("http://a")
    with BatchState(tmp_path / "s") as state:
        state.adopt([one, two])
        RowStore(state, "key-1").save(record)
        state.adopt([two])

        assert state.list_strays("http://a") == [record]
        assert state.list_strays("http://b") == []
        state.forget_stray(record)
        assert state.list_strays("http://a") == []


def test_the_job_that_took_anothers_place_stays_the_rows_job(tmp_path: Path) -> None:
    lost, second = make_record("http://a"), make_record("http://a")
    with BatchState(tmp_path / "s") as state:
        state.adopt(make_jobs(1))
        store = RowStore(state, "key-1")
        store.save(lost)
        store.save(second)
        store.save(replace(lost, state="lost", successor=second.id))

        assert state.record_of("key-1") == second
        assert (store.load(lost.id), store.load(second.id)) == (None, second)


def test_a_failed_row_is_tried_again_by_the_next_run(tmp_path: Path) -> None:
    jobs = make_jobs(1)
    with BatchState(tmp_path / "s") as state:
        state.adopt(jobs)
        state.fail("key-1", "no", NodeFailedError("no"))
        state.adopt(jobs)
    with sqlite3.connect(tmp_path / "s") as database:
        assert database.execute("SELECT state, attempts, reason FROM jobs").fetchall() == [("waiting", 0, None)]


def test_a_file_that_is_no_state_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    made(tmp_path, "s", b"a letter to my mother" * 100)

    with pytest.raises(UsageError, match="Give another --state"):
        BatchState(tmp_path / "s")
    assert (tmp_path / "s").read_bytes().startswith(b"a letter")


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s") as database:
        database.execute("PRAGMA user_version = 99")

    with pytest.raises(UsageError, match="another version"):
        BatchState(tmp_path / "s")


def test_a_state_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    made(tmp_path, "file")

    with pytest.raises(UsageError, match="--state"):
        BatchState(tmp_path / "file" / "s")


def test_rows_are_counted_as_they_stand_and_dropped_ones_not_at_all(tmp_path: Path) -> None:
    with BatchState(tmp_path / "s") as state:
        state.adopt(make_jobs(6))
        state.finish("key-1", ["s3://bucket/1.png"])
        state.fail("key-2", "no", NodeFailedError("no"))
        RowStore(state, "key-3").save(make_record("http://a"))
        state.drop("key-4")

        assert state.count() == Counts(done=1, failed=1, left=3)
        assert state.list_left() == {"key-3", "key-5", "key-6"}
        assert state.list_failures() == [(2, "no")]


def test_a_row_whose_file_is_gone_is_left_again_when_the_table_is_taken_over(tmp_path: Path) -> None:
    jobs = make_jobs(2)
    with BatchState(tmp_path / "s") as state:
        state.adopt(jobs)
        for job in jobs:
            state.finish(job.key, [made(tmp_path, f"{job.row}.png")])
        (tmp_path / "2.png").unlink()
        state.adopt(jobs)

        assert (state.list_left(), state.count()) == ({"key-2"}, Counts(done=1, failed=0, left=1))


def test_a_row_that_is_added_later_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    one, two = make_jobs(2)
    with BatchState(tmp_path / "s") as state:
        state.add([one])
        state.finish("key-1", ["s3://bucket/1.png"])
        state.add([two])

        assert state.count() == Counts(done=1, failed=0, left=1)


def test_a_dropped_rows_job_is_a_stray_and_nothing_that_comes_later_brings_the_row_back(tmp_path: Path) -> None:
    record, later = make_record("http://a"), make_record("http://a")
    jobs = make_jobs(1)
    with BatchState(tmp_path / "s") as state:
        state.adopt(jobs)
        store = RowStore(state, "key-1")
        store.save(record)
        assert state.drop("key-1") == record

        store.save(later)
        store.forget(later)
        assert state.is_dropped("key-1")
        assert (state.record_of("key-1"), state.list_strays("http://a")) == (None, [record])

        state.add(jobs)
        assert not state.is_dropped("key-1")


def test_a_row_that_was_on_no_server_leaves_no_stray(tmp_path: Path) -> None:
    with BatchState(tmp_path / "s") as state:
        state.adopt(make_jobs(1))

        assert state.drop("key-1") is None


def test_a_batch_that_an_earlier_version_began_goes_on(tmp_path: Path) -> None:
    jobs, record = make_jobs(3), make_record("http://a")
    with BatchState(tmp_path / "s") as state:
        state.adopt(jobs)
        state.finish("key-1", [made(tmp_path, "1.png")])
        RowStore(state, "key-2").save(record)
    with contextlib.closing(sqlite3.connect(tmp_path / "s")) as database:
        database.execute("DROP INDEX jobs_by_state")  # version 1 as it was first written
        database.execute("UPDATE jobs SET attempts = 3")
        database.commit()
        assert database.execute("PRAGMA user_version").fetchone() == (1,)

    with BatchState(tmp_path / "s") as state:
        assert state.adopt(jobs) == Changes(added=0, dropped=0)
        assert (list(state.list_finished()), state.record_of("key-2")) == (["key-1"], record)
        assert state.count() == Counts(done=1, failed=0, left=2)
    with contextlib.closing(sqlite3.connect(tmp_path / "s")) as database:
        plan = database.execute("EXPLAIN QUERY PLAN SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
    assert "jobs_by_state" in INDEX
    assert "COVERING INDEX jobs_by_state" in plan[0][-1]
