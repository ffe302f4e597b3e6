"""The service's log on stderr: a line an event, for people or, as JSON, for programs.

It holds ids, names of keys, and what became of jobs and requests: never a script, a query, a header, or a key.
"""

from __future__ import annotations

import sys

import structlog
from structlog.types import FilteringBoundLogger

Log = FilteringBoundLogger


def open_log(is_json: bool) -> Log:
    """Return the log."""
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False) if is_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    return structlog.get_logger()
