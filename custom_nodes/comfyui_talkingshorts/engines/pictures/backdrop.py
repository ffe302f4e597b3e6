"""The light grey that shows through what is transparent in a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

BACKDROP_RGB = (235, 235, 235)


def lay_on_backdrop(picture: Image.Image) -> Image.Image:
    """Return a picture that has transparency in RGB, laid on the backdrop."""
    from PIL import Image

    backdrop = Image.new("RGBA", picture.size, (*BACKDROP_RGB, 255))
    return Image.alpha_composite(backdrop, picture.convert("RGBA")).convert("RGB")


def as_rgb(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 [height, width, 1, 3 or 4 channels] as RGB: grey widened, transparency laid on the backdrop."""
    from PIL import Image

    channels = pixels.shape[-1]
    if channels == 4:
        return np.asarray(lay_on_backdrop(Image.fromarray(pixels)))
    return pixels if channels == 3 else np.repeat(pixels[..., :1], 3, axis=-1)
