"""Save a portrait without loss, as PNG that is marked as AI-generated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ...core.errors import PictureError
from ...core.version import PACK_VERSION
from ..files.whole import hash_file, replacing
from .ai_mark import collect_tags

_SYNTHETIC = "the person is"


@dataclass(frozen=True)
class PortraitReport:
    """What was saved."""

    file: str
    width: int
    height: int
    bytes: int
    sha256: str
    pack_version: str = PACK_VERSION


def save_portrait(pixels: np.ndarray, path: Path, metadata: Mapping[str, Any]) -> PortraitReport:
    """Save uint8 [height, width, 1, 3 or 4] under `path` as PNG and return the report.

    `metadata` (name -> JSON-able value) and the AI-generated mark become the file's texts. The file appears under its
    name only when it is complete. Raises PictureError when it can't be written.
    """
    texts = PngInfo()
    for name, text in collect_tags(metadata, _SYNTHETIC).items():
        texts.add_text(name, text)
    try:
        with replacing(path) as partial:
            Image.fromarray(pixels if pixels.shape[2] > 1 else pixels[..., 0]).save(
                partial, format="PNG", pnginfo=texts
            )
            size, sha256 = partial.stat().st_size, hash_file(partial)
    except OSError as error:
        raise PictureError(
            f"The portrait {path.name} can't be saved: {error.strerror or error}. Check the free space and the rights "
            f"of {path.parent}."
        ) from error
    height, width, _ = pixels.shape
    return PortraitReport(path.name, width, height, size, sha256)
