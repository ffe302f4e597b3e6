"""What a person or a program says about a job that is to run, before anybody has looked at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RUN_OUTPUT = "out/{workflow}-{id}{ext}"

Setting = tuple[str, str]
"""The address of an input, and the text to set it to, just as it stands."""


@dataclass(frozen=True)
class RunOptions:
    """A workflow to run, what to set its inputs to, the files to upload for inputs, and where its results go."""

    workflow: Path
    settings: Sequence[Setting] = ()
    files: Sequence[tuple[str, Path]] = ()
    output: str = RUN_OUTPUT
