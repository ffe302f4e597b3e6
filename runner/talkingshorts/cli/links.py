"""Fetch the file behind a link that a person gives where a file is asked for."""

from __future__ import annotations

import atexit
import contextlib
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ..errors import UsageError
from ..texts.kind import WEB_PAGE_KIND, name_kind

if TYPE_CHECKING:
    import requests

MAX_BYTES = 1 << 30
LINK_CHUNK_BYTES = 1 << 18
NAME_CHARACTERS = 100

LINK = re.compile(r"https?://", re.IGNORECASE)


def is_web_link(text: str) -> bool:
    """Tell whether this is an address in the web."""
    return bool(LINK.match(text))


@cache
def fetch_link(url: str) -> Path:
    """Return the file behind a link, under its own name, in a folder that is removed when the program ends.

    Raises UsageError when it can't be fetched, is too large, or is a web page.
    """
    import requests

    from ..http import ANSWER_SECONDS, CONNECT_SECONDS, explain_cause, without_credentials

    path = _make_folder() / _find_name(url)
    told = without_credentials(url)
    try:
        with requests.get(url, stream=True, timeout=(CONNECT_SECONDS, ANSWER_SECONDS)) as answer:
            if not answer.ok:
                raise UsageError(f"{told} can't be fetched (HTTP status {answer.status_code}): check the address.")
            _write(path, answer, told)
    except (requests.RequestException, OSError, ValueError) as error:
        raise UsageError(f"{told} can't be fetched: {explain_cause(error)}. Or save it, and name the file.") from error
    with path.open("rb") as file:
        if name_kind(file.read(4096)) == WEB_PAGE_KIND:
            raise UsageError(f"{told} is a web page, not the file that it shows: save the file itself, and name that.")
    return path


def _write(path: Path, answer: requests.Response, told: str) -> None:
    received = 0
    with path.open("wb") as file:
        for chunk in answer.iter_content(LINK_CHUNK_BYTES):
            received += len(chunk)
            if received > MAX_BYTES:
                raise UsageError(f"{told} is over {MAX_BYTES >> 30} GB: save what you need of it, and name that file.")
            file.write(chunk)


def _make_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="talkingshorts-link-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _find_name(url: str) -> str:
    """Return a file name that the address suggests."""
    with contextlib.suppress(ValueError):
        name = PurePosixPath(unquote(urlsplit(url).path)).name
        return re.sub(r"[^\w.-]+", "_", name)[-NAME_CHARACTERS:].lstrip(".") or "file"
    return "file"
