"""Files that can't grow, as on a full disk."""

from __future__ import annotations

import contextlib
import resource
import signal
from collections.abc import Iterator

LIMIT_BYTES = 4096


@contextlib.contextmanager
def limit_file_size() -> Iterator[None]:
    """Let no file of this process pass 4 KiB within the block."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
