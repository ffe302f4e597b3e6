"""Which addresses a caller may have this machine connect to: as the node pack's voices, by the same rules."""

from __future__ import annotations

import ipaddress
import os

ALLOW_PRIVATE = "TALKINGSHORTS_ALLOW_PRIVATE_HOSTS"

PRIVATE_NETWORKS = [
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1", "fc00::/7")
]
"""What ALLOW_PRIVATE opens: this machine, home and company networks, and overlays such as Tailscale."""

METADATA_ADDRESSES = {
    ipaddress.ip_address(address) for address in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")
}
"""Where clouds tell a machine its own secrets, outside of the link-local networks."""

GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
NAT64_NETWORKS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def allows_private() -> bool:
    """Tell whether whoever runs the service has opened the private networks."""
    return os.environ.get(ALLOW_PRIVATE) == "1"


def may_connect_to(address: str) -> bool:
    """Tell whether an IP address is public, or private and those are allowed. No metadata of a cloud is ever either."""
    found = _unwrap(ipaddress.ip_address(address.partition("%")[0]))
    if found in METADATA_ADDRESSES:
        return False
    if any(found in network for network in PRIVATE_NETWORKS):
        return allows_private()
    is_of_internet = found.version == 4 or found in GLOBAL_UNICAST
    return is_of_internet and found.is_global and not found.is_multicast and not found.is_reserved


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address leads to in the end, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback or address.is_unspecified:
        return address
    if any(address in network for network in NAT64_NETWORKS):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
