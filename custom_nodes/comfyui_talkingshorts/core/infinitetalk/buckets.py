"""The sizes that InfiniteTalk was trained on, and which of them suits a picture."""

from __future__ import annotations

from typing import Literal, get_args

from ..errors import InputError
from ..limits import require_size
from ..long_video.size import Size

SizeMode = Literal["bucket_480", "bucket_720", "custom"]
SIZE_MODES: tuple[SizeMode, ...] = get_args(SizeMode)

# By height over width, rounded as in the official tables: which bucket is nearest depends on the rounding.
_BUCKETS: dict[str, dict[float, Size]] = {
    "bucket_480": {
        0.26: Size(320, 1216),
        0.38: Size(384, 1024),
        0.50: Size(448, 896),
        0.67: Size(512, 768),
        0.82: Size(576, 704),
        1.00: Size(640, 640),
        1.22: Size(704, 576),
        1.50: Size(768, 512),
        1.86: Size(832, 448),
        2.00: Size(896, 448),
        2.50: Size(960, 384),
        2.83: Size(1088, 384),
        3.60: Size(1152, 320),
        3.80: Size(1216, 320),
        4.00: Size(1280, 320),
    },
    "bucket_720": {
        0.22: Size(448, 2048),
        0.29: Size(512, 1792),
        0.36: Size(576, 1600),
        0.45: Size(640, 1408),
        0.55: Size(704, 1280),
        0.63: Size(768, 1216),
        0.76: Size(832, 1088),
        0.88: Size(896, 1024),
        1.00: Size(960, 960),
        1.14: Size(1024, 896),
        1.31: Size(1088, 832),
        1.50: Size(1152, 768),
        1.58: Size(1216, 768),
        1.82: Size(1280, 704),
        1.91: Size(1344, 704),
        2.20: Size(1408, 640),
        2.30: Size(1472, 640),
        2.67: Size(1536, 576),
        2.89: Size(1664, 576),
        3.62: Size(1856, 512),
        3.75: Size(1920, 512),
    },
}


def choose_bucket(height: int, width: int, size_mode: str) -> Size:
    """Return the bucket whose height over width is nearest to a picture's; of two as near, the wider.

    Source: ASPECT_RATIO_627 and _960 in MeiGen-AI/InfiniteTalk, wan/utils/multitalk_utils.py.
    """
    buckets = _BUCKETS[size_mode]
    return buckets[min(buckets, key=lambda ratio: abs(ratio - height / width))]


def choose_size(size_mode: str, picture: Size, custom: Size) -> Size:
    """Return the size of the video: the picture's bucket, or the custom size as it is.

    Raises InputError for a mode that doesn't exist, or a custom size that require_size refuses.
    """
    if size_mode not in SIZE_MODES:
        raise InputError(f"size_mode is {size_mode}: choose one of {', '.join(SIZE_MODES)}.")
    if size_mode != "custom":
        return choose_bucket(*picture, size_mode)
    require_size(custom.width, custom.height)
    return custom
