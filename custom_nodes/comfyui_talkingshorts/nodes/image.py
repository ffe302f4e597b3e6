"""Convert between ComfyUI's IMAGE and the engines' pictures."""

from __future__ import annotations

import numpy as np
import torch


def picture_from_image(image: torch.Tensor) -> np.ndarray:
    """Return the first picture of an IMAGE ([batch, height, width, channels] float 0..1, any device) as uint8."""
    return (image[0].detach().cpu().float() * 255).round().clamp(0, 255).to(torch.uint8).numpy()


def image_from_picture(picture: np.ndarray) -> torch.Tensor:
    """Return a picture, uint8 [height, width, channels], as an IMAGE of one, [1, height, width, channels] float32."""
    return torch.from_numpy(picture.astype(np.float32) / 255)[None]
