"""Several downloads of model files at once, shown as one, and the disk space that they need."""

from __future__ import annotations

import queue
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..display.events import Event, ModelFailed, ModelReady, ModelsProgress
from ..display.terminal import format_size
from ..errors import CancelledError, RunnerError, UsageError
from ..shipped.models import ModelFile
from .download import Downloader
from .files import LocalModel, find_size, nearest_folder, part_path

SHOW_SECONDS = 0.5
PACE_SECONDS = 3.0
FAREWELL_SECONDS = 0.5


class Transfers:
    """Several downloads at once. The caller's thread shows how they go, and nothing else."""

    def __init__(self, models: Sequence[LocalModel], jobs: int) -> None:
        self._models = models
        self._jobs = jobs
        self._downloader = Downloader(self._count)
        self._lock = threading.Lock()
        self._done = {model.file: _count_kept(model.path) for model in models}
        self._kept = sum(self._done.values())
        self._started = time.monotonic()
        self._active: dict[ModelFile, None] = {}
        self._waiting: queue.SimpleQueue[LocalModel] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[tuple[LocalModel, ModelReady | Exception]] = queue.SimpleQueue()

    def run(self, show: Callable[[Event], object]) -> list[RunnerError]:
        """Download them all, and return what went wrong; what went well is shown.

        Raises CancelledError on Ctrl-C: what has arrived by then is kept.
        """
        for model in self._models:
            self._waiting.put(model)
        # Daemons, since one that waits for a silent server must not hold the program up after Ctrl-C.
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(min(self._jobs, len(self._models)))]
        try:
            for worker in workers:
                worker.start()
            return self._watch(show)
        except KeyboardInterrupt:
            self._downloader.cancelled.set()
            deadline = time.monotonic() + FAREWELL_SECONDS
            for worker in filter(threading.Thread.is_alive, workers):
                worker.join(max(deadline - time.monotonic(), 0.0))
            message = "Interrupted. What has arrived is kept: the same command goes on from there."
            raise CancelledError(message) from None

    def _work(self) -> None:
        while not self._downloader.cancelled.is_set():
            try:
                model = self._waiting.get_nowait()
            except queue.Empty:
                return
            with self._lock:
                self._active[model.file] = None
            try:
                outcome: ModelReady | Exception = self._downloader.download(model.file, model.path)
            except Exception as error:  # the watching thread raises what is no RunnerError
                outcome = error
            with self._lock:
                del self._active[model.file]
            self._ended.put((model, outcome))

    def _count(self, file: ModelFile, more: int) -> None:
        with self._lock:
            self._done[file] += more

    def _watch(self, show: Callable[[Event], object]) -> list[RunnerError]:
        errors: list[RunnerError] = []
        for _ in self._models:
            model, outcome = self._await_end(show)
            if isinstance(outcome, ModelReady):
                show(outcome)
            elif isinstance(outcome, RunnerError):
                errors.append(outcome)
                show(ModelFailed(model.file.relative_path, str(outcome)))
            else:
                raise outcome
        return errors

    def _await_end(self, show: Callable[[Event], object]) -> tuple[LocalModel, ModelReady | Exception]:
        while True:
            try:
                return self._ended.get(timeout=SHOW_SECONDS)
            except queue.Empty:
                show(self._progress())

    def _progress(self) -> ModelsProgress:
        with self._lock:
            done, files = sum(self._done.values()), tuple(file.relative_path for file in self._active)
        total = sum(model.file.bytes for model in self._models)
        eta_seconds = estimate_seconds_left(done - self._kept, total - self._kept, time.monotonic() - self._started)
        return ModelsProgress("downloaded", files, done, total, eta_seconds)


def require_space(models: Sequence[LocalModel]) -> None:
    """Raise UsageError when what is missing of the files doesn't fit on the disks that they go to."""
    needed: dict[int, int] = {}
    folders: dict[int, Path] = {}
    for model in models:
        folder = nearest_folder(model.path.parent)
        device = folder.stat().st_dev
        folders.setdefault(device, folder)
        needed[device] = needed.get(device, 0) + max(model.file.bytes - _count_kept(model.path), 0)
    for device, folder in folders.items():
        free = shutil.disk_usage(folder).free
        if free < needed[device]:
            raise UsageError(
                f"The disk of {folder} has {format_size(free)} free, "
                f"and {format_size(needed[device])} are still needed. "
                "Free some space, or download to another disk with --to FOLDER."
            )


def estimate_seconds_left(done: int, total: int, seconds: float) -> float | None:
    """Return the time until the end at the pace so far; None while there is none to tell from."""
    return (total - done) * seconds / done if done > 0 and seconds >= PACE_SECONDS else None


def _count_kept(path: Path) -> int:
    return find_size(part_path(path)) or 0
