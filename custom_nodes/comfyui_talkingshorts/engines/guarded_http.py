"""The one way out to the web: every request of yt-dlp and of the range reader passes here, and none goes inside.

Import this module only where it is used: it loads yt-dlp.
"""
# pyright: reportArgumentType=false, reportIncompatibleMethodOverride=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportAssignmentType=false
# (pyright's own stubs describe an older yt-dlp than the one installed.)

from __future__ import annotations

import functools
import ipaddress
import os
import socket
from collections.abc import Callable
from typing import Any

import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import parse_url
from urllib3.util.connection import create_connection
from yt_dlp import YoutubeDL
from yt_dlp.networking import Request, RequestDirector, Response
from yt_dlp.networking._requests import RequestsHTTPAdapter, RequestsRH
from yt_dlp.networking.exceptions import TransportError
from yt_dlp.utils.networking import select_proxy

from ..core.errors import SourceError

ALLOW_PRIVATE_HOSTS = "TALKINGSHORTS_ALLOW_PRIVATE_HOSTS"


class PrivateAddressError(SourceError):
    """The host is, or its name leads to, an address that isn't on the public internet."""


class GuardedYoutubeDL(YoutubeDL):
    """yt-dlp with http and https only, and every connection checked."""

    def __init__(self, params: dict[str, Any], before_request: Callable[[], None]) -> None:
        """`before_request` is called ahead of every request and may raise to stop."""
        self._before_request = before_request
        super().__init__(params, auto_init="no_verbose_header")

    @functools.cached_property
    def _request_director(self) -> RequestDirector:
        return self.build_request_director([GuardedRequestsRH])

    def urlopen(self, req: Request | str) -> Response:
        self._before_request()
        return super().urlopen(req)


class GuardedRequestsRH(RequestsRH):
    """yt-dlp's handler on top of requests, with connections that refuse addresses which aren't public."""

    def _create_instance(self, cookiejar: Any, legacy_ssl_support: bool | None = None) -> requests.Session:
        session = super()._create_instance(cookiejar=cookiejar, legacy_ssl_support=legacy_ssl_support)
        adapter = GuardedAdapter(
            ssl_context=self._make_sslcontext(legacy_ssl_support=legacy_ssl_support),
            source_address=self.source_address,
            max_retries=0,
        )
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def _send(self, request: Request) -> Response:
        try:
            return super()._send(request)
        except PrivateAddressError as error:
            raise TransportError(str(error), cause=error) from error


class GuardedAdapter(RequestsHTTPAdapter):
    """Direct connections are checked as they are made, so each redirect is too.

    A proxy may stand on a private address: whoever set it did so on purpose. It resolves the names itself, so with a
    proxy only addresses written as numbers can be refused here.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Any = None,
        cert: Any = None,
    ) -> HTTPConnectionPool:
        url = parse_url(request.url or "")
        if select_proxy(url.url, proxies) and _is_number(url.host or ""):
            check_address(url.host or "", (url.host or "").strip("[]"))
        return super().get_connection_with_tls_context(request, verify, proxies, cert)


class _GuardedConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        """Connect to the addresses that were checked, and so not to what a second look-up of the name might give."""
        try:
            return self._connect_to_checked_address()
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out.") from error
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, f"Failed to establish a new connection: {error}") from error

    def _connect_to_checked_address(self) -> socket.socket:
        addresses = [
            str(info[4][0]) for info in socket.getaddrinfo(self.host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        ]
        for address in addresses:
            check_address(self.host, address)
        last_error = OSError("the name has no address")
        for address in addresses:
            try:
                return create_connection((address, self.port), self.timeout, self.source_address, self.socket_options)
            except OSError as error:
                last_error = error
        raise last_error


class GuardedHTTPConnection(_GuardedConnection):
    """http"""


class GuardedHTTPSConnection(_GuardedConnection, HTTPSConnection):
    """https"""


class GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = GuardedHTTPConnection


class GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = GuardedHTTPSConnection


def check_address(host: str, address: str) -> None:
    """Raise PrivateAddressError unless `address`, which `host` leads to, is public or the user allows private ones."""
    if is_public_address(address) or os.environ.get(ALLOW_PRIVATE_HOSTS) == "1":
        return
    shown = address if host == address else f"{host} ({address})"
    raise PrivateAddressError(
        f"{shown} lies inside this machine or its network, and nothing is fetched from there."
        f" If you trust it, set {ALLOW_PRIVATE_HOSTS}=1 for ComfyUI."
    )


def is_public_address(address: str) -> bool:
    """Return whether an IP address, and any IPv4 address that it wraps, is on the public internet."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or _unwrap_nat64(ip)
        if wrapped is not None:
            return is_public_address(str(wrapped))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _unwrap_nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    is_nat64 = ip in ipaddress.ip_network("64:ff9b::/96") or ip in ipaddress.ip_network("::/96")
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if is_nat64 else None


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
