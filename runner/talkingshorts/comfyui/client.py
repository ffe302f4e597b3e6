"""A typed client for the parts of ComfyUI's HTTP API that the runner needs."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from urllib3.exceptions import NewConnectionError

from ..errors import LostJobError, UnreachableError, UsageError, ValidationError
from ..http import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    DOWNLOAD_CHUNK_BYTES,
    explain_cause,
    format_bearer,
    normalize_url,
    open_session,
    split_credentials,
)
from ..workflow.file import Graph
from ..workflow.node_info import NodeInfo, parse_node_info

UPLOAD_SECONDS = 600.0
RETRY_PAUSES_SECONDS = (0.1, 0.3, 0.6)

UNSAFE_IN_NAMES = re.compile(r"[^\w.-]+")
STEM_CHARACTERS, DIGEST_CHARACTERS, ENDING_CHARACTERS = 50, 16, 8  # 255 bytes are the most, whatever the letters

PENDING, RUNNING, COMPLETED, FAILED, CANCELLED = "pending", "in_progress", "completed", "failed", "cancelled"
ENDED = frozenset({COMPLETED, FAILED, CANCELLED})


class BusyServerError(UnreachableError):
    """The server took the connection but didn't answer in time, or a proxy answered that it is overloaded."""


class NotSentError(UnreachableError):
    """No connection came about, so that the server can't have seen the request."""


class AccessRefusedError(UnreachableError):
    """The server wants a token, or another one."""


class FailedServerError(UnreachableError):
    """The server answered that it failed on the request."""


class MissingFileError(LostJobError):
    """The server no longer has a result file."""


@dataclass(frozen=True)
class Job:
    """What GET /api/jobs/{id} says. `outputs` maps node id to its ui output; times are milliseconds since 1970."""

    id: str
    status: str
    outputs: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    started_ms: int | None = None
    ended_ms: int | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the status is final."""
        return self.status in ENDED


def read_job(body: Mapping[str, Any]) -> Job:
    """Return the job that the body of GET /api/jobs/{id} describes."""
    return Job(
        id=body["id"],
        status=body["status"],
        outputs=body.get("outputs") or {},
        error=body.get("execution_error"),
        started_ms=body.get("execution_start_time"),
        ended_ms=body.get("execution_end_time"),
    )


@dataclass(frozen=True)
class RemoteFile:
    """One file among a job's outputs."""

    node_id: str
    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True)
class Delivery:
    """A file on its way: `chunks` begin at byte `start` of `total`, or of an unknown number where that is None.

    `version` names the file's content; a delivery can be resumed only in the same version.
    """

    start: int
    total: int | None
    version: str | None
    chunks: Iterator[bytes]


