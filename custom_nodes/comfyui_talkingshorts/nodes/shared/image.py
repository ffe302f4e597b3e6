"""Convert between ComfyUI's IMAGE and the engines' pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...core.errors import InputError


def picture_from_image(image: Any) -> np.ndarray:
    """Return the first picture of an IMAGE ([batch, height, width, channels] float 0..1, any device) as uint8.

    Raises InputError when there is none, or when it holds pixels that are not finite.
    """
    pixels = require_image(image)[0].detach().cpu().float()
    if not torch.isfinite(pixels).all():
        raise InputError("The picture holds pixels that are not numbers (NaN or infinite). Make it again.")
    return (pixels * 255).round().clamp(0, 255).to(torch.uint8).numpy()


def image_from_picture(picture: np.ndarray) -> torch.Tensor:
    """Return a picture, uint8 [height, width, channels], as an IMAGE of one, [1, height, width, channels] float32."""
    return torch.from_numpy(picture.astype(np.float32) / 255)[None]


def require_image(image: Any) -> torch.Tensor:
    """Return the IMAGE as it is. Raises InputError when it is none: ComfyUI passes on whatever isn't linked."""
    if not isinstance(image, torch.Tensor) or image.ndim != 4 or image.numel() == 0:
        raise InputError("There is no picture. Connect a node that gives an image.")
    return image
