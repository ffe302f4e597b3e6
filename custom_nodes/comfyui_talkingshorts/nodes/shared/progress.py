"""Show on the canvas how far an engine is, and heed a stop."""

from __future__ import annotations

from comfy.model_management import throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar

from ...core.progress import OnProgress


def make_progress_bar() -> OnProgress:
    """Return the on_progress of the node that runs: it moves the node's bar, and raises once the graph was stopped."""
    bar = ProgressBar(1)

    def on_progress(done: int, total: int) -> None:
        throw_exception_if_processing_interrupted()
        bar.update_absolute(done, total)

    return on_progress
