"""The keys that callers show: their names and scopes, in a file that holds no key but what a key hashes to."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..errors import UsageError
from ..files import write_privately
from ..wording import suggest

SCOPES = ("shorts", "workflows", "metrics")
PREFIX = "ts_"
KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Key:
    """What a key may do: `shorts` and shipped workflows, any `workflows`, `metrics`. `sha256` is the key's hash."""

    name: str
    sha256: str
    scopes: tuple[str, ...]
    created: str


LOCAL_KEY = Key("local", "", SCOPES, "")
"""Stands for everybody where no keys are asked for."""


class KeyFile:
    """Keeps keys in a file that only this user may read. Raises UsageError when it can't be read or written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: tuple[int, int] | None = None
        self._keys: dict[str, Key] = {}

    def add(self, name: str, scopes: Collection[str]) -> str:
        """Add a key, and return it: it is told this once."""
        if not KEY_NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} isn't a name for a key: use letters, digits, dots, dashes and underscores, 64 at most."
            )
        for scope in scopes:
            if scope not in SCOPES:
                raise UsageError(f"{scope!r} isn't a scope{suggest(scope, SCOPES)} All of them: {', '.join(SCOPES)}.")
        if name in self._read():
            raise UsageError(f"There is a key called {name!r} already: use another name, or revoke that one first.")
        key = PREFIX + secrets.token_urlsafe(32)
        self._keys[name] = Key(name, _hash(key), tuple(scopes), datetime.now(UTC).isoformat(timespec="seconds"))
        self._write()
        return key

    def revoke(self, name: str) -> None:
        """Remove the key with this name. A service that runs refuses it from now on."""
        if name not in self._read():
            raise UsageError(f"No key is called {name!r}{suggest(name, self._keys)}")
        del self._keys[name]
        self._write()

    def list(self) -> list[Key]:
        """Return all keys, in the order that they were added."""
        return list(self._read().values())

    def find(self, key: str) -> Key | None:
        """Return what this key stands for; None when it is none of these. Takes as long for either."""
        mark, found = _hash(key), None
        for known in self._read().values():
            if hmac.compare_digest(known.sha256, mark):
                found = known
        return found

    def _read(self) -> dict[str, Key]:
        try:
            status = self._path.stat()
            mark = (status.st_mtime_ns, status.st_size)
            if mark != self._mark:
                document = json.loads(self._path.read_text("utf-8"))
                self._keys = {
                    entry["name"]: Key(entry["name"], entry["sha256"], tuple(entry["scopes"]), entry["created"])
                    for entry in document["keys"]
                }
                self._mark = mark
        except FileNotFoundError:
            self._keys, self._mark = {}, None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"The keys in {self._path} can't be read ({error}): `talkingshorts keys add` makes such a file."
            ) from error
        return self._keys

    def _write(self) -> None:
        try:
            write_privately(self._path, json.dumps({"keys": [asdict(key) for key in self._keys.values()]}, indent=1))
        except OSError as error:
            raise UsageError(f"The keys can't be written to {self._path}: {error.strerror}.") from error


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
