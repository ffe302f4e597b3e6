"""Read a user's picture and fit it to the size of the short."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import PictureError
from ...core.limits import require_size
from ...core.pictures.crop import plan_crop
from .backdrop import lay_on_backdrop
from .face_finder import find_face

if TYPE_CHECKING:
    from PIL import Image


def read_portrait(path: Path, width: int, height: int) -> np.ndarray:
    """Return the picture as uint8 RGB [height, width, 3], upright and cropped around the face.

    Transparency is laid on light grey; of an animated picture the first frame counts. A picture that already has the
    wanted size comes back pixel for pixel. Raises PictureError when the file isn't a picture, InputError for an
    impossible size.
    """
    require_size(width, height)
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as file:
            picture = _as_rgb(ImageOps.exif_transpose(file))
    except Image.DecompressionBombError as error:
        raise PictureError(
            f"The picture {path.name} is too large: {str(error).rstrip('.')}. Scale it down and try again."
        ) from error
    except UnidentifiedImageError as error:
        raise PictureError(f"The file {path.name} is no picture. Use a PNG, JPEG or WebP file.") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise PictureError(
            f"The picture {path.name} can't be read: {error}. Use a complete PNG, JPEG or WebP file."
        ) from error
    if picture.size == (width, height):
        return np.array(picture)
    face = find_face(np.array(picture))
    box = plan_crop(*picture.size, width, height, face.center if face else None)
    box_edges = (box.left, box.top, box.right, box.bottom)
    return np.array(picture.resize((width, height), Image.Resampling.LANCZOS, box=box_edges, reducing_gap=3.0))


def _as_rgb(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB: 16-bit grey scaled to 8 bits, transparency laid on the backdrop."""
    from PIL import Image

    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture, np.uint32) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        return lay_on_backdrop(picture)
    return picture.convert("RGB")
