"""Compare the model files that are here with what the list says of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ..display.events import Event, ModelsProgress
from ..shipped.models import ModelFile
from .files import LocalModel, hash_file
from .transfers import SHOW_SECONDS, estimate_seconds_left


def find_faults(models: Sequence[LocalModel], show: Callable[[Event], None]) -> dict[ModelFile, str]:
    """Return what is wrong with which files, in words. Reads all of those with a known hash."""
    faults = {model.file: f"{model.status}: {model.bytes} of {model.file.bytes} bytes" for model in models}
    whole = [model for model in models if model.status == "present"]
    check = _Check([model for model in whole if model.file.sha256], show)
    for model in whole:
        faults[model.file] = check.find_fault(model) if model.file.sha256 else ""
    return {file: fault for file, fault in faults.items() if fault}


class _Check:
    """Hashes files, and shows now and then how far it is through all of them."""

    def __init__(self, models: Sequence[LocalModel], show: Callable[[Event], None]) -> None:
        self._total = sum(model.bytes for model in models)
        self._show = show
        self._started = self._shown = time.monotonic()
        self._done = 0

    def find_fault(self, model: LocalModel) -> str:
        """Return how the file differs from the list's; "" when it doesn't."""
        try:
            digest = hash_file(model.path, lambda more: self._count(model.file, more))
        except OSError as error:
            return f"it can't be read: {error.strerror}"
        return "" if digest == model.file.sha256 else f"its sha256 is {digest} instead of {model.file.sha256}"

    def _count(self, file: ModelFile, more: int) -> None:
        self._done += more
        now = time.monotonic()
        if now - self._shown >= SHOW_SECONDS:
            self._shown = now
            eta_seconds = estimate_seconds_left(self._done, self._total, now - self._started)
            self._show(ModelsProgress("checked", (file.relative_path,), self._done, self._total, eta_seconds))
