"""A wire to ComfyUI that fails on demand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.fakes.faulty_proxy import FaultyProxy, serve_faulty_proxy
from support.servers.on_comfyui import ComfyUI


@pytest.fixture
def proxy(comfyui: ComfyUI) -> Iterator[FaultyProxy]:
    with serve_faulty_proxy(comfyui.url) as faulty:
        yield faulty
