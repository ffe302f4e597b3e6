"""The service's page in a real browser, on a real ComfyUI: what a person does there."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support.processes import CommandLine, Runner, start_runner
from support.servers.canvas import Browser
from support.servers.on_comfyui import ComfyUI
from support.waiting import wait_until
from talkingshorts.setup.browser import is_supported

PHONE_WIDTH = 390
CHOOSE_FILE = """({ id, name, content }) => {
  const chosen = new DataTransfer();
  chosen.items.add(new File([content], name));
  document.getElementById(id).files = chosen.files;
  document.getElementById(id).dispatchEvent(new Event("change"));
}"""
HAS_TEXT = "({ id, text }) => document.getElementById(id).textContent.includes(text)"
IS_SHOWN = "(id) => !document.getElementById(id).hidden"


class ServicePage:
    """The page, as a person uses it."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url

    def open(self, place: str = "", width: int = 1280, height: int = 900) -> None:
        self.browser.tell("open", url=f"{self.url}/{place}", width=width, height=height)
        self.browser.tell("wait", script="() => document.querySelector('#make').textContent !== ''")

    def evaluate(self, script: str, argument: Any = None) -> Any:
        return self.browser.tell("evaluate", script=script, argument=argument)

    def make(self, script: str, quality: str = "draft") -> None:
        self.browser.tell("fill", selector="#script", text=script)
        self.evaluate("(quality) => { document.getElementById('quality').value = quality }", quality)
        self.browser.tell("click", selector="#make")

    def wait_for_text(self, element: str, text: str) -> None:
        self.browser.tell("wait", script=HAS_TEXT, argument={"id": element, "text": text})

    def wait_until_shown(self, element: str) -> None:
        self.browser.tell("wait", script=IS_SHOWN, argument=element)

    def text_of(self, element: str) -> str:
        return self.evaluate("(id) => document.getElementById(id).textContent", element)


def find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def run_service(folder: Path, comfyui: ComfyUI, *options: str) -> Iterator[tuple[str, Runner]]:
    url = f"http://127.0.0.1:{find_free_port()}"
    with start_runner(folder, "serve", "--server", comfyui.url, "--port", url[17:], "--data", "data", *options) as run:
        wait_until(lambda: is_ready(url))
        yield url, run


def is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not is_supported():
        pytest.skip("the browser is built for Linux on x86-64")
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def service_url(comfyui: ComfyUI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with run_service(tmp_path_factory.mktemp("service"), comfyui) as (url, _):
        yield url


@pytest.fixture
def page(browser: Browser, service_url: str) -> ServicePage:
    page = ServicePage(browser, service_url)
    page.open()
    return page


def test_a_draft_is_made_by_typing_and_clicking(page: ServicePage) -> None:
    page.make("This short was typed into a page.")
    page.wait_for_text("current-title", "Done")
    page.browser.tell("wait", script="() => document.getElementById('video').videoWidth === 480")

    assert page.text_of("jobs") == "This short was typed into a page.Done"
    assert page.evaluate("() => document.getElementById('download').download").endswith(".mp4")
    assert page.browser.tell("errors") == []


def test_another_seed_makes_another_short(page: ServicePage) -> None:
    page.make("Once more, please.")
    page.wait_until_shown("again")
    first = page.evaluate("() => location.hash")
    page.browser.tell("click", selector="#again")
    page.browser.tell("wait", script="(first) => location.hash !== first", argument=first)
    page.wait_for_text("current-title", "Done")
    jobs = [
        requests.get(f"{page.url}/v1/jobs/{hash[1:]}", timeout=5).json()
        for hash in (first, page.evaluate("() => location.hash"))
    ]

    assert jobs[0]["seed"] != jobs[1]["seed"]


def test_a_file_that_is_no_picture_is_refused_in_words(page: ServicePage) -> None:
    page.evaluate(CHOOSE_FILE, {"id": "portrait-file", "name": "me.jpg", "content": "I am no picture."})
    page.make("Hello there.")
    page.wait_until_shown("form-error")

    assert "neither sound, picture nor video" in page.text_of("form-error")


def test_a_short_is_cancelled(page: ServicePage) -> None:
    page.make("This one is never made. " * 60)
    page.wait_for_text("current-title", "Being made")
    page.browser.tell("click", selector="#cancel")
    page.wait_for_text("current-title", "Cancelled")


def test_a_reload_in_the_middle_loses_nothing(page: ServicePage) -> None:
    page.make("This page is loaded again while it is made. " * 8)
    page.wait_for_text("current-title", "Being made")
    page.open(page.evaluate("() => location.hash"))
    page.wait_for_text("current-title", "Done")
    page.wait_until_shown("video")


def test_it_speaks_chinese(page: ServicePage) -> None:
    page.evaluate(
        "() => { const l = document.getElementById('language'); l.value = 'zh'; l.dispatchEvent(new Event('change')) }"
    )

    assert page.text_of("make") == "生成短片"
    assert page.evaluate("() => document.documentElement.lang") == "zh"


def test_it_fits_a_phone(page: ServicePage) -> None:
    page.open(width=PHONE_WIDTH, height=844)

    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE_WIDTH


def test_a_key_is_asked_for_where_keys_are_needed(browser: Browser, comfyui: ComfyUI, tmp_path: Path) -> None:
    key = CommandLine(tmp_path)("keys", "add", "ann", "--keys", "keys.json").stdout.strip()
    with run_service(tmp_path, comfyui, "--keys", "keys.json") as (url, _):
        page = ServicePage(browser, url)
        page.open()
        browser.tell("wait", script="() => document.getElementById('key-dialog').open")
        browser.tell("fill", selector="#key", text="wrong")
        browser.tell("click", selector="#key-dialog button")
        browser.tell(
            "wait", script="() => document.getElementById('key-dialog').open && !document.getElementById('key').value"
        )
        page.wait_for_text("key-label", "This key isn't known.")
        browser.tell("fill", selector="#key", text=key)
        browser.tell("click", selector="#key-dialog button")
        page.make("With a key.")
        page.wait_for_text("current-title", "Done")
