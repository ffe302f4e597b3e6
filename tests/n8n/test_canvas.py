"""The shipped workflows on n8n's own canvas, in a headless Chromium.

`TALKINGSHORTS_UPDATE_WORKFLOWS=1 pytest tests/n8n/test_canvas.py` takes the pictures of the docs anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.servers.canvas import Browser, CanvasError
from support.servers.n8n_files import DURABLE, ROOT, SHORT, read_workflow
from support.servers.real_n8n import RealN8n
from support.waiting import wait_until
from talkingshorts.setup.browser import is_supported

IS_UPDATING = os.environ.get("TALKINGSHORTS_UPDATE_WORKFLOWS") == "1"
PICTURES = {SHORT: "n8n_canvas.jpg", DURABLE: "n8n_canvas_durable.jpg"}
SCREENS = {SHORT: (1920, 900), DURABLE: (2400, 1080)}
PICTURE_WIDTH = 1600

BECOME_OWNER = """async () => {
  const user = { email: "me@example.com", firstName: "Me", lastName: "Myself", password: "Password1" };
  const headers = { "Content-Type": "application/json", "browser-id": localStorage.getItem("n8n-browserId") };
  const send = (path, body) => fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const { ok } = await send("/rest/owner/setup", user);
  return ok || (await send("/rest/login", { emailOrLdapLoginId: user.email, password: user.password })).ok;
}"""
GO_TO = "(path) => { location.href = path; }"
HAS_STARTED = "() => localStorage.getItem('n8n-browserId') && document.querySelector('input')"
NODES = "[...document.querySelectorAll('[data-test-id=canvas-node]')].map((node) => node.dataset.nodeName)"
SHOWS = f"(count) => {NODES}.length === count"
FIT = "() => document.querySelector('[data-test-id=zoom-to-fit]').click()"
IS_STILL = """() => new Promise((resolve) => {
  const view = () => document.querySelector(".vue-flow__transformationpane").style.transform;
  const before = view();
  setTimeout(() => resolve(view() === before), 500);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not is_supported():
        pytest.skip("the browser is built for Linux on x86-64")
    browser = Browser()
    try:
        yield browser
    finally:
        browser.close()


def wait_for(browser: Browser, script: str, argument: Any = None) -> None:
    """Wait until the page says yes; while it changes it says nothing. Under its rules driver.mjs can't wait itself."""

    def says_yes() -> bool:
        try:
            return bool(browser.tell("evaluate", script=script, argument=argument))
        except CanvasError:
            return False

    wait_until(says_yes, 120)


def save_picture(browser: Browser, path: Path, folder: Path) -> None:
    shot = folder / "screen.png"
    browser.tell("screenshot", path=str(shot))
    picture = Image.open(shot).convert("RGB")
    size = (PICTURE_WIDTH, round(picture.height * PICTURE_WIDTH / picture.width))
    picture.resize(size, Image.Resampling.LANCZOS).save(path, quality=85)


@pytest.mark.parametrize("path", [SHORT, DURABLE], ids=lambda path: path.stem)
def test_the_workflow_is_drawn_whole_and_without_an_error(
    n8n: RealN8n, browser: Browser, tmp_path: Path, path: Path
) -> None:
    workflow = read_workflow(path)
    names = {node["name"] for node in workflow["nodes"] if not node["type"].endswith(".stickyNote")}
    width, height = SCREENS[path]
    browser.tell("open", url=f"{n8n.url.replace('127.0.0.1', 'localhost')}/signin", width=width, height=height)
    wait_for(browser, HAS_STARTED)
    assert browser.tell("evaluate", script=BECOME_OWNER)
    browser.tell("evaluate", script=GO_TO, argument=f"/workflow/{workflow['id']}")
    wait_for(browser, SHOWS, len(names))
    browser.tell("evaluate", script=FIT)
    wait_for(browser, IS_STILL)
    if IS_UPDATING:
        save_picture(browser, ROOT / "docs" / PICTURES[path], tmp_path)

    assert set(browser.tell("evaluate", script=f"() => {NODES}")) == names
    assert browser.tell("errors") == []
