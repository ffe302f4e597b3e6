"""Addresses, Authorization headers, Retry-After, and the reasons of failures."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests
from talkingshorts.errors import UsageError
from talkingshorts.http import (
    RETRY_AFTER_LIMIT_SECONDS,
    explain_cause,
    find_cause,
    format_bearer,
    normalize_url,
    open_session,
    public_url,
    read_retry_after,
)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:8188", "http://127.0.0.1:8188"),
        ("http://host:8188/", "http://host:8188"),
        ("https://host/comfy/", "https://host/comfy"),
        ("[::1]:8188", "http://[::1]:8188"),
    ],
)
def test_an_address_is_completed(address: str, url: str) -> None:
    assert normalize_url(address) == url


@pytest.mark.parametrize("address", ["", "http://", "ftp://host", "http://host:port", "http://host:99999", "a b://c"])
def test_what_is_no_address_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError, match="isn't a server address"):
        normalize_url(address)


def test_an_address_is_shown_and_noted_without_its_password() -> None:
    assert public_url("user:pw@host:8188/") == "http://host:8188"


def test_a_token_is_carried_as_a_bearer() -> None:
    assert format_bearer("secret") == "Bearer secret"
    assert format_bearer("") is format_bearer(None) is None


@pytest.mark.parametrize("token", ["two\nlines", "schlüssel"])
def test_a_token_that_no_header_takes_is_a_usage_error_that_keeps_it_secret(token: str) -> None:
    with pytest.raises(UsageError, match="copy it again") as caught:
        format_bearer(token)
    assert token not in str(caught.value)


@pytest.mark.parametrize(("authorization", "sent"), [("Bearer t", "Bearer t"), (None, None)])
def test_a_netrc_entry_takes_no_headers_place(
    authorization: str | None, sent: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine host login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    request = open_session("http://host", authorization).prepare_request(requests.Request("GET", "http://host"))

    assert request.headers.get("Authorization") == sent


@pytest.mark.parametrize(
    ("url", "uses_proxy"), [("http://127.0.0.1:8188", False), ("http://[::1]:80", False), ("https://host", True)]
)
def test_no_proxy_stands_before_this_machine(url: str, uses_proxy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.invalid:3128")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    settings = open_session(url, None).merge_environment_settings(url, {}, None, None, None)

    assert ("http://proxy.invalid:3128" in settings["proxies"].values()) is uses_proxy


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (format_datetime(datetime.fromtimestamp(1060, UTC), usegmt=True), 60.0),
        (format_datetime(datetime.fromtimestamp(900, UTC), usegmt=True), 0.0),
        ("999999999999", RETRY_AFTER_LIMIT_SECONDS),
        ("9" * 5000, 0.0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        (None, 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    answer = requests.Response()
    answer.headers.update({} if text is None else {"Retry-After": text})

    assert read_retry_after(answer) == seconds


def wrap(cause: Exception) -> Exception:
    """Return an error that `cause` led to by way of another one, as requests and urllib3 wrap theirs."""
    middle, outermost = ConnectionError("Max retries exceeded with url: http://u:secret@host/x"), RuntimeError("outer")
    middle.__cause__, outermost.__context__ = cause, middle
    return outermost


def test_the_reason_of_a_failure_is_its_innermost_cause() -> None:
    refused = OSError(111, "Connection refused")

    assert find_cause(wrap(refused)) is refused
    assert explain_cause(wrap(refused)) == "Connection refused"
    assert explain_cause(wrap(ValueError("bad"))) == "bad"
    assert explain_cause(TimeoutError()) == "TimeoutError"


def test_the_reason_of_a_failure_quotes_no_password() -> None:
    assert explain_cause(ValueError("Failed to parse: http://u:secret@host/x")) == "Failed to parse: http://host/x"
