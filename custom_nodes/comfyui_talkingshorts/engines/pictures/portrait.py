"""Keep the face in the picture: read a user's picture for a short, or cut another one down to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...core.limits import require_size
from ...core.pictures.crop import keeps_in_frame, plan_crop
from ...core.presenter.look_code import read_look
from .face_finder import find_head
from .picture_file import read_picture

NO_HEAD_NOTE = (
    "No face was found in the portrait, so the video shows its middle. If a person is cut off there, stop and use a "
    "picture of one person who faces the camera."
)


def read_portrait(path: Path, width: int, height: int) -> np.ndarray:
    """Return the picture as uint8 RGB [height, width, 3], upright and cropped around the face.

    A picture that already has the wanted size comes back pixel for pixel. Raises InputError for an impossible size,
    and as read_picture.
    """
    require_size(width, height)
    from PIL import Image

    picture = read_picture(path)
    if picture.size == (width, height):
        return np.array(picture)
    head = find_head(np.array(picture))
    box = plan_crop(*picture.size, width, height, head.center if head else None)
    box_edges = (box.left, box.top, box.right, box.bottom)
    return np.array(picture.resize((width, height), Image.Resampling.LANCZOS, box=box_edges, reducing_gap=3.0))


def keep_head(picture: np.ndarray, width: int, height: int) -> tuple[np.ndarray, bool]:
    """Return a picture, uint8 RGB [h, w, 3], of which the middle shows the head, and whether there is one.

    What is cut around its middle to the ratio width:height comes back as it is, unless that would cut the head, or push
    it to the edge: then the part around the head does, of that ratio.
    """
    if read_look(picture):  # a drawn presenter, who stands in the middle
        return picture, True
    head = find_head(picture)
    if head is None:
        return picture, False
    box = plan_crop(picture.shape[1], picture.shape[0], width, height)
    if keeps_in_frame(box, head.center, head.radius):
        return picture, True
    box = plan_crop(picture.shape[1], picture.shape[0], width, height, head.center)
    return picture[box.top : box.bottom, box.left : box.right], True
