"""What the service remembers: orders, uploads and repeated requests, in the file that the scheduler's jobs are in."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..batch.state import SCHEMA as JOBS_SCHEMA
from ..batch.state import BatchState, Wording, now_text
from ..errors import RunnerError
from ..results.fetch import report_path
from ..webhooks.message import Webhook
from ..workflow.file import Graph
from .errors import ServiceError
from .orders import OPEN_STATES, Order, OrderState, StoredRequest, describe_failure

SERVICE_SCHEMA = f"""{JOBS_SCHEMA}
CREATE TABLE orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key_id TEXT NOT NULL, workflow TEXT NOT NULL,
    request TEXT NOT NULL, created TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL, seed INTEGER,
    quality TEXT, why TEXT NOT NULL, metadata TEXT NOT NULL, retain_seconds INTEGER, started TEXT, ended TEXT,
    expires TEXT, result TEXT, error TEXT, webhook TEXT, webhook_due REAL, is_handed_on INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX orders_by_turn ON orders (state, is_handed_on, key_id, priority DESC, number);
CREATE INDEX orders_by_key ON orders (key_id, number);
CREATE INDEX orders_by_webhook ON orders (webhook_due) WHERE webhook_due IS NOT NULL;
CREATE INDEX orders_by_expiry ON orders (expires) WHERE expires IS NOT NULL;
CREATE TABLE graphs (hash TEXT PRIMARY KEY, graph TEXT NOT NULL);
CREATE TABLE repeats (
    key_id TEXT NOT NULL, repeat_key TEXT NOT NULL, fingerprint TEXT NOT NULL, order_id TEXT NOT NULL,
    created TEXT NOT NULL, PRIMARY KEY (key_id, repeat_key)
);
CREATE TABLE uploads (
    id TEXT PRIMARY KEY, key_id TEXT NOT NULL, file TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, created TEXT NOT NULL, used TEXT NOT NULL
);
CREATE INDEX uploads_by_file ON uploads (file);
CREATE TABLE consents (
    order_id TEXT PRIMARY KEY, key_id TEXT NOT NULL, created TEXT NOT NULL, reference TEXT NOT NULL
)"""

WORDING = Wording(
    name="data",
    owner="a service",
    in_use="is in use by another service: end that one, or give another folder with --data.",
    remedy="Give another folder with --data.",
)

REPEAT_HOURS = 24
"""For so long an Idempotency-Key stands for the request that it came with."""


@dataclass(frozen=True)
class StoredUpload:
    """A file that a caller sent once for many orders. `kind` is sound, picture or video; `file` its path."""

    id: str
    key_id: str
    file: str
    name: str
    kind: str
    bytes: int
    sha256: str
    created: str


@dataclass(frozen=True)
class Repeat:
    """A caller's Idempotency-Key, and the fingerprint of the request that it came with."""

    repeat_key: str
    fingerprint: str


