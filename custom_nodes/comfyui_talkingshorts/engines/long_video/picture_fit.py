"""Makes a portrait the size of the video, with the person in it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...core.long_video.size import Size
from ..pictures.backdrop import as_rgb
from ..pictures.portrait import NO_HEAD_NOTE, keep_head
from .inputs import Subject
from .loop import Watcher

# Far beyond it, enlarging all of a sliver of a picture before cropping would fill the memory.
_WIDEST_OVERHANG = 16


def keep_person(subject: Subject, size: Size, watcher: Watcher) -> Subject:
    """Return the subject with a portrait of which fit_picture keeps the head; tell the watcher when no face is found.

    It is the same portrait wherever the official crop keeps the head, so that the official videos stay as they are.
    """
    picture = as_rgb(subject.portrait)
    kept, has_head = keep_head(picture, size.width, size.height)
    if not has_head:
        watcher.tell(NO_HEAD_NOTE)
    return subject if kept is picture else replace(subject, portrait=kept)


def fit_picture(picture: np.ndarray, size: Size) -> np.ndarray:
    """Return a picture, uint8 [height, width, 1, 3 or 4 channels], as uint8 RGB of the given size.

    It is resized to cover the size (bilinear, on uint8: the same in float costs 30 dB of equality with the official
    videos), then cropped around its centre. Transparency is laid on light grey, as in a portrait read from a file.
    Source: resize_and_centercrop in MeiGen-AI/InfiniteTalk, wan/multitalk.py.
    """
    from PIL import Image

    rgb = Image.fromarray(_crop_sliver(as_rgb(picture), size))
    scale = max(size.height / rgb.height, size.width / rgb.width)
    cover = Size(math.ceil(scale * rgb.height), math.ceil(scale * rgb.width))
    resized = np.asarray(rgb.resize((cover.width, cover.height), Image.Resampling.BILINEAR))
    top, left = round((cover.height - size.height) / 2), round((cover.width - size.width) / 2)
    return resized[top : top + size.height, left : left + size.width]


def _crop_sliver(picture: np.ndarray, size: Size) -> np.ndarray:
    """Return a picture over 16 times longer or wider than the size only in its middle, any other as it is."""
    height, width = picture.shape[:2]
    kept_height = min(height, math.ceil(_WIDEST_OVERHANG * width * size.height / size.width))
    kept_width = min(width, math.ceil(_WIDEST_OVERHANG * height * size.width / size.height))
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return picture[top : top + kept_height, left : left + kept_width]
