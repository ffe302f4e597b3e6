import socket
from pathlib import Path
from typing import Any

import pytest
from support.fakes.web import Page, serve
from talkingshorts.service.errors import ServiceError
from talkingshorts.service.fetching import fetch_file

MEGABYTE = 1 << 20


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.fixture(autouse=True)
def only_public_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", raising=False)


@pytest.fixture
def private_allowed(only_public_hosts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "1")


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def find(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", find)


@pytest.mark.usefixtures("private_allowed")
def test_what_the_url_gives_is_written(target: Path) -> None:
    with serve({"a.png": Page(b"picture"), "moved": Page(status=302, location="/a.png")}) as web:
        fetch_file("portrait", web.address_of("moved"), target, MEGABYTE)

    assert target.read_bytes() == b"picture"


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "::1", "fe80::1%1", "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::"),
        *("64:ff9b::7f00:1", "::7f00:1", "2001:0:7f00:1::", "fec0::1", "240.0.0.1", "168.63.129.16", "100.100.100.200"),
    ],
)
def test_a_name_that_leads_to_a_private_address_is_refused(
    target: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolve_to(monkeypatch, address)

    with pytest.raises(ServiceError, match=r"portrait can't be fetched: files\.example isn't in the public network"):
        fetch_file("portrait", "https://files.example/a.png", target, MEGABYTE)


def test_one_private_address_among_others_is_enough(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "93.184.215.14", "10.0.0.1")

    with pytest.raises(ServiceError, match="isn't in the public network"):
        fetch_file("portrait", "https://files.example/a.png", target, MEGABYTE)


@pytest.mark.usefixtures("private_allowed")
@pytest.mark.parametrize("address", ["169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "0.0.0.0"])
def test_a_clouds_own_secrets_are_never_fetched(target: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, address)

    with pytest.raises(ServiceError, match="isn't in the public network"):
        fetch_file("portrait", "https://files.example/a.png", target, MEGABYTE)


@pytest.mark.usefixtures("private_allowed")
def test_an_address_that_doesnt_answer_leaves_the_next_one(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def find(host: str, port: int, *rest: Any, **options: Any) -> list[Any]:
        hosts = ("127.0.0.2", "127.0.0.1") if host == "files.example" else (host,)
        return [entry for address in hosts for entry in look_up(address, port, *rest, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    with serve({"a.png": Page(b"picture")}) as web:
        fetch_file("portrait", web.address_of("a.png").replace("127.0.0.1", "files.example"), target, MEGABYTE)

    assert target.read_bytes() == b"picture"


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/a.png", "file:///etc/passwd", "ftp://example.com/a", "https://", "https://me:pw@a.b/c"),
        *("https://[::1", "gopher://x", "//example.com/a.png"),
    ],
)
def test_only_https_is_fetched(target: Path, url: str) -> None:
    with pytest.raises(
        ServiceError, match=r"portrait (isn't an address that files can be fetched from|can't be fetched)"
    ):
        fetch_file("portrait", url, target, MEGABYTE)


@pytest.mark.usefixtures("private_allowed")
def test_a_file_that_is_too_large_is_given_up(target: Path) -> None:
    with serve({"a": Page(b"x" * 5000)}) as web, pytest.raises(ServiceError) as refused:
        fetch_file("portrait", web.address_of("a"), target, 4000)

    assert refused.value.code == "too_large"


@pytest.mark.usefixtures("private_allowed")
@pytest.mark.parametrize(
    ("page", "reason"),
    [(Page(status=404), "answers 404"), (Page(status=302, location="/a"), "redirected more than 4 times")],
)
def test_what_doesnt_answer_well_is_told(target: Path, page: Page, reason: str) -> None:
    with serve({"a": page}) as web, pytest.raises(ServiceError, match=reason) as refused:
        fetch_file("portrait", web.address_of("a"), target, MEGABYTE)

    assert refused.value.details[0].field == "portrait"
