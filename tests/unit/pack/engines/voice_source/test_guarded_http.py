import pytest
from comfyui_talkingshorts.engines.voice_source.guarded_http import (
    PrivateAddressError,
    check_address,
    is_public_address,
)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
        "fec0::1",
        "::ffff:0:127.0.0.1",
        "64:ff9b:1::7f00:1",
        "2001:0:7f00:1:0:0:80ff:fffe",
        "168.63.129.16",
        "fd00:ec2::254",
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public_address(address)


def test_a_private_address_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", raising=False)

    with pytest.raises(
        PrivateAddressError, match=r"router\.lan \(192\.168\.1\.1\).*TALKINGSHORTS_ALLOW_PRIVATE_HOSTS=1"
    ):
        check_address("router.lan", "192.168.1.1")


@pytest.mark.parametrize(
    "address", ["192.168.1.1", "10.1.2.3", "127.0.0.1", "100.64.0.1", "::1", "fd12::1", "::ffff:192.168.1.1"]
)
def test_a_private_address_is_allowed_on_request(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "1")

    check_address("router.lan", address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "::",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fe80::1",
        "224.0.0.1",
        "ff02::1",
        "240.0.0.1",
        "255.255.255.255",
    ],
)
def test_a_special_address_is_never_allowed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "1")

    with pytest.raises(PrivateAddressError, match="Give another address"):
        check_address("router.lan", address)
