"""Download a model file: taken up where it broke off, and not under its name until it is whole and checked."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import requests

from ..display.events import ModelReady
from ..errors import CancelledError, RunnerError, UnreachableError, UsageError
from ..files import try_lock
from ..home import expand_home
from ..http import DOWNLOAD_CHUNK_BYTES, explain_cause, format_bearer, open_session, read_retry_after, require_token
from ..shipped.models import ModelFile
from .files import hash_file, part_path

HUB = "https://huggingface.co"

HUB_CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0
MODEL_PAUSES_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Before a download is taken up again. After so many attempts without a new byte it is given up."""
LONGEST_PAUSE_SECONDS = 300.0
LOCK_PAUSE_SECONDS = 0.5

_SHA256 = re.compile(r"[0-9a-f]{64}")

OnBytes = Callable[[ModelFile, int], object]
"""Called with how many more bytes of a file have arrived; a negative number when it begins anew."""


class WrongModelError(RunnerError):
    """The server sends another file than the list describes."""


class _BrokenOffError(UnreachableError):
    """Worth another attempt, after `wait_seconds` at the least."""

    def __init__(self, message: str, wait_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class Downloader:
    """Downloads one file after another; safe to use from several threads at once."""

    def __init__(self, on_bytes: OnBytes = lambda file, more: None) -> None:
        self.cancelled = threading.Event()
        self._on_bytes = on_bytes
        self._hub = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
        self._authorization = format_bearer(read_hub_token())

    def download(self, file: ModelFile, path: Path) -> ModelReady:
        """Bring the file to `path`, and return its facts. What stood there stays until the new file is whole.

        A file that another process is downloading is waited for. What has arrived of a file is kept beside it as
        NAME.part, and the next call goes on from there.

        Raises UnreachableError when the server is away, refuses or breaks off time and again, WrongModelError when it
        has another file, UsageError when nothing can be written, CancelledError once `cancelled` is set.
        """
        try:
            before = _mark(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._open_locked(part_path(path)) as part:
                if _mark(path) not in {before, None}:
                    part_path(path).unlink()
                    return ModelReady(file.relative_path, str(path), path.stat().st_size, None)
                published = self._fill(file, part, _version_path(path))
                digest = self._check(file, part, published, path)
                os.fsync(part.fileno())
                part_path(path).replace(path)
                _version_path(path).unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"{path} can't be written: {error.strerror or error}.") from error
        return ModelReady(file.relative_path, str(path), file.bytes, digest)

    @contextlib.contextmanager
    def _open_locked(self, path: Path) -> Iterator[BinaryIO]:
        """Open the part of a file for this process alone, waiting for one that has it."""
        while True:
            with path.open("a+b") as part:
                if not _lock(part):
                    self._pause(LOCK_PAUSE_SECONDS)
                elif path.exists() and os.path.samestat(path.stat(), os.fstat(part.fileno())):
                    yield part
                    return

    def _fill(self, file: ModelFile, part: BinaryIO, version: Path) -> str | None:
        """Complete the part, and return the sha256 that the server published with it."""
        failures, most = 0, part.seek(0, os.SEEK_END)
        while True:
            try:
                return self._receive(file, part, version)
            except _BrokenOffError as error:
                part.flush()
                size = part.seek(0, os.SEEK_END)
                failures = 1 if size > most else failures + 1
                most = max(most, size)
                if failures > len(MODEL_PAUSES_SECONDS):
                    raise UnreachableError(f"{error} Run the same command again to go on from there.") from error
                self._pause(max(MODEL_PAUSES_SECONDS[failures - 1], error.wait_seconds))

    def _receive(self, file: ModelFile, part: BinaryIO, version: Path) -> str | None:
        received = part.seek(0, os.SEEK_END)
        if received == file.bytes:
            if file.sha256:
                return None
            # Only the server knows the hash, and tells it with any byte.
            received -= 1
            part.truncate(received)
            self._on_bytes(file, -1)
        headers = {"Accept-Encoding": "identity"}
        if 0 < received < file.bytes and _is_version(known := _read_text(version)):
            headers |= {"Range": f"bytes={received}-", "If-Range": known}
        with self._get(file, headers) as answer:
            if answer.status_code == 416:
                version.unlink(missing_ok=True)
            self._require_success(file, answer)
            begin = _read_begin(answer)
            if begin not in {0, received}:
                version.unlink(missing_ok=True)
                raise _broken_off(file, received, f"the server went on at byte {begin}")
            _require_size(file, answer, begin)
            part.truncate(begin)
            self._on_bytes(file, begin - received)
            version.write_text(_read_version(answer), encoding="utf-8")
            self._write_chunks(file, answer, part, begin)
            return _read_published_sha256(answer)

    def _write_chunks(self, file: ModelFile, answer: requests.Response, part: BinaryIO, received: int) -> None:
        try:
            for chunk in answer.iter_content(DOWNLOAD_CHUNK_BYTES):
                self._require_wanted()
                received += len(chunk)
                if received > file.bytes:
                    raise WrongModelError(_explain_other_size(file, f"more than {file.bytes}"))
                part.write(chunk)
                self._on_bytes(file, len(chunk))
        except requests.RequestException as error:
            raise _broken_off(file, received, explain_cause(error)) from error
        if received < file.bytes:
            raise _broken_off(file, received, "the server closed the connection")

    def _check(self, file: ModelFile, part: BinaryIO, published: str | None, path: Path) -> str | None:
        """Return the file's sha256 if there is one to compare it with. A wrong file is thrown away."""
        part.flush()
        wanted = file.sha256 or published
        if wanted is None:
            return None
        digest = hash_file(part_path(path), lambda more: self._require_wanted())
        if digest != wanted:
            part_path(path).unlink()
            _version_path(path).unlink(missing_ok=True)
            raise WrongModelError(
                f"{file.relative_path} arrived damaged, or isn't the file that models.json lists (sha256 {digest} "
                f"instead of {wanted}), and was deleted. Try again: talkingshorts models download {file.name}. "
                f"If it happens again, compare with the file's page: {_page_of(file.url)}"
            )
        return digest

    def _get(self, file: ModelFile, headers: dict[str, str]) -> requests.Response:
        url = self._hub + file.url.removeprefix(HUB) if file.url.startswith(f"{HUB}/") else file.url
        session = open_session(url, self._authorization if _origin(url) == _origin(self._hub) else None)
        try:
            return session.get(url, headers=headers, stream=True, timeout=(HUB_CONNECT_SECONDS, SILENCE_SECONDS))
        except requests.RequestException as error:
            raise _BrokenOffError(f"{urlsplit(url).netloc} can't be reached: {explain_cause(error)}.") from error

    def _require_success(self, file: ModelFile, answer: requests.Response) -> None:
        code, host = answer.status_code, urlsplit(answer.url).netloc
        if code in {200, 206}:
            return
        message = f"{host} answers {code} to {file.relative_path}"
        if code in {401, 403} and host == urlsplit(answer.history[0].url if answer.history else answer.url).netloc:
            raise UnreachableError(f"{message}: access is refused. {self._explain_access(file)}")
        if code in {404, 410}:
            raise UnreachableError(f"{message}: the file isn't there any more. Look at {_page_of(file.url)}")
        # 403 from a host that the hub sent us to is a link that has expired, 416 a part that is longer than the file.
        if code in {401, 403, 408, 416, 429} or code >= 500:
            raise _BrokenOffError(f"{message}: {answer.reason or 'it failed'}.", read_retry_after(answer))
        raise UnreachableError(f"{message}: {answer.reason}.")

    def _explain_access(self, file: ModelFile) -> str:
        page = _page_of(file.url)
        if read_hub_token():
            return (
                f"The token in use may have expired, or {page} wants its licence accepted: log in there, and accept it."
            )
        return f"Log in at {page}, accept the licence if it asks, make a token, and set it as HF_TOKEN."

    def _pause(self, seconds: float) -> None:
        self.cancelled.wait(min(seconds, LONGEST_PAUSE_SECONDS))
        self._require_wanted()

    def _require_wanted(self) -> None:
        if self.cancelled.is_set():
            raise CancelledError("Interrupted.")


def read_hub_token() -> str | None:
    """Return the Hugging Face token of the environment, or the one that its own tools keep in a file.

    Raises UsageError when it holds what no token has.
    """
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if token := os.environ.get(name, "").strip():
            return require_token(token)
    cache = Path(_read_path("XDG_CACHE_HOME") or Path.home() / ".cache")
    hub_home = Path(_read_path("HF_HOME") or cache / "huggingface")
    return require_token(_read_text(Path(_read_path("HF_TOKEN_PATH") or hub_home / "token")).strip() or None)


def _read_path(variable: str) -> str:
    return expand_home(os.environ.get(variable, ""))


def _lock(part: BinaryIO) -> bool:
    """Tell whether the file is now this process's alone. A file system without locks lets everybody have it."""
    try:
        return try_lock(part)
    except OSError:
        return True


def _mark(path: Path) -> tuple[int, int] | None:
    """Return what changes when another process puts the file there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _version_path(path: Path) -> Path:
    """Return where it is noted which version of the server's file the part is of."""
    return path.with_name(f"{path.name}.part.version")


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _read_version(answer: requests.Response) -> str:
    """Return what If-Range takes: a strong ETag, else the date of the last change; "" when the server tells neither."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _is_version(text: str) -> bool:
    """Tell whether a header can hold the text: after a power cut a file may be of its size, and hold zeros."""
    return bool(text) and text.isascii() and text.isprintable()


def _read_published_sha256(answer: requests.Response) -> str | None:
    """Return the sha256 that the hub, or the server that was asked first, tells of the file."""
    answers = [*answer.history, answer]
    linked = [reply.headers["X-Linked-ETag"] for reply in answers if "X-Linked-ETag" in reply.headers]
    tag = (linked or [answers[0].headers.get("ETag", "")])[0].removeprefix("W/").strip('"')
    return tag if _SHA256.fullmatch(tag) else None


def _read_begin(answer: requests.Response) -> int:
    """Return the byte of the file that the answer begins with."""
    match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(match[1]) if match and answer.status_code == 206 else 0


def _require_size(file: ModelFile, answer: requests.Response, begin: int) -> None:
    """Raise WrongModelError, before the first byte, when the server's file is of another size than the list says."""
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and "Content-Encoding" not in answer.headers and begin + int(length) != file.bytes:
        raise WrongModelError(_explain_other_size(file, str(begin + int(length))))


def _explain_other_size(file: ModelFile, size: str) -> str:
    return (
        f"{file.url} has {size} bytes, and models.json lists {file.bytes}: it is another file by now. "
        f"Update TalkingShorts, or look at {_page_of(file.url)}"
    )


def _broken_off(file: ModelFile, received: int, reason: str) -> _BrokenOffError:
    return _BrokenOffError(
        f"The download of {file.relative_path} stopped after {received} of {file.bytes} bytes: {reason}."
    )


def _page_of(url: str) -> str:
    return url.partition("/resolve/")[0]


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