class ComfyClient:
    """Talks to one ComfyUI server. Every method raises UnreachableError when the server doesn't answer as ComfyUI.

    Whatever may be asked twice is asked again when the connection fails or the server does; only `submit` may not.
    `url` is the address without user and password, and so may be shown and written down.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url, basic = split_credentials(normalize_url(url))
        self._authorization = format_bearer(token) or basic
        self._session = open_session(self.url, self._authorization)

    def version(self) -> str:
        """Return the server's ComfyUI version; the first call to make, since it tells whether this is a ComfyUI."""
        return self.system_stats()["system"]["comfyui_version"]

    def system_stats(self) -> dict[str, Any]:
        """Return what the server tells about itself (`system`, with `comfyui_version`) and its `devices`."""
        stats = self._json("GET", "/system_stats")
        if not (isinstance(stats, dict) and stats.get("system", {}).get("comfyui_version")):
            raise UnreachableError(f"{self.url} answers, but isn't ComfyUI: check the address.")
        return stats

    def node_info(self, class_type: str) -> NodeInfo | None:
        """Return what the server says about a node class; None when it has no such class."""
        reply = self._ask("GET", f"/object_info/{quote(class_type, safe='')}", ANSWER_SECONDS)
        # The server's routes know no name with a brace.
        answer = {} if reply.status_code == 404 else self._read_json(reply)
        return parse_node_info(class_type, answer[class_type]) if answer.get(class_type) else None

    def node_classes(self) -> list[str]:
        """Return the names of all node classes. Takes a while: the server describes each of them."""
        return list(self._json("GET", "/object_info"))

    def upload(self, path: Path) -> str:
        """Put a file into the server's input folder, and return the name to use in a graph: its own and its content's.

        Raises UsageError when the file can't be read, ValidationError when the server refuses it.
        """
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            name = name_upload(path, digest)
            answer = self._repeat(lambda _: self._upload(path, name), UPLOAD_SECONDS)
        except OSError as error:
            raise UsageError(f"The file {path} can't be read: {error.strerror}.") from error
        if answer.status_code == 413:
            raise ValidationError(
                f"The server refuses {path}: it is too large. Start ComfyUI with a larger --max-upload-size."
            )
        entry = self._read_json(answer)
        return f"{entry['subfolder']}/{entry['name']}" if entry.get("subfolder") else entry["name"]

    def submit(self, graph: Graph, job_id: str, client_id: str) -> dict[str, Any]:
        """Post the graph under our own job id and return the server's answer, a refusal (400) included.

        Raises UnreachableError also when the connection broke after sending, and FailedServerError when the server
        failed: then ask `job` what became of it.
        """
        body = {"prompt": graph, "prompt_id": job_id, "client_id": client_id}
        answer = self._send("POST", "/prompt", json=body, timeout=ANSWER_SECONDS)
        if answer.status_code == 400:
            with contextlib.suppress(requests.JSONDecodeError):
                return answer.json()
        if answer.status_code == 413:
            raise ValidationError(
                "The server refuses the graph: it is too large. Start ComfyUI with a larger --max-upload-size."
            )
        return self._read_json(answer)

    def job(self, job_id: str, timeout: float = ANSWER_SECONDS) -> Job | None:
        """Return the job's state; None when the server doesn't know it."""
        if not _is_job_id(job_id):
            return None
        answer = self._ask("GET", f"/api/jobs/{quote(job_id, safe='')}", timeout)
        if answer.status_code == 404 and _is_json(answer):
            return None
        if answer.status_code == 404:
            raise UnreachableError(f"The ComfyUI at {self.url} has no /api/jobs: it is too old. Use 0.30 or newer.")
        return read_job(self._read_json(answer))

    def jobs_ahead(self, job_id: str, timeout: float = ANSWER_SECONDS) -> int:
        """Return how many jobs the server runs before this one; 0 when it isn't waiting."""
        answer = self._json("GET", "/api/jobs?status=pending,in_progress", timeout)
        jobs = answer["jobs"]
        own = next((job for job in jobs if job["id"] == job_id), None)
        if own is None or own["status"] != PENDING:
            return 0
        return sum(job["status"] == RUNNING or job["priority"] < own["priority"] for job in jobs if job is not own)

    def cancel(self, job_id: str, timeout: float = ANSWER_SECONDS) -> bool:
        """Cancel this one job, waiting or running; False when there was nothing to cancel."""
        return bool(self._json("POST", f"/api/jobs/{quote(job_id, safe='')}/cancel", timeout).get("cancelled"))

    @contextlib.contextmanager
    def deliver(self, file: RemoteFile, start: int = 0, version: str | None = None) -> Iterator[Delivery]:
        """Give the file's bytes from `start` on, or from the first one when the file has another version by now.

        Raises MissingFileError when the server no longer has it. Chunks that break off raise UnreachableError.
        """
        parameters = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        headers = {"Accept-Encoding": "identity"}
        if start and version:
            headers |= {"Range": f"bytes={start}-", "If-Range": version}
        with self._send("GET", "/view", params=parameters, headers=headers, stream=True) as answer:
            if answer.status_code == 404:
                raise MissingFileError(f"The server no longer has the result file {file.filename}.")
            self._require_success(answer)
            begin = start if answer.status_code == 206 else 0
            length = answer.headers.get("Content-Length", "")
            total = begin + int(length) if length.isdecimal() else None
            yield Delivery(begin, total, answer.headers.get("ETag"), _read_chunks(answer, file.filename))

    def websocket_address(self, client_id: str) -> tuple[str, list[str]]:
        """Return URL and headers for the progress socket."""
        scheme, rest = self.url.split("://", 1)
        headers = [f"Authorization: {self._authorization}"] if self._authorization else []
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ws?clientId={quote(client_id)}", headers

    def _json(self, method: str, path: str, timeout: float = ANSWER_SECONDS) -> Any:
        return self._read_json(self._ask(method, path, timeout))

    def _upload(self, path: Path, name: str) -> requests.Response:
        with path.open("rb") as file:
            # A guard on the way judges only the beginning of a long form: the folder is said before the file.
            form = {"data": {"type": "input"}, "files": {"image": (name, file)}}
            return self._send("POST", "/upload/image", timeout=UPLOAD_SECONDS, **form)

    def _ask(self, method: str, path: str, timeout: float) -> requests.Response:
        return self._repeat(lambda seconds: self._send(method, path, seconds), timeout)

    def _repeat(self, send: Callable[[float], requests.Response], timeout: float) -> requests.Response:
        """Return the answer to a request that may be sent twice; `send` takes the seconds that are left for it."""
        deadline = time.monotonic() + timeout
        for pause in RETRY_PAUSES_SECONDS:
            try:
                answer = send(max(deadline - time.monotonic(), 0.001))
                if answer.status_code < 500:
                    return answer
            except BusyServerError:
                raise
            except UnreachableError:
                pass
            if time.monotonic() + pause >= deadline:
                break
            time.sleep(pause)
        return send(max(deadline - time.monotonic(), 0.001))

    def _send(self, method: str, path: str, timeout: float = ANSWER_SECONDS, **options: Any) -> requests.Response:
        timeouts = (min(timeout, CONNECT_SECONDS), timeout)
        try:
            return self._session.request(method, self.url + path, timeout=timeouts, **options)
        except requests.ReadTimeout as error:
            raise BusyServerError(f"The server {self.url} didn't answer within {timeout:.0f} s.") from error
        except requests.RequestException as error:
            kind = NotSentError if _is_unsent(error) else UnreachableError
            raise kind(f"The server {self.url} can't be reached: {explain_cause(error)}.") from error

    def _read_json(self, answer: requests.Response) -> Any:
        self._require_success(answer)
        try:
            return answer.json()
        except requests.JSONDecodeError as error:
            raise UnreachableError(f"{self.url} answers, but isn't ComfyUI: check the address.") from error

    def _require_success(self, answer: requests.Response) -> None:
        if answer.ok:
            return
        code = answer.status_code
        if code in {401, 403}:
            raise AccessRefusedError(
                f"The server {self.url} refuses access ({code}): give its token with --token or TALKINGSHORTS_TOKEN."
            )
        if code in {429, 502, 503, 504}:
            raise BusyServerError(f"The server {self.url} isn't ready ({code}).")
        if code >= 500:
            text = " ".join(answer.text.split())[:500]
            raise FailedServerError(f"The server {self.url} failed on {answer.request.path_url} ({code}): {text}")
        raise UnreachableError(f"The server {self.url} answers {code} to {answer.request.path_url}: is it ComfyUI?")