class ServiceState(BatchState):
    """Keeps what became of each order, beside what the scheduler keeps of its job, and changed along with that.

    An order is handed on to the scheduler when its turn comes; until then the scheduler knows nothing of it.
    Used by one process at a time, and by all of its threads. Every method raises UsageError when the file can't be
    read or written.
    """

    def __init__(self, path: Path, retain_seconds: int) -> None:
        super().__init__(path, SERVICE_SCHEMA, WORDING)
        self._retain_seconds = retain_seconds

    def place(self, order: Order, graph: Graph, repeat: Repeat | None, reference: str, max_queued: int) -> Order:
        """Note the order so that it survives a crash, and return it; or the one that the same request placed before.

        `reference` is the hash of the voice that is cloned with its owner's consent, "" when none is. Raises
        ServiceError when the key's queue is full, or the Idempotency-Key came with another request.
        """
        with self._transaction() as database:
            if repeat is not None and (placed := self._find_repeated(database, order.key_id, repeat)) is not None:
                return placed
            (queued,) = database.execute(
                "SELECT count(*) FROM (SELECT 1 FROM orders WHERE state = 'queued' AND is_handed_on = 0 "
                "AND key_id = ? LIMIT ?)",
                (order.key_id, max_queued),
            ).fetchone()
            if queued >= max_queued:
                raise ServiceError(
                    "queue_full", f"{queued} of your jobs are waiting already: try again when some are done.", (), 30
                )
            database.execute("INSERT OR IGNORE INTO graphs VALUES (?, ?)", (order.request.graph, json.dumps(graph)))
            database.execute(
                "INSERT INTO orders (id, key_id, workflow, request, created, state, priority, seed, quality, why, "
                "metadata, retain_seconds, webhook) VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)",
                (
                    order.id,
                    order.key_id,
                    order.workflow,
                    json.dumps(asdict(order.request)),
                    order.created,
                    order.priority,
                    order.seed,
                    order.quality,
                    order.why,
                    json.dumps(order.metadata),
                    order.retain_seconds,
                    json.dumps(asdict(order.webhook)) if order.webhook else None,
                ),
            )
            if repeat is not None:
                database.execute(
                    "INSERT OR REPLACE INTO repeats VALUES (?, ?, ?, ?, ?)",
                    (order.key_id, repeat.repeat_key, repeat.fingerprint, order.id, order.created),
                )
            if reference:
                database.execute(
                    "INSERT INTO consents VALUES (?, ?, ?, ?)", (order.id, order.key_id, order.created, reference)
                )
        return order

    def find_repeated(self, key_id: str, repeat: Repeat) -> Order | None:
        """Return the order that the same request placed before, if one did.

        Raises ServiceError when the Idempotency-Key came with another request.
        """
        with self._transaction(outlasts_power=False) as database:
            return self._find_repeated(database, key_id, repeat)

    def find_order(self, order_id: str, key_id: str | None = None) -> Order | None:
        """Return the order, if there is one, and it is this key's where one is named."""
        rows = self._list("WHERE id = ? AND (? IS NULL OR key_id = ?)", order_id, key_id, key_id)
        return next(rows, None)

    def list_orders(self, key_id: str, states: Collection[OrderState], limit: int, after: str | None) -> list[Order]:
        """Return the key's orders in these states, the newest first, from the one after `after` on."""
        marks = ", ".join("?" * len(states))
        return list(
            self._list(
                f"WHERE key_id = ? AND state IN ({marks}) AND number < coalesce((SELECT number FROM orders "
                "WHERE id = ? AND key_id = ?), 9223372036854775807) ORDER BY number DESC LIMIT ?",
                key_id,
                *states,
                after,
                key_id,
                limit,
            )
        )

    def graph_of(self, request: StoredRequest) -> Graph:
        """Return the graph of an order's request."""
        return json.loads(next(self._read("SELECT graph FROM graphs WHERE hash = ?", request.graph))[0])

    def list_handed_on(self) -> list[Order]:
        """Return the orders that the scheduler had when the service ended last, and didn't finish."""
        return list(self._list("WHERE state IN ('queued', 'running') AND is_handed_on = 1 ORDER BY number"))

    def next_order(self, at_work: Mapping[str, int]) -> Order | None:
        """Return the order whose turn it is, and note that it is handed on; None when none waits.

        The keys take turns: first the one that has the fewest orders `at_work`, then the one whose oldest order waits
        longest. Of one key's orders, the one of the highest priority comes first, then the oldest.
        """
        with self._transaction(outlasts_power=False) as database:
            heads = [self._head_of(database, key_id) for key_id in self._list_waiting_keys(database)]
            if not heads:
                return None
            _, number = min((at_work.get(key_id, 0), number) for key_id, number in heads)
            database.execute("UPDATE orders SET is_handed_on = 1 WHERE number = ?", (number,))
            return _read_order(database.execute(f"{SELECT} WHERE number = ?", (number,)).fetchone())

    def is_over(self, order_id: str) -> bool:
        """Return whether the order has ended, or isn't there any more."""
        order = self.find_order(order_id)
        return order is None or order.has_ended

    def count_ahead(self, order: Order) -> int:
        """Return how many orders wait that were placed before this one: about as many come before it."""
        query = (
            "SELECT count(*) FROM orders WHERE state = 'queued' AND number < (SELECT number FROM orders WHERE id = ?)"
        )
        return next(self._read(query, order.id))[0]

    def typical_seconds(self, workflow: str) -> float | None:
        """Return how long an order of this workflow took here: the median of the last 20; None before the first."""
        rows = self._read(
            "SELECT started, ended FROM orders WHERE workflow = ? AND state IN ('succeeded', 'expired') "
            "AND started IS NOT NULL ORDER BY number DESC LIMIT 20",
            workflow,
        )
        seconds = sorted(_seconds_between(started, ended) for started, ended in rows)
        return seconds[len(seconds) // 2] if seconds else None

    def count_states(self) -> dict[str, int]:
        """Return how many orders there are in each state."""
        return dict(self._read("SELECT state, count(*) FROM orders GROUP BY state"))

    def start(self, order_id: str) -> bool:
        """Note that the order runs, and return whether that is news."""
        with self._transaction(outlasts_power=False) as database:
            changed = database.execute(
                "UPDATE orders SET state = 'running', started = coalesce(started, ?) WHERE id = ? AND state = 'queued'",
                (now_text(), order_id),
            )
            return changed.rowcount > 0

    def ask_cancel(self, order_id: str) -> bool:
        """Note that the order is to be cancelled; return whether the scheduler has it, and is to be told.

        One that waits for its turn is cancelled at once; one that has ended stays as it is.
        """
        with self._transaction() as database:
            row = database.execute("SELECT state, is_handed_on FROM orders WHERE id = ?", (order_id,)).fetchone()
            if row is None or row[0] not in OPEN_STATES:
                return False
            if not row[1]:
                self._end(database, order_id, "canceled")
                return False
            database.execute("UPDATE orders SET state = 'canceling' WHERE id = ?", (order_id,))
            return True

    def note_cancelled(self, order_id: str) -> None:
        """Note that the order is cancelled, and nothing of it runs any more."""
        with self._transaction() as database:
            self._end(database, order_id, "canceled")

    def end_cancels(self) -> None:
        """Note that what was being cancelled when the service ended is cancelled: its job is a stray at most."""
        with self._transaction() as database:
            for (order_id,) in database.execute("SELECT id FROM orders WHERE state = 'canceling'").fetchall():
                if database.execute("SELECT 1 FROM jobs WHERE key = ?", (order_id,)).fetchone():
                    self._drop(database, order_id)
                self._end(database, order_id, "canceled")

    def finish(self, key: str, places: Iterable[str]) -> None:
        """Note that the order is done, with the facts of its files."""
        places = list(places)
        result = read_result(places)
        with self._transaction() as database:
            self._settle(database, key, "done", files="[]", ended=now_text(), reason=None)
            self._end(database, key, "succeeded", result=json.dumps(result))

    def fail(self, key: str, reason: str, error: RunnerError) -> None:
        """Note that the order failed for good, and why."""
        with self._transaction() as database:
            self._settle(database, key, "failed", ended=now_text(), reason=reason)
            self._end(database, key, "failed", error=json.dumps(describe_failure(error, reason)))

    def expire(self) -> list[Order]:
        """Note that the orders have expired whose files were kept long enough, and return them: the files may go.

        What failed or was cancelled has no files, and stays as it ended.
        """
        now = datetime.now(UTC)
        with self._transaction() as database:
            due = database.execute(f"{SELECT} WHERE expires <= ? AND state = 'succeeded'", (_text_of(now),)).fetchall()
            database.executemany("UPDATE orders SET state = 'expired' WHERE id = ?", [(row[0],) for row in due])
            database.execute("DELETE FROM repeats WHERE created < ?", (_text_of(now - timedelta(hours=REPEAT_HOURS)),))
        return [_read_order(row) for row in due]

    def forget_order(self, order_id: str) -> None:
        """Remove an order that has ended, and all that is noted of it but the consent to its voice."""
        with self._transaction() as database:
            database.execute("DELETE FROM orders WHERE id = ?", (order_id,))
            database.execute("DELETE FROM jobs WHERE key = ?", (order_id,))
            database.execute("DELETE FROM repeats WHERE order_id = ?", (order_id,))

    def list_due_webhooks(self, now: float) -> list[Order]:
        """Return the orders whose webhook is to be told by now, in seconds since the epoch, how they ended."""
        return list(self._list("WHERE webhook_due <= ? ORDER BY webhook_due LIMIT 100", now))

    def save_webhook(self, webhook: Webhook) -> None:
        """Note how far the delivery of an order's webhook is. What is told stays out: it is made of the order."""
        due = webhook.next_attempt if webhook.state == "pending" else None
        with self._transaction(outlasts_power=False) as database:
            database.execute(
                "UPDATE orders SET webhook = ?, webhook_due = ? WHERE id = ?",
                (json.dumps(asdict(replace(webhook, event=None))), due, webhook.job_id),
            )

    def keep_upload(self, upload: StoredUpload) -> StoredUpload:
        """Note an upload, and return it; or the one that the key has of this very file under this name already."""
        with self._transaction() as database:
            row = database.execute(
                f"UPDATE uploads SET used = ? WHERE key_id = ? AND file = ? AND name = ? RETURNING {UPLOAD_COLUMNS}",
                (upload.created, upload.key_id, upload.file, upload.name),
            ).fetchone()
            if row is not None:
                return StoredUpload(*row)
            database.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*vars(upload).values(), upload.created),
            )
        return upload

    def find_upload(self, upload_id: str, key_id: str) -> StoredUpload | None:
        """Return the key's upload with this id, if there is one, and keep it for longer."""
        with self._transaction(outlasts_power=False) as database:
            database.execute("UPDATE uploads SET used = ? WHERE id = ? AND key_id = ?", (now_text(), upload_id, key_id))
            row = database.execute(
                f"SELECT {UPLOAD_COLUMNS} FROM uploads WHERE id = ? AND key_id = ?", (upload_id, key_id)
            ).fetchone()
        return StoredUpload(*row) if row else None

    def forget_uploads(self, unused_since: datetime) -> set[str]:
        """Forget the uploads that weren't used since then, but for those of open orders; return files that may go."""
        with self._transaction() as database:
            needed = {
                file
                for (request,) in database.execute("SELECT request FROM orders WHERE state IN ('queued', 'running')")
                for _, _, file in json.loads(request)["files"]
            }
            old = database.execute("SELECT id, file FROM uploads WHERE used < ?", (_text_of(unused_since),)).fetchall()
            database.executemany(
                "DELETE FROM uploads WHERE id = ?", [(upload_id,) for upload_id, file in old if file not in needed]
            )
            kept = {file for (file,) in database.execute("SELECT DISTINCT file FROM uploads")}
        return {file for _, file in old} - kept - needed

    def uploaded_bytes(self, key_id: str) -> int:
        """Return how many bytes the key's uploads take."""
        return next(self._read("SELECT coalesce(sum(bytes), 0) FROM uploads WHERE key_id = ?", key_id))[0]

    def _list(self, clause: str, *values: object) -> Iterator[Order]:
        return map(_read_order, self._read(f"{SELECT} {clause}", *values))

    def _end(self, database: sqlite3.Connection, order_id: str, state: OrderState, **columns: str) -> None:
        """Note that an order that is open has ended, and until when its files are kept."""
        assignments = "".join(f", {name} = ?" for name in columns)
        database.execute(
            f"UPDATE orders SET state = ?, ended = ?{assignments}, webhook_due = iif(webhook IS NULL, NULL, 0), "
            "expires = strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', coalesce(retain_seconds, ?) || ' seconds') "
            "WHERE id = ? AND state IN ('queued', 'running', 'canceling')",
            (state, now_text(), *columns.values(), self._retain_seconds, order_id),
        )

    @staticmethod
    def _find_repeated(database: sqlite3.Connection, key_id: str, repeat: Repeat) -> Order | None:
        row = database.execute(
            "SELECT fingerprint, order_id FROM repeats WHERE key_id = ? AND repeat_key = ?", (key_id, repeat.repeat_key)
        ).fetchone()
        if row is None:
            return None
        if row[0] != repeat.fingerprint:
            raise ServiceError(
                "idempotency_key_reuse",
                "This Idempotency-Key was sent with another request before: use a new one for each job.",
            )
        return _read_order(database.execute(f"{SELECT} WHERE id = ?", (row[1],)).fetchone())

    @staticmethod
    def _list_waiting_keys(database: sqlite3.Connection) -> Iterator[str]:
        """Yield the keys of the orders that wait, in as many steps as there are keys, however many orders there are."""
        after = ""
        while True:
            row = database.execute(
                "SELECT key_id FROM orders WHERE state = 'queued' AND is_handed_on = 0 AND key_id > ? "
                "ORDER BY key_id LIMIT 1",
                (after,),
            ).fetchone()
            if row is None:
                return
            after = row[0]
            yield after

    @staticmethod
    def _head_of(database: sqlite3.Connection, key_id: str) -> tuple[str, int]:
        (number,) = database.execute(
            "SELECT number FROM orders WHERE state = 'queued' AND is_handed_on = 0 AND key_id = ? "
            "ORDER BY priority DESC, number LIMIT 1",
            (key_id,),
        ).fetchone()
        return key_id, number


