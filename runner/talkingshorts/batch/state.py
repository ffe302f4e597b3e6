"""What a batch remembers: one SQLite file, on disk before anything is posted, so that a run that was killed goes on."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from ..errors import RunnerError, UsageError
from ..jobs.records import JobRecord
from ..results.destination import is_url, report_place
from .plan import RowJob

VERSION = 1

SCHEMA = """
CREATE TABLE jobs (
    key TEXT PRIMARY KEY, row INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    server TEXT, prompt_id TEXT, record TEXT, files TEXT, reason TEXT, started TEXT, ended TEXT
);
CREATE TABLE strays (prompt_id TEXT PRIMARY KEY, server TEXT NOT NULL, record TEXT NOT NULL);
"""
"""`attempts` isn't used: other versions of the runner, which share this format, count in it."""

INDEX = "CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state)"
"""Makes counting cheap. A file of this version that lacks it gets it, and is read without it, too."""


@dataclass(frozen=True)
class Wording:
    """What messages call a state, what they say of one that is in use, and what they advise to do."""

    name: str = "state"
    owner: str = "a batch"
    in_use: str = "is in use by another run of this batch: wait for it, or end it."
    remedy: str = "Give another --state."


@dataclass(frozen=True)
class Changes:
    """How the table differs from the one that the state was last used with, in rows."""

    added: int
    dropped: int


@dataclass(frozen=True)
class Counts:
    """How many rows are done, failed for good, and neither."""

    done: int
    failed: int
    left: int


