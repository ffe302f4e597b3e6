"""Where the runner's secrets go, and where they don't."""

from __future__ import annotations

import base64
import os

import pytest
import requests
from talkingshorts.comfyui.client import ComfyClient
from talkingshorts.errors import UsageError
from talkingshorts.managed.server import fingerprint, relevant_environment, server_environment

LOGIN = "Basic " + base64.b64encode(b"us:er:p@ss").decode()
"""Of user `us:er` and password `p@ss`."""


def authorization_of(client: ComfyClient) -> str | bytes | None:
    """Return the header that goes with the client's requests; the WebSocket's is the same."""
    request = client._session.prepare_request(requests.Request("GET", client.url))
    _, headers = client.websocket_address("x")
    assert headers == [f"Authorization: {value}" for value in [request.headers.get("Authorization")] if value]
    return request.headers.get("Authorization")


def test_user_and_password_in_the_address_become_a_header() -> None:
    client = ComfyClient("https://us%3Aer:p%40ss@example.com:8443/comfy/")

    assert client.url == "https://example.com:8443/comfy"
    assert authorization_of(client) == LOGIN
    assert "p%40ss" not in client.websocket_address("x")[0]


def test_a_password_may_be_of_any_bytes() -> None:
    client = ComfyClient(os.fsdecode(b"https://us:\xff@example.com"))

    assert authorization_of(client) == "Basic " + base64.b64encode(b"us:\xff").decode()


def test_a_token_goes_before_user_and_password() -> None:
    assert authorization_of(ComfyClient("https://us:pw@example.com", "t")) == "Bearer t"
    assert authorization_of(ComfyClient("https://example.com")) is None


@pytest.mark.parametrize(
    "address",
    [
        "http://u:secret@",
        "http://u:sec/ret@host",
        "http://u:5?secret@host",
        "x://u:secret@h",
        "u:secret@[",
        "http://u:secret@[",
    ],
)
def test_a_malformed_address_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        ComfyClient(address)
    assert "sec" not in str(caught.value)


def test_comfyui_sees_none_of_the_runners_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint({})
    for name in ("TALKINGSHORTS_SERVER", "TALKINGSHORTS_TOKEN", "TALKINGSHORTS_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("TALKINGSHORTS_COOKIES", "cookies.txt")

    assert "secret" not in server_environment().values()
    assert "secret" not in relevant_environment().values()
    assert server_environment()["TALKINGSHORTS_COOKIES"] == "cookies.txt"
    monkeypatch.delenv("TALKINGSHORTS_COOKIES")
    assert fingerprint({}) == before
