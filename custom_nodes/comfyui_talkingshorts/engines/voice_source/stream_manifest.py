"""Refuse manifests of streams that unfold into more pieces than any real stream has.

A few bytes of a DASH or Smooth Streaming manifest can stand for a billion pieces, and yt-dlp lists every one.
Import this module only where it is used: it loads yt-dlp.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from yt_dlp.utils import parse_duration

from ...core.errors import SourceError

MAX_PIECES = 500_000  # a day in pieces of 2 s, at eleven qualities


def check_manifest(manifest: Element) -> None:
    """Raise SourceError when the manifest stands for too many pieces, or for endless names of pieces."""
    qualities = sum(_tag(element) in ("Representation", "QualityLevel") for element in manifest.iter())
    if max(1, qualities) * sum(_list_piece_counts(manifest)) > MAX_PIECES or _has_endless_names(manifest):
        raise SourceError("The stream's manifest lists more pieces than any real stream has. Give another source.")


def _list_piece_counts(manifest: Element) -> Iterator[float]:
    """Yield how many pieces each part of the manifest stands for."""
    seconds = max((_read_seconds(element) for element in manifest.iter()), default=0.0)
    timescales = [_read_number(element, "timescale") for element in manifest.iter()]
    for element in manifest.iter():
        yield max(0.0, _read_number(element, "r"))
        piece_ticks = _read_number(element, "duration") if _tag(element).startswith("Segment") else 0.0
        if piece_ticks > 0:
            yield seconds * (_read_number(element, "timescale") or max(*timescales, 1.0)) / piece_ticks


def _read_seconds(element: Element) -> float:
    """Return how long an MPD or one of its periods says that it lasts."""
    if _tag(element) not in ("MPD", "Period"):
        return 0.0
    return parse_duration(element.get("mediaPresentationDuration") or element.get("duration")) or 0.0


def _read_number(element: Element, attribute: str) -> float:
    try:
        number = float(element.get(attribute) or 0)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def _has_endless_names(manifest: Element) -> bool:
    """Return whether a name of a piece pads its number to hundreds of digits."""
    names = (element.get(attribute) or "" for element in manifest.iter() for attribute in ("media", "initialization"))
    return any(re.search(r"%[^d$]*\d{3}", name) for name in names)


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
