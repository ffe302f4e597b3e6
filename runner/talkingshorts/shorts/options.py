"""What a person or a program says about a short that is to be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..jobs.options import Setting

SHORT_OUTPUT = "out/short.mp4"
LANDSCAPE_SIZE = (832, 480)
"""The pixels of a short that isn't upright."""


@dataclass(frozen=True)
class MakeOptions:
    """A short: what is said in whose voice, who is seen, and how well it is made.

    `script` is the text itself; `voice` a URL or a local file, from `start_seconds` on for `duration_seconds`;
    `portrait` a local file. `settings` set further inputs of the graph that makes the short. A quality of None is the
    best that can be had, a size is width and height in pixels.
    """

    script: str
    voice: str | None = None
    start_seconds: float | None = None
    duration_seconds: float = 30.0
    voice_rights: bool = False
    portrait: str | None = None
    portrait_prompt: str | None = None
    quality: str | None = None
    size: tuple[int, int] | None = None
    target_seconds: float | None = None
    seed: int = 42
    settings: Sequence[Setting] = ()
    output: str = SHORT_OUTPUT
