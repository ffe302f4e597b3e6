"""A scripted stand-in for ComfyUI's HTTP API, without a progress socket: what the runner's tests set, it answers."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from talkingshorts.workflow.model_names import find_model_fields
from talkingshorts.workflow.node_info import PRIMITIVE_TYPES

OBJECT_INFO: dict[str, Any] = {
    "PrimitiveInt": {"input": {"required": {"value": ["INT", {}]}}, "output": ["INT"], "python_module": "nodes"},
    "PrimitiveString": {
        "input": {"required": {"value": ["STRING", {}]}},
        "output": ["STRING"],
        "python_module": "nodes",
    },
    "EmptyImage": {
        "input": {
            "required": {
                "width": ["INT", {"min": 1, "max": 4096}],
                "color": ["INT", {"min": 0, "max": 16777215}],
            },
            "optional": {"label": ["STRING", {}]},
        },
        "output": ["IMAGE"],
        "python_module": "nodes",
    },
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}},
        "output": [],
        "output_node": True,
        "python_module": "nodes",
    },
}

GRAPH: dict[str, Any] = {
    "1": {"class_type": "PrimitiveInt", "inputs": {"value": 64}, "_meta": {"title": "width"}},
    "2": {"class_type": "EmptyImage", "inputs": {"width": ["1", 0], "color": 0}, "_meta": {"title": "Blank"}},
    "3": {
        "class_type": "SaveImage",
        "inputs": {"images": ["2", 0], "filename_prefix": "x"},
        "_meta": {"title": "Save"},
    },
}


@dataclass
class FakeComfyUI:
    """What the server answers, and what it was asked."""

    url: str = ""
    token: str | None = None
    nodes: dict[str, Any] = field(default_factory=lambda: dict(OBJECT_INFO))
    devices: list[dict[str, Any]] = field(default_factory=list)
    ram_bytes: int = 64 * 10**9
    status: str = "completed"
    prompt_status: int = 200
    prompt_answer: dict[str, Any] = field(default_factory=dict)
    prompt_text: str | None = None
    drops_prompt_answer: bool = False
    swallows_prompts: int = 0
    loses_jobs: int = 0
    fails_every: int = 0
    asked: int = 0
    on_ask: Callable[[str], object] = lambda path: None
    on_prompt: Callable[[], object] = lambda: None
    forgets_jobs: bool = False
    has_jobs_api: bool = True
    error: dict[str, Any] | None = None
    outputs: dict[str, Any] = field(
        default_factory=lambda: {"3": {"images": [{"filename": "x_00001_.png", "subfolder": "", "type": "output"}]}}
    )
    files: dict[str, bytes] = field(default_factory=lambda: {"x_00001_.png": b"picture"})
    reruns_write: dict[str, bytes] = field(default_factory=dict)
    posted: list[dict[str, Any]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    cancels_at: int = 1
    uploaded: list[bytes] = field(default_factory=list)

    def job(self, job_id: str) -> dict[str, Any] | None:
        """Return the job as /api/jobs/{id} would."""
        lost = self.posted if self.forgets_jobs else self.posted[: self.loses_jobs]
        if job_id in [body["prompt_id"] for body in lost] or job_id not in [body["prompt_id"] for body in self.posted]:
            return None
        status = "cancelled" if self.cancelled.count(job_id) >= self.cancels_at else self.status
        ended = {"outputs": self.outputs, "execution_start_time": 1000, "execution_end_time": 3500}
        return {"id": job_id, "status": status, "execution_error": self.error, **ended}


def describe_nodes(graph: dict[str, Any], missing: Iterable[str] = ()) -> dict[str, Any]:
    """Return an /object_info in which `graph` is valid, but for the models in `missing`, which no loader lists."""
    nodes: dict[str, Any] = {}
    for node in graph.values():
        kind, required = node["class_type"], {name: ["*", {}] for name in node["inputs"]}
        if kind in PRIMITIVE_TYPES:
            required["value"] = [PRIMITIVE_TYPES[kind], {}]
        for _, name, model in find_model_fields({"": node}):
            known = nodes.get(kind, {}).get("input", {}).get("required", {}).get(name, [None, {"options": []}])
            listed = [] if model in missing else [model]
            required[name] = ["COMBO", {"options": [*known[1]["options"], *listed]}]
        nodes[kind] = {
            "input": {"required": required},
            "output": ["*"] * 2,
            "output_node": "Save" in kind,
            "python_module": "nodes",
        }
    return nodes


@contextlib.contextmanager
def serve_fake_comfyui() -> Iterator[FakeComfyUI]:
    """Serve a FakeComfyUI on a free loopback port."""
    fake = FakeComfyUI()
    handler = type("Handler", (_Handler,), {"fake": fake})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeComfyUI

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if self._fails():
            self._send(500, b"failed", "text/plain")
        elif self.fake.token and self.headers["Authorization"] != f"Bearer {self.fake.token}":
            self._answer(401, {})
        elif path == "/system_stats":
            system = {"comfyui_version": "0.30.0", "ram_total": self.fake.ram_bytes}
            self._answer(200, {"system": system, "devices": self.fake.devices})
        elif path == "/object_info":
            self._answer(200, self.fake.nodes)
        elif path.startswith("/object_info/"):
            name = path.rpartition("/")[2]
            self._answer(200, {name: self.fake.nodes[name]} if name in self.fake.nodes else {})
        elif path.startswith("/api/jobs/") and not self.fake.has_jobs_api:
            self._send(404, b"404: Not Found", "text/plain")
        elif path.startswith("/api/jobs/"):
            job = self.fake.job(path.rpartition("/")[2])
            self._answer(200 if job else 404, job or {})
        elif path == "/view":
            content = self.fake.files.get(parse_qs(parts.query)["filename"][0])
            self._send(404 if content is None else 200, content or b"", "application/octet-stream")
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self._fails():
            self._send(500, b"failed", "text/plain")
        elif self.path == "/prompt":
            self._take_prompt(json.loads(body))
        elif self.path.endswith("/cancel"):
            self.fake.cancelled.append(self.path.split("/")[-2])
            self._answer(200, {"cancelled": True})
        elif self.path == "/upload/image":
            self.fake.uploaded.append(body)
            self._answer(200, {"name": body.split(b'filename="')[1].split(b'"')[0].decode(), "subfolder": ""})

    def _fails(self) -> bool:
        self.fake.asked += 1
        self.fake.on_ask(self.path)
        return bool(self.fake.fails_every) and self.fake.asked % self.fake.fails_every == 0

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""

    def _take_prompt(self, body: dict[str, Any]) -> None:
        self.fake.on_prompt()
        if self.fake.swallows_prompts:
            self.fake.swallows_prompts -= 1
            self.close_connection = True
            return
        if self.fake.prompt_text is not None:
            self._send(self.fake.prompt_status, self.fake.prompt_text.encode(), "text/plain")
            return
        if self.fake.prompt_status == 200:
            self.fake.posted.append(body)
        if len(self.fake.posted) > 1:
            self.fake.files.update(self.fake.reruns_write)
        if self.fake.drops_prompt_answer:
            self.close_connection = True
            return
        self._answer(self.fake.prompt_status, self.fake.prompt_answer)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
