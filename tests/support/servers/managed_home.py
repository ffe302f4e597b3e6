"""A home folder of the runner for tests, and the ComfyUI that it manages there: on the CPU, in one thread."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from talkingshorts.managed.server import stop_server

from ..tiny.encoders import ENABLING_VARIABLE


@contextlib.contextmanager
def managed_home(home: Path, **variables: str) -> Iterator[Path]:
    """Make `home` the runner's home while this lasts, with no TALKINGSHORTS_ variable but `variables`.

    ComfyUI takes tiny encoders there. The server that was started is stopped at the end.
    """
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("TALKINGSHORTS_")]:
            environment.delenv(name)
        environment.delenv("COLUMNS", raising=False)
        alone = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", ENABLING_VARIABLE: "1"}
        for name, value in {"TALKINGSHORTS_HOME": str(home), **alone, **variables}.items():
            environment.setenv(name, value)
        try:
            yield home
        finally:
            stop_server()