COLUMNS = (
    "id, key_id, workflow, request, created, state, priority, seed, quality, why, metadata, retain_seconds, started, "
    "ended, expires, result, error, webhook"
)
SELECT = f"SELECT {COLUMNS} FROM orders"
UPLOAD_COLUMNS = "id, key_id, file, name, kind, bytes, sha256, created"


def read_result(places: list[str]) -> dict[str, Any]:
    """Return the facts of an order's files, as the report beside them has them, with names in place of paths."""
    if not places:
        return {"files": [], "report": {}}
    report: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        report = json.loads(report_path([Path(place) for place in places]).read_text("utf-8"))
    files = [
        {"name": Path(entry["path"]).name, **{name: value for name, value in entry.items() if name != "path"}}
        for entry in report.get("files", ())
    ]
    told = ("models", "server_version", "pack_version", "runner_version", "seed", "started", "ended")
    return {"files": files, "report": {name: report[name] for name in told if name in report}}


def _read_order(row: tuple[Any, ...]) -> Order:
    values = dict(zip(COLUMNS.split(", "), row, strict=True))
    request = json.loads(values["request"])
    return Order(
        **{
            **values,
            "request": StoredRequest(
                request["workflow_name"],
                request["graph"],
                [tuple(value) for value in request["values"]],
                [tuple(file) for file in request["files"]],
            ),
            "metadata": json.loads(values["metadata"]),
            "result": json.loads(values["result"]) if values["result"] else None,
            "error": json.loads(values["error"]) if values["error"] else None,
            "webhook": Webhook(**json.loads(values["webhook"])) if values["webhook"] else None,
        }
    )


def _text_of(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")


def _seconds_between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
