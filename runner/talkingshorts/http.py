"""What every talk over HTTP needs: addresses, who may come in, when to come back, and why it failed."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from .errors import UsageError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
DOWNLOAD_CHUNK_BYTES = 1 << 14
RETRY_AFTER_LIMIT_SECONDS = 6 * 3600.0
"""No server is left alone for longer, whatever it asks."""

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

CREDENTIALS = re.compile(r"(?<=://)\S*@")


class HeaderAuth(AuthBase):
    """Sets the Authorization header itself, and so keeps requests from putting a .netrc entry in its place."""

    def __init__(self, authorization: str | None) -> None:
        self.authorization = authorization

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.authorization:
            request.headers["Authorization"] = self.authorization
        return request


def open_session(url: str, authorization: str | None) -> requests.Session:
    """Return a session for the URL's host, with this Authorization header; no proxy stands before this machine.

    requests takes the header off again when the host redirects to another one.
    """
    session = requests.Session()
    session.auth = HeaderAuth(authorization)
    session.trust_env = urlsplit(url).hostname not in LOOPBACK_HOSTS
    return session


def require_token(token: str | None) -> str | None:
    """Return the token. Raises UsageError when it can't stand in a header line."""
    if token and not (token.isascii() and token.isprintable()):
        raise UsageError("The token holds characters that no token has: copy it again, without line ends.")
    return token


def format_bearer(token: str | None) -> str | None:
    """Return the Authorization header that carries the token; None without one. Raises what require_token raises."""
    return f"Bearer {token}" if require_token(token) else None


def read_retry_after(answer: requests.Response) -> float:
    """Return how many seconds the server asks to be left alone: it tells them as a number or a date; 0 for none."""
    try:
        return min(Retry().parse_retry_after(answer.headers.get("Retry-After", "")), RETRY_AFTER_LIMIT_SECONDS)
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def find_cause(error: BaseException) -> BaseException:
    """Return the innermost cause; requests wraps it several times."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def explain_cause(error: BaseException) -> str:
    """Return the innermost cause in a few words, without user and password."""
    cause = find_cause(error)
    return getattr(cause, "strerror", None) or without_credentials(str(cause)) or type(cause).__name__


def normalize_url(url: str) -> str:
    """Return the address with a scheme and no final slash. Raises UsageError when it is no http address."""
    full = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(full.strip())
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        # A label that is empty or too long fails here, and not deep inside the connection.
        valid = valid and not re.search(r"\s", parts.netloc) and bool((parts.hostname or "").encode("idna"))
        # A password with a bare /, ? or # in it would be taken for a path, and shown.
        valid = valid and "@" not in parts.path + parts.query + parts.fragment
    except ValueError:
        valid = False
    if not valid:
        shown = url.rpartition("@")[2]
        raise UsageError(f"{shown!r} isn't a server address: expected something like http://127.0.0.1:8188.")
    return full.strip().rstrip("/")


def split_credentials(url: str) -> tuple[str, str | None]:
    """Return the address without user and password, and the Authorization header that they make."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, f"Basic {base64.b64encode(pair.encode('utf-8', 'surrogateescape')).decode()}"


def public_url(url: str) -> str:
    """Return the address as it may be shown and noted. Raises UsageError when it is no http address."""
    return split_credentials(normalize_url(url))[0]


def without_credentials(text: str) -> str:
    """Return the text with no user and password in the addresses that it holds."""
    return CREDENTIALS.sub("", text)