class BatchState:
    """Keeps what became of each row. Used by one process at a time, and by all of its threads.

    A job is `waiting`, `running` (its record is kept: it may be on a server), `done`, `failed`, or `dropped` (its row
    isn't in the table any more, or was withdrawn). A stray is a job that may still run on a server, and for nobody: the
    server went away and another one was given the row meanwhile, or the row was dropped.

    Every method raises UsageError when the file can't be read or written.
    """

    def __init__(self, path: Path, schema: str = SCHEMA, wording: Wording | None = None) -> None:
        self._path = path
        self._schema = schema
        self._wording = wording or Wording()
        self._lock = threading.Lock()
        with self._telling():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                self._open()
            except BaseException:
                self._database.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Use the file no longer."""
        # Threads that are left behind may still be using it: none at this moment, and then they get an error.
        with self._lock:
            self._database.close()

    def adopt(self, jobs: Sequence[RowJob]) -> Changes:
        """Take over the table's rows: keep those that are done, forget those that are gone, try the others anew."""
        keys, finished = {job.key for job in jobs}, self.list_finished()
        with self._transaction() as database:
            known = {key for (key,) in database.execute("SELECT key FROM jobs WHERE state != 'dropped'")}
            for key in known - keys:
                self._drop(database, key)
            done = {key for (key,) in database.execute("SELECT key FROM jobs WHERE state = 'done'")}
            for key in done - finished.keys():
                database.execute("UPDATE jobs SET state = 'waiting' WHERE key = ?", (key,))
            self._add(database, jobs)
            database.execute("UPDATE jobs SET reason = NULL WHERE state = 'waiting'")
        return Changes(len(keys - known), len(known - keys))

    def add(self, jobs: Sequence[RowJob]) -> None:
        """Take these rows, too; those that failed or were dropped are tried anew."""
        with self._transaction() as database:
            self._add(database, jobs)

    def drop(self, key: str) -> JobRecord | None:
        """Note that nobody wants the row; return its job if a server may have one, which is a stray from now on."""
        with self._transaction() as database:
            return self._drop(database, key)

    def is_dropped(self, key: str) -> bool:
        """Return whether nobody wants the row any more."""
        return next(self._read("SELECT state FROM jobs WHERE key = ?", key))[0] == "dropped"

    def count(self) -> Counts:
        """Return how the rows stand that weren't dropped."""
        counts = dict(self._read("SELECT state, count(*) FROM jobs GROUP BY state"))
        left = counts.get("waiting", 0) + counts.get("running", 0)
        return Counts(counts.get("done", 0), counts.get("failed", 0), left)

    def list_left(self) -> set[str]:
        """Return the keys of the rows that are neither done nor failed for good."""
        return {key for (key,) in self._read("SELECT key FROM jobs WHERE state IN ('waiting', 'running')")}

    def list_failures(self) -> list[tuple[int, str]]:
        """Return number and reason of each row that failed for good, by number."""
        return list(self._read("SELECT row, reason FROM jobs WHERE state = 'failed' ORDER BY row"))

    def list_finished(self) -> dict[str, list[str]]:
        """Return by key the files of the rows that are done: absolute paths or URLs.

        A row one of whose files isn't there any more, or has another size, is left out; a URL isn't looked at.
        """
        rows = self._read("SELECT key, files FROM jobs WHERE state = 'done'")
        finished = {key: json.loads(files) for key, files in rows}
        return {
            key: [place for place, _ in files]
            for key, files in finished.items()
            if all(is_url(place) or _size_of(place) == size for place, size in files)
        }

    def list_started(self) -> set[str]:
        """Return the keys of the rows whose job was on a server at some time: what stands at their places is theirs."""
        return {key for (key,) in self._read("SELECT key FROM jobs WHERE started IS NOT NULL")}

    def list_own_files(self) -> set[str]:
        """Return every file that this batch has made, those of rows that were dropped since included."""
        made = [json.loads(files) for (files,) in self._read("SELECT files FROM jobs WHERE files IS NOT NULL")]
        results = [[place for place, _ in files] for files in made if files]
        return {place for places in results for place in (*places, report_place(places))}

    def record_of(self, key: str) -> JobRecord | None:
        """Return the record of the row's job on a server, or None when it has none."""
        text = next(self._read("SELECT record FROM jobs WHERE key = ?", key))[0]
        return _parse_record(text)

    def save_record(self, key: str, record: JobRecord) -> None:
        """Note the row's job as it is on its server, unless the row was dropped meanwhile."""
        # A job that was noted before it was posted is found again: what came of it since needn't outlast a power cut.
        with self._transaction(outlasts_power=record.state == "created") as database:
            database.execute(
                "UPDATE jobs SET state = 'running', server = ?, record = ?, started = coalesce(started, ?), "
                "prompt_id = ? WHERE key = ? AND state != 'dropped'",
                (record.server, json.dumps(vars(record)), now_text(), record.id, key),
            )

    def finish(self, key: str, places: Iterable[str]) -> None:
        """Note that the row is done, and the paths or URLs of its files."""
        files = [(place if is_url(place) else str(Path(place).absolute()), _size_of(place)) for place in places]
        with self._transaction() as database:
            self._settle(database, key, "done", files=json.dumps(files), ended=now_text(), reason=None)

    def fail(self, key: str, reason: str, error: RunnerError) -> None:
        """Note that the row failed for good, and the error that it ended with in the last attempt."""
        with self._transaction() as database:
            self._settle(database, key, "failed", ended=now_text(), reason=reason)

    def put_back(self, key: str, is_stray: bool) -> None:
        """Note that the row waits again, unless it was dropped. As a stray, its job may still run where it was."""
        with self._transaction() as database:
            if is_stray:
                self._make_stray(database, key)
            database.execute(
                "UPDATE jobs SET state = 'waiting', record = NULL WHERE key = ? AND state != 'dropped'", (key,)
            )

    def list_strays(self, server: str) -> list[JobRecord]:
        """Return the jobs to be cancelled on the server with this address."""
        rows = self._read("SELECT record FROM strays WHERE server = ?", server)
        return [JobRecord(**json.loads(text)) for (text,) in rows]

    def forget_stray(self, record: JobRecord) -> None:
        """Note that a stray was cancelled, or had ended."""
        with self._transaction() as database:
            database.execute("DELETE FROM strays WHERE prompt_id = ?", (record.id,))

    def _open(self) -> None:
        # Exclusive mode: a second run on the same file is refused for as long as this process lives, however it ends.
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._database.execute("PRAGMA journal_mode = WAL")
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        with self._transaction() as database:
            if version == 0:
                for statement in self._schema.split(";"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise UsageError(f"The {self._shown} was written by another version. {self._wording.remedy}")
            database.execute(INDEX)

    @property
    def _shown(self) -> str:
        return f"{self._wording.name} {self._path}"

    @staticmethod
    def _settle(database: sqlite3.Connection, key: str, state: str, **columns: Any) -> None:
        assignments = ", ".join(f"{name} = ?" for name in columns)
        database.execute(
            f"UPDATE jobs SET state = ?, record = NULL, {assignments} WHERE key = ?", (state, *columns.values(), key)
        )

    def _read(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with self._lock, self._telling():
            return iter(self._database.execute(query, values).fetchall())

    @staticmethod
    def _add(database: sqlite3.Connection, jobs: Iterable[RowJob]) -> None:
        # What a row made that was dropped meanwhile may have been written over: it is made anew.
        database.executemany(
            "INSERT INTO jobs (key, row, state) VALUES (?, ?, 'waiting') ON CONFLICT (key) DO UPDATE "
            "SET row = excluded.row, state = iif(state IN ('failed', 'dropped'), 'waiting', state)",
            [(job.key, job.row) for job in jobs],
        )

    def _drop(self, database: sqlite3.Connection, key: str) -> JobRecord | None:
        self._make_stray(database, key)
        (text,) = database.execute("SELECT record FROM jobs WHERE key = ?", (key,)).fetchone()
        database.execute("UPDATE jobs SET state = 'dropped', record = NULL WHERE key = ?", (key,))
        return _parse_record(text)

    @staticmethod
    def _make_stray(database: sqlite3.Connection, key: str) -> None:
        database.execute(
            "INSERT OR REPLACE INTO strays SELECT prompt_id, server, record FROM jobs "
            "WHERE key = ? AND record IS NOT NULL",
            (key,),
        )

    @contextlib.contextmanager
    def _transaction(self, outlasts_power: bool = True) -> Iterator[sqlite3.Connection]:
        """Give the database for changes that outlast this process, all of them, when the block has ended."""
        with self._lock, self._telling():
            self._database.execute(f"PRAGMA synchronous = {'FULL' if outlasts_power else 'NORMAL'}")
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        remedy = self._wording.remedy
        try:
            yield
        except OSError as error:
            raise UsageError(f"The {self._shown} can't be written: {error.strerror}. {remedy}") from error
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise UsageError(f"The {self._shown} {self._wording.in_use}") from error
            raise UsageError(f"The {self._shown} can't be used: {error}. {remedy}") from error
        except sqlite3.DatabaseError as error:
            raise UsageError(
                f"The file {self._path} holds no {self._wording.name} of {self._wording.owner} ({error}). {remedy}"
            ) from error


class RowStore:
    """Where the record of one row's job is kept: beside the row."""

    def __init__(self, state: BatchState, key: str) -> None:
        self._state = state
        self._key = key

    def save(self, record: JobRecord) -> None:
        """Note the record; one that another job took the place of is not this row's any more."""
        if record.successor is None:
            self._state.save_record(self._key, record)

    def load(self, job_id: str) -> JobRecord | None:
        """Return the record, if the row's job is the one with this id."""
        record = self._state.record_of(self._key)
        return record if record is not None and record.id == job_id else None

    def advise(self, advice: str) -> str:
        """Return nothing: the batch sees to its jobs by itself."""
        return ""

    def forget(self, record: JobRecord) -> None:
        """Note that the row's job isn't on any server."""
        self._state.put_back(self._key, is_stray=False)


def _parse_record(text: str | None) -> JobRecord | None:
    return JobRecord(**json.loads(text)) if text else None


def _size_of(place: str) -> int | None:
    """Return the file's size in bytes; None when it isn't on this machine."""
    try:
        return Path(place).stat().st_size
    except OSError:
        return None


def now_text() -> str:
    """Return the time as it is noted: UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
