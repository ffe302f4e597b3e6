"""The one way out to the web: every request of yt-dlp and of the range reader passes here, and none goes inside.

Import this module only where it is used: it loads yt-dlp.
"""
# pyright: reportArgumentType=false, reportIncompatibleMethodOverride=false, reportReturnType=false
# pyright: reportAttributeAccessIssue=false, reportAssignmentType=false
# (pyright's own stubs describe an older yt-dlp than the one installed.)

from __future__ import annotations

import functools
import http.client
import io
import ipaddress
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.exceptions import HTTPError as HTTPException
from urllib3.util import parse_url
from yt_dlp import YoutubeDL
from yt_dlp.networking import Request, RequestDirector, Response
from yt_dlp.networking._requests import RequestsHTTPAdapter, RequestsRH
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils.networking import select_proxy

from ...core.errors import SourceError
from .stream_manifest import check_manifest

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ALLOW_PRIVATE_HOSTS = "TALKINGSHORTS_ALLOW_PRIVATE_HOSTS"
MAX_FETCH_SECONDS = "TALKINGSHORTS_MAX_FETCH_SECONDS"

# How long a fetch may wait for the network: this long, and longer for what it received meanwhile.
GRACE_SECONDS = 90.0
SLOWEST_BYTES_PER_SECOND = 16 * 1024

# The most that one page or playlist may hold, unpacked, and the most that all pages of a source may number.
MAX_PAGE_BYTES = 16 << 20
MAX_PAGES = 60

# What ALLOW_PRIVATE_HOSTS opens: this machine, home and company networks, and overlays such as Tailscale.
PRIVATE_NETWORKS = [
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1", "fc00::/7")
]
# Where clouds tell a machine its own secrets, outside of the link-local networks.
METADATA_ADDRESSES = {
    ipaddress.ip_address(address) for address in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")
}
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
NAT64_NETWORKS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
INSIDE_NAMES = re.compile(r"[^.]*|(.*\.)?(localhost|local|internal|lan|intranet|home\.arpa)", re.IGNORECASE)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class PrivateAddressError(SourceError):
    """The host is, or its name leads to, an address that isn't on the public internet."""


class Allowance:
    """What one fetch may take of time and bytes. What goes on without end, or drips, uses it up."""

    def __init__(self, max_bytes: int, max_seconds: float) -> None:
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._received_bytes = 0
        self._ended_waits_seconds = 0.0
        self._waiting_since: float | None = None

    @property
    def seconds_left(self) -> float:
        earned_seconds = GRACE_SECONDS + self._received_bytes / SLOWEST_BYTES_PER_SECOND
        return min(earned_seconds, self._max_seconds) - self._waited_seconds

    @property
    def _waited_seconds(self) -> float:
        current_seconds = 0.0 if self._waiting_since is None else time.monotonic() - self._waiting_since
        return self._ended_waits_seconds + current_seconds

    def add_received(self, count: int) -> None:
        """Count what arrived on the wire, headers and all. Raises SourceError when it is too much."""
        self._received_bytes += count
        if self._received_bytes > self._max_bytes:
            raise SourceError(
                f"The server sends more than {self._max_bytes >> 20} MB for this source."
                " Give a smaller one, or raise TALKINGSHORTS_MAX_DOWNLOAD_MB."
            )

    @contextmanager
    def waiting(self, timeout_seconds: float | None) -> Iterator[float]:
        """Give how long the block may wait, and count how long it does; blocks may lie in each other.

        Raises SourceError when no time is left, before the block or after it failed.
        """
        self._check_time_left()
        is_outermost = self._waiting_since is None
        if is_outermost:
            self._waiting_since = time.monotonic()
        try:
            yield self.seconds_left if timeout_seconds is None else min(timeout_seconds, self.seconds_left)
        except (OSError, HTTPException):
            self._check_time_left()
            raise
        finally:
            if is_outermost:
                self._ended_waits_seconds, self._waiting_since = self._waited_seconds, None

    def _check_time_left(self) -> None:
        if self.seconds_left <= 0.01:
            raise SourceError(
                f"The server is too slow: it sent {self._received_bytes} bytes in {self._waited_seconds:.0f} s."
                f" Try again later, or give another source. ({MAX_FETCH_SECONDS} is {self._max_seconds:g}.)"
            )


