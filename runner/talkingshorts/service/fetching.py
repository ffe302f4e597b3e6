"""Fetch a caller's file by its URL, and never from where only this machine can look.

A name is resolved once, every address that it has must be public, and the connection is made to that very address: no
answer of a name server that changes in between, and no redirect, leads to a private one.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, LocationParseError

from ..http import ANSWER_SECONDS, CONNECT_SECONDS, HeaderAuth, explain_cause
from .addresses import allows_private, may_connect_to
from .errors import FieldProblem, ServiceError

REDIRECTS = 4
FETCHED_CHUNK_BYTES = 1 << 18


class PrivateAddressError(OSError):
    """The host isn't one of the public network."""


class _GuardedHTTP(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _GuardedHTTPS(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHTTP  # pyright: ignore[reportAssignmentType]  (the protocol is narrower than its classes)


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS  # pyright: ignore[reportAssignmentType]


class GuardedAdapter(HTTPAdapter):
    """Connects to public addresses alone."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make pools whose connections look where they lead."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


def open_guarded_session(url: str, authorization: str | None) -> requests.Session:
    """Return a session that connects to public addresses alone, with this Authorization header."""
    session = requests.Session()
    session.trust_env = False
    session.auth = HeaderAuth(authorization)
    session.mount("https://", GuardedAdapter())
    session.mount("http://", GuardedAdapter())
    return session


def fetch_file(field: str, url: str, target: Path, max_bytes: int) -> None:
    """Write what the URL gives to `target`.

    Raises ServiceError, which names `field`, when it is no https address, leads to a private one, gives more than
    `max_bytes`, or doesn't answer well.
    """
    try:
        with open_guarded_session(url, None) as session:
            _fetch_from(session, field, url, target, max_bytes)
    except (requests.RequestException, HTTPError, LocationParseError, OSError, ValueError) as error:
        raise _refuse(field, f"can't be fetched: {explain_cause(error)}.") from error


def _fetch_from(session: requests.Session, field: str, url: str, target: Path, max_bytes: int) -> None:
    for _ in range(REDIRECTS + 1):
        if not is_fetchable(url):
            raise _refuse(
                field, "isn't an address that files can be fetched from: give https://..., or upload the file."
            )
        with session.get(url, stream=True, timeout=(CONNECT_SECONDS, ANSWER_SECONDS), allow_redirects=False) as answer:
            if answer.is_redirect:
                url = urljoin(url, answer.headers["Location"])
                continue
            if answer.status_code != 200:
                raise _refuse(field, f"can't be fetched: the server answers {answer.status_code}.")
            received = 0
            with target.open("wb") as file:
                for chunk in answer.iter_content(FETCHED_CHUNK_BYTES):
                    received += len(chunk)
                    if received > max_bytes:
                        raise ServiceError(
                            "too_large",
                            f"{field} is over {max_bytes >> 20} MB.",
                            [FieldProblem(field, f"over {max_bytes >> 20} MB")],
                        )
                    file.write(chunk)
            return
    raise _refuse(field, f"is redirected more than {REDIRECTS} times.")


def is_fetchable(url: str) -> bool:
    """Tell whether it is an https address, without a user's name in it."""
    schemes = {"https", "http"} if allows_private() else {"https"}
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def _connect(connection: HTTPConnection) -> socket.socket:
    host, port = connection._dns_host, connection.port
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not all(map(may_connect_to, addresses)):
        raise PrivateAddressError(f"{host} isn't in the public network")
    failure = OSError(f"{host} has no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), connection.timeout)
        except OSError as error:
            failure = error
    raise failure


def _refuse(field: str, problem: str) -> ServiceError:
    return ServiceError("invalid_input", f"{field} {problem}", [FieldProblem(field, problem)])
