"""Show on the canvas how far a long video is, and heed a stop."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import torch
from comfy.model_management import get_torch_device, get_total_memory, throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar
from PIL import Image
from server import PromptServer

from ...core.cost.words import explain_cost, format_span
from ...core.cost.work import Work, find_gpu, find_roofline_seconds
from .notes import announce_note

_PREVIEW_PIXELS = 512


class VideoProgress:
    """The watcher of the node that runs: a bar over all steps, a line with the time left, a picture per window.

    The first line says what the video will cost.
    """

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._bar = ProgressBar(1)
        self._windows = self._steps = self._done = self._first = 0
        self._started_seconds = self._ended_seconds = 0.0
        self._work = Work()
        self._cost = ""
        self.note: str | None = None

    def tell(self, note: str) -> None:
        self.note = note
        announce_note(note, self._node_id)

    def begin(self, windows: int, steps: int, finished_windows: int, work: Work, needed_bytes: float) -> None:
        self._windows, self._steps, self._work = windows, steps, work
        self._done = self._first = finished_windows * steps
        self._started_seconds = time.monotonic()
        self._cost = explain_cost(work, needed_bytes, *_find_gpu())
        logging.info("TalkingShorts: %s", self._cost)
        self._show()

    def end_step(self) -> None:
        self._done += 1
        self._show()

    def end_window(self, last_frame: torch.Tensor) -> None:
        """Show the last frame, [height, width, 3] float 0..1."""
        throw_exception_if_processing_interrupted()
        pixels = (last_frame * 255).clamp(0, 255).to(torch.uint8).numpy()
        self._ended_seconds = time.monotonic()
        preview = ("JPEG", Image.fromarray(pixels), _PREVIEW_PIXELS)
        self._bar.update_absolute(self._done, self._windows * self._steps, preview)

    def _show(self) -> None:
        throw_exception_if_processing_interrupted()
        self._bar.update_absolute(self._done, self._windows * self._steps)
        window = min(self._done // self._steps + 1, self._windows)
        line = f"Window {window} of {self._windows}, step {self._done % self._steps} of {self._steps}"
        PromptServer.instance.send_progress_text(line + self._estimate(), self._node_id)

    def report_work(self) -> dict[str, list[str]]:
        """Return what was computed, as JSON in the node's `ui` output: nothing where all windows were finished before.

        Programs learn from it how fast this machine is. `ended`, in seconds since 1970, tells one video from another.
        """
        if not self._work.forwards:
            return {}
        torch_name, _ = _find_gpu()
        gpu = find_gpu(torch_name)
        work = {
            "windows": self._windows - self._first // self._steps,
            "forwards": self._work.forwards,
            "flops": self._work.flops,
            "seconds": round(self._ended_seconds - self._started_seconds, 3),
            "roofline_seconds": find_roofline_seconds(self._work, gpu) if gpu else None,
            "gpu": torch_name,
            "ended": round(time.time(), 3),
        }
        # A text, for of other things ComfyUI thinks that they are files, and counts them.
        return {"talkingshorts_work": [json.dumps(work)]}

    def _estimate(self) -> str:
        sampled = self._done - self._first
        if sampled == 0:
            return f": {self._cost}"
        left_seconds = (time.monotonic() - self._started_seconds) / sampled * (self._windows * self._steps - self._done)
        return f", {format_span(left_seconds)} left"


def _find_gpu() -> tuple[str, int]:
    """Return what torch calls the GPU that ComfyUI computes on, and its bytes; "" and 0 without one."""
    device = get_torch_device()
    if device.type != "cuda":
        return "", 0
    total_bytes: Any = get_total_memory(device)
    return torch.cuda.get_device_name(device), total_bytes