class GuardedYoutubeDL(YoutubeDL):
    """yt-dlp with http and https only, every connection checked, and everything it receives counted."""

    def __init__(self, params: dict[str, Any], before_request: Callable[[], None], allowance: Allowance) -> None:
        """`before_request` is called ahead of every request and may raise to stop."""
        self._before_request = before_request
        self._allowance = allowance
        self._pages = 0
        super().__init__(params, auto_init="no_verbose_header")

    @functools.cached_property
    def _request_director(self) -> RequestDirector:
        return self.build_request_director([functools.partial(GuardedRequestsRH, self._allowance)])

    def extract_info(self, url: str, *args: Any, **kwargs: Any) -> Any:
        """yt-dlp comes here anew for every page that leads to another one."""
        self._pages += 1
        if self._pages > MAX_PAGES:
            raise SourceError("The page leads from one page to the next without end. Give the address of the video.")
        return super().extract_info(url, *args, **kwargs)

    def add_info_extractor(self, ie: Any) -> None:
        """Have every manifest checked before the extractor unfolds it."""
        super().add_info_extractor(ie)
        if not isinstance(ie, type):
            for name in ("_parse_mpd_periods", "_parse_ism_formats_and_subtitles"):
                setattr(ie, name, functools.partial(_parse_checked, getattr(ie, name)))

    def urlopen(self, req: Request | str) -> Response:
        """What is only refused a private address may go on without it; any other refusal ends the whole fetch."""
        self._before_request()
        try:
            return super().urlopen(req)
        except TransportError as error:
            if isinstance(error.cause, SourceError) and not isinstance(error.cause, PrivateAddressError):
                raise error.cause from error
            raise


def _parse_checked(parse: Callable[..., Any], manifest: Element, *args: Any, **kwargs: Any) -> Any:
    check_manifest(manifest)
    return parse(manifest, *args, **kwargs)


class GuardedRequestsRH(RequestsRH):
    """yt-dlp's handler on top of requests, with connections that refuse addresses which aren't public."""

    def __init__(self, allowance: Allowance, *args: Any, **kwargs: Any) -> None:
        self._allowance = allowance
        super().__init__(*args, **kwargs)

    def _create_instance(self, cookiejar: Any, legacy_ssl_support: bool | None = None) -> requests.Session:
        session = super()._create_instance(cookiejar=cookiejar, legacy_ssl_support=legacy_ssl_support)
        adapter = GuardedAdapter(
            self._allowance,
            ssl_context=self._make_sslcontext(legacy_ssl_support=legacy_ssl_support),
            source_address=self.source_address,
            max_retries=0,
        )
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def _send(self, request: Request) -> Response:
        try:
            return CappedResponse(super()._send(request))
        except HTTPError as error:
            error.response = CappedResponse(error.response)
            raise
        except SourceError as error:
            raise TransportError(str(error), cause=error) from error


class CappedResponse(Response):
    """A response whose whole can't be larger than a page: a few packed bytes may unpack to gigabytes."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer, answer.url, answer.headers, answer.status, answer.reason)

    def read(self, amt: int | None = None) -> bytes:
        if amt is not None:
            return self.fp.read(amt)
        data = bytearray()
        while chunk := self.fp.read(1 << 20):
            data += chunk
            if len(data) > MAX_PAGE_BYTES:
                self.close()
                raise SourceError(
                    f"The page or playlist is larger than {MAX_PAGE_BYTES >> 20} MB. Give the address of the video."
                )
        return bytes(data)


class GuardedAdapter(RequestsHTTPAdapter):
    """Direct connections are checked as they are made, so each redirect is too.

    A proxy may stand on a private address: whoever set it did so on purpose. It resolves the names itself, so with a
    proxy only what this machine knows of a name can be checked.
    """

    def __init__(self, allowance: Allowance, **settings: Any) -> None:
        self._allowance = allowance
        super().__init__(**settings)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": functools.partial(_make_metered_pool, GuardedHTTPPool, self._allowance),
            "https": functools.partial(_make_metered_pool, GuardedHTTPSPool, self._allowance),
        }

    def proxy_manager_for(self, proxy: str, **settings: Any) -> Any:
        is_known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **settings)
        if not is_known:
            manager.pool_classes_by_scheme = {
                scheme: functools.partial(_make_metered_pool, pool_class, self._allowance)
                for scheme, pool_class in manager.pool_classes_by_scheme.items()
            }
        return manager

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Any = None,
        cert: Any = None,
    ) -> HTTPConnectionPool:
        url = parse_url(request.url or "")
        if select_proxy(url.url, proxies):
            with self._allowance.waiting(None):
                _check_proxied_host((url.host or "").strip("[]"))
        return super().get_connection_with_tls_context(request, verify, proxies, cert)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Return the response; a redirect comes without its body, which requests would read to the end."""
        response = super().send(request, *args, **kwargs)
        if response.is_redirect:
            response.close()
        return response