def name_upload(path: Path, digest: str) -> str:
    """Return the name that a file has on the server: its own, as far as it is safe, and its content's."""
    stem, ending = (UNSAFE_IN_NAMES.sub("_", part) for part in (path.stem, path.suffix.lower()))
    return f"{stem[:STEM_CHARACTERS]}-{digest[:DIGEST_CHARACTERS]}{ending[:ENDING_CHARACTERS]}"


def drop_digest(name: str) -> str:
    """Return the name of a file without what `name_upload` added to it; any other name as it is."""
    return re.sub(rf"-[0-9a-f]{{{DIGEST_CHARACTERS}}}(?=\.\w+$|$)", "", name)


def _is_job_id(text: str) -> bool:
    """Tell whether the text is a UUID, as every job's id on ComfyUI."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _read_chunks(answer: requests.Response, filename: str) -> Iterator[bytes]:
    try:
        yield from answer.iter_content(DOWNLOAD_CHUNK_BYTES)
    except requests.RequestException as error:
        raise UnreachableError(f"The download of {filename} was interrupted.") from error


def _is_unsent(error: requests.RequestException) -> bool:
    """Tell whether the connection failed before anything was sent on it."""
    cause = error.args[0] if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(getattr(cause, "reason", None), NewConnectionError)


def _is_json(answer: requests.Response) -> bool:
    return answer.headers.get("Content-Type", "").startswith("application/json")
