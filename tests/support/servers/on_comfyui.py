"""A real ComfyUI: the server under test, the jobs of others on it, and what is known of them."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from support.checkout import ROOT
from support.waiting import wait_until

PACK = ROOT / "custom_nodes" / "comfyui_talkingshorts"


@dataclass(frozen=True)
class ComfyUI:
    """The server under test: where it answers and where its files are."""

    url: str
    base: Path

    def get(self, path: str) -> Any:
        answer = requests.get(self.url + path, timeout=30)
        answer.raise_for_status()
        return answer.json()


def run_graph(comfyui: ComfyUI, graph: dict[str, Any]) -> dict[str, Any]:
    """Send a graph as any program would, and return the job when it has ended."""
    job = str(uuid.uuid4())
    answer = requests.post(f"{comfyui.url}/prompt", json={"prompt": graph, "prompt_id": job}, timeout=30)
    assert answer.ok, answer.text
    while (state := comfyui.get(f"/api/jobs/{job}"))["status"] in ("pending", "in_progress"):
        time.sleep(0.05)
    return state


def post_as_another(comfyui: ComfyUI, graph: dict[str, Any]) -> str:
    """Post a graph as another client does, and return the job's id."""
    body = {"prompt": graph, "client_id": uuid.uuid4().hex}
    answer = requests.post(f"{comfyui.url}/prompt", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()["prompt_id"]


def read_status(comfyui: ComfyUI, job_id: str) -> str | None:
    """Return where the job is; None when the server doesn't know it."""
    answer = requests.get(f"{comfyui.url}/api/jobs/{job_id}", timeout=30)
    return answer.json()["status"] if answer.ok else None


def wait_for_status(comfyui: ComfyUI, job_id: str, status: str) -> None:
    wait_until(lambda: read_status(comfyui, job_id) == status)


def count_posts(comfyui: ComfyUI) -> int:
    """Return how many graphs the server was ever sent, by its own log."""
    return (comfyui.base.parent / "server" / "comfyui.log").read_text(errors="replace").count("got prompt")


def count_jobs(comfyui: ComfyUI) -> int:
    """Return how many jobs the server ever took. Unlike a post, one counts only when all of its graph came through."""
    return comfyui.get("/api/jobs?limit=1")["pagination"]["total"]


def saved_files(comfyui: ComfyUI, prefix: str) -> list[Path]:
    """Return the files that the server saved under this name."""
    return sorted((comfyui.base / "output").glob(f"{prefix}_*"))