def _make_metered_pool(pool_class: Any, allowance: Allowance, *args: Any, **settings: Any) -> HTTPConnectionPool:
    """Return a pool whose connections count what they receive and how long they wait."""
    pool = pool_class(*args, **settings)
    make_connection = pool.ConnectionCls

    def make_metered_connection(**details: Any) -> HTTPConnection:
        connection = make_connection(**details)
        connection.allowance = allowance
        connection.connect = functools.partial(_connect_in_time, connection.connect, allowance)
        connection.response_class = functools.partial(_MeteredHTTPResponse, allowance)
        return connection

    pool.ConnectionCls = make_metered_connection
    return pool


def _connect_in_time(connect: Callable[[], None], allowance: Allowance) -> None:
    with allowance.waiting(None):
        connect()


class _MeteredHTTPResponse(http.client.HTTPResponse):
    def __init__(self, allowance: Allowance, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_MeteredStream(sock, allowance))


class _MeteredStream(io.RawIOBase):
    """What comes in on a socket, from the first byte of the headers on."""

    def __init__(self, sock: socket.socket, allowance: Allowance) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._allowance = allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        timeout_seconds = self._sock.gettimeout()
        with self._allowance.waiting(timeout_seconds) as longest_wait_seconds:
            self._sock.settimeout(longest_wait_seconds)
            try:
                count = self._raw.readinto(buffer)
            finally:
                self._sock.settimeout(timeout_seconds)
        self._allowance.add_received(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _GuardedConnection(HTTPConnection):
    allowance: Allowance

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
        with self.allowance.waiting(None):
            found = socket.getaddrinfo(self.host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        for *_, address in found:
            check_address(self.host, str(address[0]))
        last_error = OSError("the name has no address")
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                if self.source_address:
                    sock.bind(self.source_address)
                with self.allowance.waiting(self.timeout) as longest_wait_seconds:
                    sock.settimeout(longest_wait_seconds)
                    sock.connect(address)
            except OSError as error:
                sock.close()
                last_error = error
            except BaseException:
                sock.close()
                raise
            else:
                sock.settimeout(max(0.01, min(self.timeout, self.allowance.seconds_left)))  # for the handshake of https
                return sock
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
    """Raise PrivateAddressError unless `address`, which `host` leads to, is public, or private and allowed."""
    if is_public_address(address):
        return
    is_private = is_private_address(address)
    if is_private and os.environ.get(ALLOW_PRIVATE_HOSTS) == "1":
        return
    shown = address if host.strip("[]") == address else f"{host} ({address})"
    remedy = f"If you trust it, set {ALLOW_PRIVATE_HOSTS}=1 for ComfyUI." if is_private else "Give another address."
    raise PrivateAddressError(
        f"{shown} lies inside this machine or its network, and nothing is fetched from there. {remedy}"
    )


def is_public_address(address: str) -> bool:
    """Return whether an IP address, and any IPv4 address that it wraps, is on the public internet."""
    ip = _unwrap(ipaddress.ip_address(address))
    if isinstance(ip, ipaddress.IPv6Address) and ip not in GLOBAL_UNICAST:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and ip not in METADATA_ADDRESSES


def is_private_address(address: str) -> bool:
    """Return whether an IP address is one that the user may open: no metadata, link-local or special address is."""
    ip = _unwrap(ipaddress.ip_address(address))
    return ip not in METADATA_ADDRESSES and any(ip in network for network in PRIVATE_NETWORKS)


def _unwrap(ip: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 address leads to in the end, else the address itself, without its zone."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    last_bits = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip.is_loopback or ip.is_unspecified:
        return ipaddress.IPv6Address(int(ip))
    if any(ip in network for network in NAT64_NETWORKS):
        return last_bits
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ipaddress.IPv6Address(int(ip)))


def _check_proxied_host(host: str) -> None:
    """Check what this machine knows of a host that a proxy is asked for. A name that it doesn't know is the proxy's."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        if INSIDE_NAMES.fullmatch(host.rstrip(".")):
            raise PrivateAddressError(
                f"{host} is a name inside this machine or its network, and nothing is fetched from there."
            ) from None
        return
    for *_, address in found:
        check_address(host, str(address[0]))
