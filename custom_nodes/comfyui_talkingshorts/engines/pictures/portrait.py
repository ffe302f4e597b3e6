"""Read a user's picture and fit it to the size of the short."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...core.limits import require_size
from ...core.pictures.crop import plan_crop
from .face_finder import find_face
from .picture_file import read_picture


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
    face = find_face(np.array(picture))
    box = plan_crop(*picture.size, width, height, face.center if face else None)
    box_edges = (box.left, box.top, box.right, box.bottom)
    return np.array(picture.resize((width, height), Image.Resampling.LANCZOS, box=box_edges, reducing_gap=3.0))
