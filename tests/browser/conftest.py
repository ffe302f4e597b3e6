"""ComfyUI's real frontend in a headless browser, on the real server that the tests in tests/server share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from support.checkout import FACE_PHOTO
from support.servers.canvas import Browser, Canvas
from support.servers.on_comfyui import ComfyUI
from talkingshorts.setup.browser import is_supported

FACE = FACE_PHOTO


@pytest.fixture(scope="module")
def canvas(comfyui: ComfyUI) -> Iterator[Canvas]:
    """Return the page, opened."""
    if not is_supported():
        pytest.skip("the browser is built for Linux on x86-64")
    shutil.copy(FACE, comfyui.base / "input" / "example.png")
    browser = Browser()
    try:
        canvas = Canvas(browser, comfyui.url)
        canvas.open()
        yield canvas
    finally:
        browser.close()
