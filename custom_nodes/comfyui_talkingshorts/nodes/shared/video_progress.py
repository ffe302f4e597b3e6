"""Show on the canvas how far a long video is, and heed a stop."""

from __future__ import annotations

import time

import torch
from comfy.model_management import throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar
from PIL import Image
from server import PromptServer

from .notes import announce_note

_PREVIEW_PIXELS = 512


class VideoProgress:
    """The watcher of the node that runs: a bar over all steps, a line with the time left, a picture per window."""

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._bar = ProgressBar(1)
        self._windows = self._steps = self._done = self._first = 0
        self._started_seconds = 0.0
        self.note: str | None = None

    def tell(self, note: str) -> None:
        self.note = note
        announce_note(note, self._node_id)

    def begin(self, windows: int, steps: int, finished_windows: int) -> None:
        self._windows, self._steps = windows, steps
        self._done = self._first = finished_windows * steps
        self._started_seconds = time.monotonic()
        self._show()

    def end_step(self) -> None:
        self._done += 1
        self._show()

    def end_window(self, last_frame: torch.Tensor) -> None:
        """Show the last frame, [height, width, 3] float 0..1."""
        throw_exception_if_processing_interrupted()
        pixels = (last_frame * 255).clamp(0, 255).to(torch.uint8).numpy()
        preview = ("JPEG", Image.fromarray(pixels), _PREVIEW_PIXELS)
        self._bar.update_absolute(self._done, self._windows * self._steps, preview)

    def _show(self) -> None:
        throw_exception_if_processing_interrupted()
        self._bar.update_absolute(self._done, self._windows * self._steps)
        window = min(self._done // self._steps + 1, self._windows)
        line = f"Window {window} of {self._windows}, step {self._done % self._steps} of {self._steps}"
        PromptServer.instance.send_progress_text(line + self._estimate(), self._node_id)

    def _estimate(self) -> str:
        sampled = self._done - self._first
        if sampled == 0:
            return ""
        left_seconds = (time.monotonic() - self._started_seconds) / sampled * (self._windows * self._steps - self._done)
        return f", {round(left_seconds / 60)} min left" if left_seconds >= 90 else f", {round(left_seconds)} s left"
